/* channel_case.h: what the tests of channels that take JSON over HTTP have in common, on top of sink_case.h. */
#ifndef QMON_CHANNEL_CASE_H
#define QMON_CHANNEL_CASE_H

#include <json-c/json.h>

#include "sink_case.h"

struct channel_status {
    const char *script; /* see http_script.h */
    enum qmon_delivery_verdict verdict;
    bool misconfigured;
};

/* Delivers a typical event once for each status and compares; then connections that fail in every manner. */
void channel_judges(struct sink_case *it, const char *sink, const char *const *lines,
                    const struct channel_status *statuses, size_t count);
/* The body of the server's last request, which must be JSON of valid UTF-8. To be put by the caller. */
struct json_object *channel_body(struct sink_case *it);
/* "embeds/0/title"; NULL: not there. Borrowed. */
struct json_object *channel_at(struct json_object *root, const char *path);
const char *channel_text(struct json_object *root, const char *path);

#endif

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <qmon/text.h>

#include "channel_case.h"

static void judge_one(struct sink_case *it, const char *sink, const char *const *lines,
                      const struct channel_status *status, uint64_t timeout_ms) {
    sink_case_begin(it, HTTP_TLS_NONE, status->script);
    sink_case_configure(it, lines);
    cr_assert_eq(sink_case_deliver(it, sink, timeout_ms), status->verdict, "%s: %s", status->script,
                 it->delivery.reason);
    cr_assert_eq(it->delivery.misconfigured, status->misconfigured, "%s", status->script);
    cr_assert_eq(it->delivery.sink_down, status->verdict == QMON_DELIVERY_RETRY, "%s", status->script);
    if (strchr(status->script, ':') && status->script[0] == '4')
        cr_assert_eq(it->delivery.retry_after_ms, 9000, "%s", status->script);
    sink_case_end(it);
}

void channel_judges(struct sink_case *it, const char *sink, const char *const *lines,
                    const struct channel_status *statuses, size_t count) {
    static const struct channel_status always[] = {
        {"400", QMON_DELIVERY_REJECTED, false}, {"413", QMON_DELIVERY_REJECTED, false},
        {"422", QMON_DELIVERY_REJECTED, false}, {"401", QMON_DELIVERY_RETRY, true},
        {"403", QMON_DELIVERY_RETRY, true},     {"404", QMON_DELIVERY_RETRY, true},
        {"307", QMON_DELIVERY_RETRY, true},     {"408", QMON_DELIVERY_RETRY, false},
        {"429:9", QMON_DELIVERY_RETRY, false},  {"500", QMON_DELIVERY_RETRY, false},
        {"503", QMON_DELIVERY_RETRY, false},    {"close", QMON_DELIVERY_RETRY, false},
        {"reset", QMON_DELIVERY_RETRY, false},  {"garbage", QMON_DELIVERY_RETRY, true},
        {"cut", QMON_DELIVERY_SENT, false},     {"huge", QMON_DELIVERY_SENT, false},
    };
    static const struct channel_status hang = {"hang", QMON_DELIVERY_RETRY, false};

    for (size_t i = 0; i < count; i++)
        judge_one(it, sink, lines, &statuses[i], 5000);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        judge_one(it, sink, lines, &always[i], 5000);
    judge_one(it, sink, lines, &hang, 300);
}

struct json_object *channel_body(struct sink_case *it) {
    const struct http_seen *seen = http_server_seen(it->server, http_server_count(it->server) - 1);
    enum json_tokener_error error;
    struct json_object *root;

    for (size_t at = 0, length; at < seen->body_bytes; at += length) {
        uint32_t code;
        length = qmon_utf8_step(seen->body + at, seen->body_bytes - at, &code);
        cr_assert_gt(length, 0, "byte %zu of the body is no UTF-8", at);
    }
    root = json_tokener_parse_verbose(seen->body, &error);
    cr_assert_not_null(root, "%s", json_tokener_error_desc(error));
    return root;
}

struct json_object *channel_at(struct json_object *root, const char *path) {
    char name[64];

    while (root && *path) {
        size_t length = strcspn(path, "/");
        cr_assert_lt(length, sizeof name);
        memcpy(name, path, length);
        name[length] = '\0';
        path += length + (path[length] == '/');
        if (json_object_is_type(root, json_type_array)) {
            root = json_object_array_get_idx(root, (size_t) strtoul(name, NULL, 10));
        } else {
            struct json_object *next = NULL;
            json_object_object_get_ex(root, name, &next);
            root = next;
        }
    }
    return root;
}

const char *channel_text(struct json_object *root, const char *path) {
    struct json_object *value = channel_at(root, path);

    cr_assert(json_object_is_type(value, json_type_string), "no text at %s of %s", path,
              json_object_to_json_string(root));
    return json_object_get_string(value);
}

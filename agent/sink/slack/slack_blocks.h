/* slack_blocks.h: a message of Block Kit under construction. Failure (out of memory) is sticky. Private to slack*.c. */
#ifndef QMON_SLACK_BLOCKS_H
#define QMON_SLACK_BLOCKS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

enum qmon__slack_type { QMON__SLACK_PLAIN, QMON__SLACK_MRKDWN };

struct qmon__slack_message {
    struct json_object *root;
    struct json_object *blocks; /* borrowed from root; NULL in a message without any */
    bool failed;
    uint64_t times,
        last_ns; /* of a message brought up to date: how often by now, and when last; 0: it is as it was sent */
};

/* Texts are escaped already and within their limits; an empty one adds nothing. */
void qmon__slack_member(struct qmon__slack_message *message, const char *name, const char *value);
void qmon__slack_switch(struct qmon__slack_message *message, const char *name, bool value);
void qmon__slack_header(struct qmon__slack_message *message, const char *text);
void qmon__slack_section(struct qmon__slack_message *message, enum qmon__slack_type type, const char *text);

/* A list within a block: begun empty, filled, and added as a block of that type when anything is in it. */
struct json_object *qmon__slack_list(struct qmon__slack_message *message);
void qmon__slack_list_add(struct qmon__slack_message *message, struct json_object *list, enum qmon__slack_type type,
                          const char *text);
void qmon__slack_fields(struct qmon__slack_message *message, struct json_object *list);
void qmon__slack_context(struct qmon__slack_message *message, struct json_object *list);

#endif

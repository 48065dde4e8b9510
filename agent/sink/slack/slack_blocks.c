/* slack_blocks.c: see slack_blocks.h. */
#include "slack_blocks.h"

static void put(struct qmon__slack_message *message, struct json_object *object, const char *name,
                struct json_object *value) {
    if (!object || !value || json_object_object_add(object, name, value) != 0) {
        json_object_put(value);
        message->failed = true;
    }
}

void qmon__slack_member(struct qmon__slack_message *message, const char *name, const char *value) {
    put(message, message->root, name, json_object_new_string(value));
}

void qmon__slack_switch(struct qmon__slack_message *message, const char *name, bool value) {
    put(message, message->root, name, json_object_new_boolean(value));
}

static struct json_object *text_object(struct qmon__slack_message *message, enum qmon__slack_type type,
                                       const char *text) {
    struct json_object *object = json_object_new_object();

    put(message, object, "type", json_object_new_string(type == QMON__SLACK_PLAIN ? "plain_text" : "mrkdwn"));
    put(message, object, "text", json_object_new_string(text));
    if (type == QMON__SLACK_PLAIN)
        put(message, object, "emoji", json_object_new_boolean(false)); /* ":x:" in a text from outside stays that */
    else
        put(message, object, "verbatim", json_object_new_boolean(true)); /* no links made of what looks like one */
    return object;
}

static void add_block(struct qmon__slack_message *message, const char *type, const char *member,
                      struct json_object *content) {
    struct json_object *block = json_object_new_object();

    put(message, block, "type", json_object_new_string(type));
    put(message, block, member, content);
    if (!block || !message->blocks || json_object_array_add(message->blocks, block) != 0) {
        json_object_put(block);
        message->failed = true;
    }
}

void qmon__slack_header(struct qmon__slack_message *message, const char *text) {
    if (text[0])
        add_block(message, "header", "text", text_object(message, QMON__SLACK_PLAIN, text));
}

void qmon__slack_section(struct qmon__slack_message *message, enum qmon__slack_type type, const char *text) {
    if (text[0])
        add_block(message, "section", "text", text_object(message, type, text));
}

struct json_object *qmon__slack_list(struct qmon__slack_message *message) {
    struct json_object *list = json_object_new_array();

    if (!list)
        message->failed = true;
    return list;
}

void qmon__slack_list_add(struct qmon__slack_message *message, struct json_object *list, enum qmon__slack_type type,
                          const char *text) {
    if (!text[0] || !list)
        return;
    struct json_object *object = text_object(message, type, text);
    if (json_object_array_add(list, object) != 0) {
        json_object_put(object);
        message->failed = true;
    }
}

static void add_list(struct qmon__slack_message *message, const char *type, const char *member,
                     struct json_object *list) {
    if (list && json_object_array_length(list) > 0)
        add_block(message, type, member, list);
    else
        json_object_put(list);
}

void qmon__slack_fields(struct qmon__slack_message *message, struct json_object *list) {
    add_list(message, "section", "fields", list);
}

void qmon__slack_context(struct qmon__slack_message *message, struct json_object *list) {
    add_list(message, "context", "elements", list);
}

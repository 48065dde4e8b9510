/*
 * chat.c: alerts in Mattermost and Rocket.Chat, by incoming webhooks of the Slack-compatible kind: a text and one attachment,
 * which both understand, and no blocks, which neither does. Text from outside stands in code, where both interpret nothing
 * and nobody is mentioned.
 */
#include <stdio.h>
#include <string.h>

#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "slack_render.h"
#include "words.h"

#define TITLE_BYTES 300u
#define WHAT_BYTES 1000u
#define TRACE_BYTES 3500u /* Mattermost: 16,383 characters in all, Rocket.Chat by default 5,000 */
#define FIELD_BYTES 250u

/* Text from outside between two marks of code; the backtick, which would end it, becomes a look-alike (U+02CB). */
static void quote(const char *words, const char *mark, char *ret_text, size_t bytes) {
    struct qmon_text text;

    qmon_text_begin(&text, ret_text, bytes - strlen(mark));
    qmon_text_add(&text, mark);
    for (size_t left = strlen(words), length; left > 0 && !text.cut; words += length, left -= length) {
        char one[5] = {0};
        uint32_t code = 0;
        length = qmon_utf8_step(words, left, &code);
        length = length ? length : 1;
        memcpy(one, words, length);
        qmon_text_add(&text, code == '`' ? "\xcb\x8b" : one);
    }
    text.size = bytes;
    text.cut = false;
    qmon_text_add(&text, mark);
}

static void add_fields(struct qmon__json *json, struct json_object *attachment, const struct qmon_event *event) {
    struct json_object *fields = qmon__json_array(json, attachment, "fields");
    char line[FIELD_BYTES], value[FIELD_BYTES * 2];
    struct qmon__facts facts;

    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++) {
        struct json_object *field = qmon__json_object(json, fields, NULL);
        qmon__words_line(facts.items[i].value, line, sizeof line);
        quote(line, "`", value, sizeof value);
        qmon__json_text(json, field, "title", facts.items[i].label);
        qmon__json_text(json, field, "value", value);
        qmon__json_switch(json, field, "short", strlen(line) < 40);
    }
}

static void add_text(struct qmon__json *json, struct json_object *attachment, const struct qmon_event *event) {
    char what[WHAT_BYTES], trace[TRACE_BYTES], quoted[2 * TRACE_BYTES];
    char whole[2 * WHAT_BYTES + sizeof quoted];
    struct qmon_text text;

    qmon_text_begin(&text, whole, sizeof whole);
    qmon__words_what(event, what, sizeof what);
    qmon__words_trace(event, 24, trace, sizeof trace);
    if (what[0]) {
        quote(what, "\n```\n", quoted, 2 * WHAT_BYTES);
        qmon_text_add(&text, quoted);
    }
    if (trace[0]) {
        quote(trace, "\n```\n", quoted, sizeof quoted);
        qmon_text_add(&text, quoted);
    }
    qmon__json_text(json, attachment, "text", whole);
}

static void render(struct qmon__json *json, const struct qmon_event *event) {
    static const char *const colours[4] = {"#3498db", "#f1c40f", "#e67e22", "#e74c3c"};
    char title[TITLE_BYTES], quoted[2 * TITLE_BYTES], line[2 * TITLE_BYTES + 16];

    qmon__json_begin(json);
    qmon__words_title(event, true, title, sizeof title);
    quote(title, "`", quoted, sizeof quoted);
    snprintf(line, sizeof line, "%s %s", qmon__slack_emoji(event), quoted);
    qmon__json_text(json, json->root, "text", line);
    struct json_object *attachment = qmon__json_object(json, qmon__json_array(json, json->root, "attachments"), NULL);
    qmon__json_text(json, attachment, "color", qmon__words_severity(event, colours));
    qmon__json_text(json, attachment, "fallback", line);
    add_text(json, attachment, event);
    add_fields(json, attachment, event);
}

/* Rocket.Chat may say 200 and no: {"success": false, "error": "..."}. */
static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    struct json_object *root = response->body ? json_tokener_parse(response->body) : NULL, *value = NULL;

    if (delivery->verdict == QMON_DELIVERY_SENT && json_object_object_get_ex(root, "success", &value) &&
        !json_object_get_boolean(value))
        qmon__post_refuse(delivery, "refused", "the webhook does not take the message: see the server's log");
    json_object_put(root);
}

static void deliver(const struct qmon_sink_context *context, const char *url, const struct qmon_event *event,
                    struct qmon_delivery *ret_delivery) {
    struct qmon__post post = {.url = url, .event = event};
    struct qmon__http_response response;
    struct qmon__json document;

    render(&document, event);
    qmon__post_json(context, &post, &document, &response, ret_delivery);
    read_answer(&response, ret_delivery);
    qmon__http_clear(&response);
    qmon__json_end(&document);
}

static bool mattermost_configured(const struct qmon_config *config) {
    return config->mattermost_webhook_url && config->mattermost_webhook_url[0];
}

static uint64_t mattermost_destination(const struct qmon_config *config) {
    return qmon__destination("chat", config->mattermost_webhook_url);
}

static void mattermost_deliver(const struct qmon_sink_context *context, const struct qmon_event *event,
                               const char *json, struct qmon_delivery *ret_delivery) {
    (void) json;
    deliver(context, context->config->mattermost_webhook_url, event, ret_delivery);
}

static bool mattermost_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__post_knock(context, context->config->mattermost_webhook_url, reason, reason_bytes);
}

const struct qmon_sink qmon__sink_mattermost = {
    .name = "mattermost",
    .summary = "alerts in a Mattermost channel, by incoming webhook",
    .configured = mattermost_configured,
    .destination = mattermost_destination,
    .deliver = mattermost_deliver,
    .check = mattermost_check,
};

static bool rocketchat_configured(const struct qmon_config *config) {
    return config->rocketchat_webhook_url && config->rocketchat_webhook_url[0];
}

static uint64_t rocketchat_destination(const struct qmon_config *config) {
    return qmon__destination("chat", config->rocketchat_webhook_url);
}

static void rocketchat_deliver(const struct qmon_sink_context *context, const struct qmon_event *event,
                               const char *json, struct qmon_delivery *ret_delivery) {
    (void) json;
    deliver(context, context->config->rocketchat_webhook_url, event, ret_delivery);
}

static bool rocketchat_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__post_knock(context, context->config->rocketchat_webhook_url, reason, reason_bytes);
}

const struct qmon_sink qmon__sink_rocketchat = {
    .name = "rocketchat",
    .summary = "alerts in a Rocket.Chat channel, by incoming webhook",
    .configured = rocketchat_configured,
    .destination = rocketchat_destination,
    .deliver = rocketchat_deliver,
    .check = rocketchat_check,
};

/*
 * teams.c: alerts in Microsoft Teams, by the address of a workflow ("when a Teams webhook request is received"), as an Adaptive
 * Card. Text from outside stands in text runs only, where Teams interprets nothing. A card of more than 28 KB is refused; ours
 * stays below 20.
 */
#include <string.h>

#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define TITLE_BYTES 300u
#define WHAT_BYTES 1500u
#define TRACE_BYTES 5000u
#define TRACE_ROWS 24u
#define VALUE_BYTES 250u

static bool teams_configured(const struct qmon_config *config) {
    return config->teams_webhook_url && config->teams_webhook_url[0];
}

static uint64_t teams_destination(const struct qmon_config *config) {
    return qmon__destination("teams", config->teams_webhook_url);
}

static struct json_object *add_block(struct qmon__json *json, struct json_object *body, const char *spacing) {
    struct json_object *block = qmon__json_object(json, body, NULL);

    qmon__json_text(json, block, "type", "RichTextBlock");
    qmon__json_text(json, block, "spacing", spacing);
    return qmon__json_array(json, block, "inlines");
}

static struct json_object *add_run(struct qmon__json *json, struct json_object *inlines, const char *text) {
    struct json_object *run = qmon__json_object(json, inlines, NULL);

    qmon__json_text(json, run, "type", "TextRun");
    qmon__json_text(json, run, "text", text);
    return run;
}

static void add_title(struct qmon__json *json, struct json_object *body, const struct qmon_event *event) {
    static const char *const colours[4] = {"accent", "warning", "attention", "attention"};
    char title[TITLE_BYTES];

    qmon__words_title(event, true, title, sizeof title);
    struct json_object *run = add_run(json, add_block(json, body, NULL), title);
    qmon__json_text(json, run, "weight", "bolder");
    qmon__json_text(json, run, "size", "large");
    qmon__json_text(json, run, "color", qmon__words_severity(event, colours));
}

/* A block for each line: a run has no line breaks of its own. `text` is taken apart. */
static void add_lines(struct qmon__json *json, struct json_object *body, char *text, bool code) {
    const char *spacing = "medium";
    char *rest = text, *line;

    while ((line = strsep(&rest, "\n"))) {
        if (!line[0])
            continue;
        struct json_object *run = add_run(json, add_block(json, body, spacing), line);
        if (code) {
            qmon__json_text(json, run, "fontType", "monospace");
            qmon__json_text(json, run, "size", "small");
        }
        spacing = "none";
    }
}

static void add_facts(struct qmon__json *json, struct json_object *body, const struct qmon_event *event) {
    struct qmon__facts facts;
    char text[VALUE_BYTES];

    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++) {
        struct json_object *inlines = add_block(json, body, i == 0 ? "medium" : "none");
        struct json_object *label = add_run(json, inlines, facts.items[i].label);
        qmon__json_text(json, label, "weight", "bolder");
        qmon__words_line(facts.items[i].value, text, sizeof text);
        add_run(json, inlines, "  ");
        add_run(json, inlines, text);
    }
}

static void render(struct qmon__json *json, const struct qmon_event *event) {
    char text[TRACE_BYTES];

    qmon__json_begin(json);
    qmon__json_text(json, json->root, "type", "message");
    struct json_object *attachments = qmon__json_array(json, json->root, "attachments");
    struct json_object *attachment = qmon__json_object(json, attachments, NULL);
    qmon__json_text(json, attachment, "contentType", "application/vnd.microsoft.card.adaptive");
    struct json_object *card = qmon__json_object(json, attachment, "content");
    qmon__json_text(json, card, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    qmon__json_text(json, card, "type", "AdaptiveCard");
    qmon__json_text(json, card, "version", "1.4");
    qmon__json_text(json, qmon__json_object(json, card, "msteams"), "width", "Full");
    qmon__words_title(event, true, text, TITLE_BYTES);
    qmon__json_text(json, card, "fallbackText", text);
    struct json_object *body = qmon__json_array(json, card, "body");
    add_title(json, body, event);
    qmon__words_what(event, text, WHAT_BYTES);
    add_lines(json, body, text, false);
    add_facts(json, body, event);
    qmon__words_trace(event, TRACE_ROWS, text, sizeof text);
    add_lines(json, body, text, true);
}

/* The older connectors say 200 and tell the failure in words, with the status that was behind it. */
static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    static const char failed[] = "Webhook message delivery failed";

    if (delivery->verdict != QMON_DELIVERY_SENT || !response->body ||
        strncmp(response->body, failed, sizeof failed - 1) != 0)
        return;
    bool busy = strstr(response->body, "429") != NULL;
    qmon__post_refuse(delivery, busy ? "teams-429" : "teams",
                      busy ? "Teams wants fewer messages" : "the connector could not deliver to Teams");
    delivery->misconfigured = !busy;
}

static void teams_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                          struct qmon_delivery *ret_delivery) {
    struct qmon__post post = {.url = context->config->teams_webhook_url, .event = event};
    struct qmon__http_response response;
    struct qmon__json document;

    (void) json;
    render(&document, event);
    qmon__post_json(context, &post, &document, &response, ret_delivery);
    read_answer(&response, ret_delivery);
    qmon__http_clear(&response);
    qmon__json_end(&document);
}

static bool teams_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__post_knock(context, context->config->teams_webhook_url, reason, reason_bytes);
}

const struct qmon_sink qmon__sink_teams = {
    .name = "teams",
    .summary = "alerts in Microsoft Teams, by a workflow's address",
    .configured = teams_configured,
    .destination = teams_destination,
    .deliver = teams_deliver,
    .check = teams_check,
};

/*
 * opsgenie.c: alerts in Opsgenie, by its Alert API. The fingerprint is the alias: repeats, and attempts that got through without
 * our knowing, count up the alert that is open; it is closed when the problem comes no more. Starts and stops wake nobody.
 */
#include <stdio.h>
#include <string.h>

#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define MESSAGE_BYTES 131u /* Opsgenie's limits, in characters; ours count bytes, which are never fewer */
#define DESCRIPTION_BYTES 12000u
#define TAG_BYTES 50u
#define SOURCE_BYTES 100u
#define ENTITY_BYTES 400u
#define DETAIL_BYTES 400u /* of at most 16 facts; all details together: 8,000 */
#define URL_BYTES 1024u
#define KEY_BYTES 256u

static bool opsgenie_configured(const struct qmon_config *config) {
    return config->opsgenie_api_key && config->opsgenie_api_key[0];
}

static uint64_t opsgenie_destination(const struct qmon_config *config) {
    return qmon__destination(config->opsgenie_api_url, config->opsgenie_api_key);
}

static bool opsgenie_wants(const struct qmon_config *config, const struct qmon_event *event) {
    return qmon__words_is_problem(event) || qmon__words_may_close(config, event);
}

static void add_line(struct qmon__json *json, struct json_object *object, const char *name, const char *words,
                     size_t most) {
    char line[ENTITY_BYTES];

    qmon__words_line(words, line, most);
    qmon__json_text(json, object, name, line);
}

static void add_tags(struct qmon__json *json, const struct qmon_event *event) {
    struct json_object *tags = qmon__json_array(json, json->root, "tags");
    const char *const words[] = {"qmon", qmon_kind_name(event->kind), event->code, event->service.name,
                                 event->service.stage};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        add_line(json, tags, NULL, words[i], TAG_BYTES);
}

static void render_close(struct qmon__json *json, const struct qmon_event *event) {
    qmon__json_begin(json);
    add_line(json, json->root, "source", event->host.name ? event->host.name : "qmon", SOURCE_BYTES);
    add_line(json, json->root, "note", event->message, ENTITY_BYTES);
}

/* The key is our own: hexadecimal digits. */
static void path_of(const struct qmon_event *event, char *ret_path, size_t bytes) {
    if (qmon__words_is_resolved(event))
        snprintf(ret_path, bytes, "v2/alerts/%.64s/close?identifierType=alias", qmon__words_key(event));
    else
        snprintf(ret_path, bytes, "v2/alerts");
}

static void render(struct qmon__json *json, const struct qmon_event *event) {
    static const char *const priorities[4] = {"P5", "P3", "P2", "P1"};
    char text[DESCRIPTION_BYTES], trace[DESCRIPTION_BYTES - 3100];
    struct qmon__facts facts;
    struct qmon_text whole;

    qmon__json_begin(json);
    qmon__words_title(event, true, text, MESSAGE_BYTES);
    qmon__json_text(json, json->root, "message", text);
    qmon__json_text(json, json->root, "alias", qmon__words_key(event));
    qmon__words_what(event, text, 3000);
    qmon_text_begin(&whole, text, sizeof text);
    whole.used = strlen(text);
    qmon__words_trace(event, 60, trace, sizeof trace);
    if (trace[0])
        qmon_text_format(&whole, "%s%s", whole.used ? "\n\n" : "", trace);
    qmon__json_text(json, json->root, "description", text);
    qmon__json_text(json, json->root, "priority", qmon__words_severity(event, priorities));
    add_line(json, json->root, "source", event->host.name ? event->host.name : "qmon", SOURCE_BYTES);
    add_line(json, json->root, "entity", event->service.name, ENTITY_BYTES);
    add_tags(json, event);
    struct json_object *details = qmon__json_object(json, json->root, "details");
    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++)
        add_line(json, details, facts.items[i].label, facts.items[i].value, DETAIL_BYTES);
}

/* Opsgenie answers with a request's id, by which its outcome can be asked for. */
static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    struct json_object *root = response->body ? json_tokener_parse(response->body) : NULL, *value = NULL;

    if (delivery->verdict == QMON_DELIVERY_SENT && json_object_object_get_ex(root, "requestId", &value) &&
        json_object_get_string(value))
        qmon__words_line(json_object_get_string(value), delivery->remote_id, sizeof delivery->remote_id);
    json_object_put(root);
}

/* False: too long. */
static bool prepare(const struct qmon_config *config, const char *path, char *ret_url, char *ret_key) {
    int count = snprintf(ret_key, KEY_BYTES, "GenieKey %s", config->opsgenie_api_key);

    return count > 0 && (size_t) count < KEY_BYTES &&
           qmon__post_url(config->opsgenie_api_url, path, ret_url, URL_BYTES);
}

static void opsgenie_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                             struct qmon_delivery *ret_delivery) {
    char url[URL_BYTES], key[KEY_BYTES], path[128];
    struct qmon__post post = {.url = url, .authorization = key, .event = event};
    struct qmon__http_response response;
    struct qmon__json document;

    (void) json;
    path_of(event, path, sizeof path);
    if (!prepare(context->config, path, url, key)) {
        qmon__post_refuse(ret_delivery, "bad-url", "OPSGENIE_API_URL or OPSGENIE_API_KEY is too long");
        return;
    }
    if (qmon__words_is_resolved(event))
        render_close(&document, event);
    else
        render(&document, event);
    qmon__post_json(context, &post, &document, &response, ret_delivery);
    read_answer(&response, ret_delivery);
    qmon__http_clear(&response);
    qmon__json_end(&document);
}

/* A key that may make alerts need not be one that may read them. */
static bool opsgenie_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    char url[URL_BYTES], key[KEY_BYTES];
    struct qmon__post post = {.url = url, .authorization = key};

    if (!prepare(context->config, "v2/alerts/count", url, key)) {
        snprintf(reason, reason_bytes, "bad-url: OPSGENIE_API_URL or OPSGENIE_API_KEY is too long");
        return false;
    }
    if (qmon__post_probe_as(context, &post, reason, reason_bytes))
        return true;
    if (strncmp(reason, "http-403:", 9) != 0)
        return false;
    snprintf(reason, reason_bytes, "Opsgenie knows the key, which may not read; whether it may alert, --send shows");
    return true;
}

const struct qmon_sink qmon__sink_opsgenie = {
    .name = "opsgenie",
    .summary = "alerts in Opsgenie, by its Alert API",
    .configured = opsgenie_configured,
    .wants = opsgenie_wants,
    .destination = opsgenie_destination,
    .deliver = opsgenie_deliver,
    .check = opsgenie_check,
};

/*
 * pagerduty.c: incidents in PagerDuty, by the Events API v2. The fingerprint is the deduplication key: repeats, and attempts
 * that got through without our knowing, join the incident that is open; it is resolved when the problem comes no more. Starts
 * and stops wake nobody.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define SUMMARY_BYTES 1000u /* PagerDuty: 1,024 */
#define TRACE_BYTES 16000u  /* of an event of at most 512 KB */

static const char *const severities[4] = {"info", "warning", "error", "critical"};

static bool pagerduty_configured(const struct qmon_config *config) {
    return config->pagerduty_routing_key && config->pagerduty_routing_key[0];
}

static uint64_t pagerduty_destination(const struct qmon_config *config) {
    return qmon__destination(config->pagerduty_api_url, config->pagerduty_routing_key);
}

static bool pagerduty_wants(const struct qmon_config *config, const struct qmon_event *event) {
    return qmon__words_is_problem(event) || qmon__words_may_close(config, event);
}

static void add_line(struct qmon__json *json, struct json_object *object, const char *name, const char *words) {
    char line[250];

    qmon__words_line(words, line, sizeof line);
    qmon__json_text(json, object, name, line);
}

static void add_details(struct qmon__json *json, struct json_object *payload, const struct qmon_event *event) {
    struct json_object *details = qmon__json_object(json, payload, "custom_details");
    char text[TRACE_BYTES];
    struct qmon__facts facts;

    qmon__words_what(event, text, 3000);
    qmon__json_text(json, details, "What", text);
    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++)
        qmon__json_text(json, details, facts.items[i].label, facts.items[i].value);
    qmon__words_trace(event, 60, text, sizeof text);
    qmon__json_text(json, details, "Trace", text);
}

static void render(struct qmon__json *json, const struct qmon_config *config, const struct qmon_event *event) {
    char summary[SUMMARY_BYTES], time[32];

    qmon__json_begin(json);
    qmon__json_text(json, json->root, "routing_key", config->pagerduty_routing_key);
    qmon__json_text(json, json->root, "event_action", qmon__words_is_resolved(event) ? "resolve" : "trigger");
    qmon__json_text(json, json->root, "dedup_key", qmon__words_key(event));
    if (qmon__words_is_resolved(event))
        return;
    qmon__json_text(json, json->root, "client", "qmon");
    struct json_object *payload = qmon__json_object(json, json->root, "payload");
    qmon__words_title(event, true, summary, sizeof summary);
    qmon__json_text(json, payload, "summary", summary);
    add_line(json, payload, "source", event->host.name && event->host.name[0] ? event->host.name : "unknown host");
    qmon__json_text(json, payload, "severity", qmon__words_severity(event, severities));
    qmon__words_time(event->time_ns, time, sizeof time);
    qmon__json_text(json, payload, "timestamp", time);
    add_line(json, payload, "component", event->service.name);
    add_line(json, payload, "group", event->service.stage);
    add_line(json, payload, "class", event->code);
    add_details(json, payload, event);
}

/* A bad routing key is answered like a bad event, with 400; the words tell them apart. */
static bool blames_key(const struct qmon__http_response *response) {
    return response->status == 400 && response->body &&
           (strcasestr(response->body, "routing_key") || strcasestr(response->body, "routing key"));
}

static void pagerduty_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                              struct qmon_delivery *ret_delivery) {
    struct qmon__post post = {.url = context->config->pagerduty_api_url, .event = event};
    struct qmon__http_response response;
    struct qmon__json document;

    (void) json;
    render(&document, context->config, event);
    qmon__post_json(context, &post, &document, &response, ret_delivery);
    if (blames_key(&response)) {
        qmon__post_blame_settings(ret_delivery);
        snprintf(ret_delivery->reason, sizeof ret_delivery->reason,
                 "routing-key: PagerDuty does not accept PAGERDUTY_ROUTING_KEY");
    }
    if (ret_delivery->verdict == QMON_DELIVERY_SENT)
        snprintf(ret_delivery->remote_id, sizeof ret_delivery->remote_id, "%s", qmon__words_key(event));
    qmon__http_clear(&response);
    qmon__json_end(&document);
}

static bool pagerduty_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__post_knock(context, context->config->pagerduty_api_url, reason, reason_bytes);
}

const struct qmon_sink qmon__sink_pagerduty = {
    .name = "pagerduty",
    .summary = "incidents in PagerDuty, by the Events API v2",
    .configured = pagerduty_configured,
    .wants = pagerduty_wants,
    .destination = pagerduty_destination,
    .deliver = pagerduty_deliver,
    .check = pagerduty_check,
};

/*
 * alertmanager.c: alerts in Prometheus Alertmanager, by its API v2. Labels say which alert it is, so they hold nothing that
 * differs between repeats of one problem on one host; all else is in annotations. There is no end: a death is a moment, and
 * Alertmanager resolves it by its own resolve_timeout. An attempt that got through unknown to us is the same alert again.
 */
#include <stdio.h>
#include <string.h>

#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define LABEL_BYTES 250u
#define SUMMARY_BYTES 500u
#define TRACE_BYTES 8000u
#define URL_BYTES 1024u

static bool alertmanager_configured(const struct qmon_config *config) {
    return config->alertmanager_url && config->alertmanager_url[0];
}

static uint64_t alertmanager_destination(const struct qmon_config *config) {
    return qmon__destination("alertmanager", config->alertmanager_url);
}

static bool alertmanager_wants(const struct qmon_config *config, const struct qmon_event *event) {
    (void) config;
    return qmon__words_is_problem(event);
}

static void add_label(struct qmon__json *json, struct json_object *labels, const char *name, const char *value) {
    char line[LABEL_BYTES];

    qmon__words_line(value, line, sizeof line);
    qmon__json_text(json, labels, name, line);
}

static void add_labels(struct qmon__json *json, const struct qmon_event *event) {
    static const char *const names[] = {"QmonCrash", "QmonExit", "QmonError", "QmonLifecycle"};
    struct json_object *labels = qmon__json_object(json, json->root, "labels");
    unsigned kind = (unsigned) event->kind;

    qmon__json_text(json, labels, "alertname", names[kind <= QMON_KIND_LIFECYCLE ? kind : QMON_KIND_CRASH]);
    add_label(json, labels, "severity", qmon_severity_name(event->severity));
    add_label(json, labels, "service", event->service.name);
    add_label(json, labels, "stage", event->service.stage);
    add_label(json, labels, "host", event->host.name);
    add_label(json, labels, "code", event->code);
    add_label(json, labels, "fingerprint", qmon__words_key(event));
}

static void add_annotations(struct qmon__json *json, const struct qmon_event *event) {
    struct json_object *annotations = qmon__json_object(json, json->root, "annotations");
    char text[TRACE_BYTES], name[32];
    struct qmon__facts facts;

    qmon__words_title(event, true, text, SUMMARY_BYTES);
    qmon__json_text(json, annotations, "summary", text);
    qmon__words_what(event, text, 3000);
    qmon__json_text(json, annotations, "description", text);
    qmon__words_facts(event, &facts);
    for (size_t i = 0; i < facts.count; i++) {
        snprintf(name, sizeof name, "%s", facts.items[i].label);
        for (char *c = name; *c; c++) /* "How often" as a name of Prometheus: how_often */
            *c = (char) (*c == ' ' ? '_' : *c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        qmon__json_text(json, annotations, name, facts.items[i].value);
    }
    qmon__words_trace(event, 40, text, sizeof text);
    qmon__json_text(json, annotations, "trace", text);
}

static void alertmanager_deliver(const struct qmon_sink_context *context, const struct qmon_event *event,
                                 const char *json, struct qmon_delivery *ret_delivery) {
    struct qmon__http_response response;
    struct qmon__json document;
    char url[URL_BYTES], time[32];
    struct qmon__post post = {.url = url, .event = event, .in_array = true};

    (void) json;
    if (!qmon__post_url(context->config->alertmanager_url, "api/v2/alerts", url, sizeof url)) {
        *ret_delivery = (struct qmon_delivery){.reason = "bad-url: ALERTMANAGER_URL is too long"};
        qmon__post_blame_settings(ret_delivery);
        return;
    }
    qmon__json_begin(&document);
    add_labels(&document, event);
    add_annotations(&document, event);
    qmon__words_time(event->time_ns, time, sizeof time);
    qmon__json_text(&document, document.root, "startsAt", time);
    qmon__post_json(context, &post, &document, &response, ret_delivery);
    qmon__http_clear(&response);
    qmon__json_end(&document);
}

static bool alertmanager_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    char url[URL_BYTES];

    if (qmon__post_url(context->config->alertmanager_url, "api/v2/status", url, sizeof url))
        return qmon__post_probe(context, url, reason, reason_bytes);
    snprintf(reason, reason_bytes, "bad-url: ALERTMANAGER_URL is too long");
    return false;
}

const struct qmon_sink qmon__sink_alertmanager = {
    .name = "alertmanager",
    .summary = "alerts in a Prometheus Alertmanager",
    .configured = alertmanager_configured,
    .wants = alertmanager_wants,
    .destination = alertmanager_destination,
    .deliver = alertmanager_deliver,
    .check = alertmanager_check,
};

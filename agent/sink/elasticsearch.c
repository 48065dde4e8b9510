/*
 * elasticsearch.c: events in Elasticsearch or OpenSearch, by _bulk, one document each with the field names of the Elastic Common
 * Schema. The event's id is the document's id and the document is created, never overwritten: an attempt that got through
 * unknown to us is answered with a conflict, which is a success. A _bulk request answers 200 whatever became of its items;
 * what counts is the item's own status.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic.h"
#include "destination.h"
#include "http_judge.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define URL_BYTES 1024u
#define KEY_BYTES 1400u
#define TRACE_BYTES 16000u
#define INDEX_BYTES 200u

static bool elasticsearch_configured(const struct qmon_config *config) {
    return config->elasticsearch_url && config->elasticsearch_url[0];
}

static uint64_t elasticsearch_destination(const struct qmon_config *config) {
    return qmon__destination(config->elasticsearch_index, config->elasticsearch_url);
}

static void add_event(struct qmon__json *json, const struct qmon_event *event) {
    static const char *const levels[4] = {"info", "warn", "error", "fatal"};
    struct json_object *object = qmon__json_object(json, json->root, "event");
    const char *phase = event->lifecycle.phase ? event->lifecycle.phase : "";
    const char *type = strcmp(phase, "startup") == 0 ? "start" : strcmp(phase, "shutdown") == 0 ? "end" : "info";

    qmon__json_text(json, object, "id", event->id);
    qmon__json_text(json, object, "kind", qmon__words_is_problem(event) ? "alert" : "event");
    qmon__json_text(json, qmon__json_array(json, object, "category"), NULL, "process");
    qmon__json_text(json, qmon__json_array(json, object, "type"), NULL,
                    event->kind == QMON_KIND_LIFECYCLE ? type : "error");
    qmon__json_text(json, object, "module", "qmon");
    qmon__json_text(json, object, "dataset", "qmon.event");
    qmon__json_text(json, object, "action", qmon_kind_name(event->kind));
    qmon__json_text(json, object, "code", event->code);
    qmon__json_text(json, object, "reason", event->cause.detail);
    qmon__json_text(json, qmon__json_object(json, json->root, "log"), "level", qmon__words_severity(event, levels));
}

static void add_error(struct qmon__json *json, const struct qmon_event *event) {
    char trace[TRACE_BYTES];

    if (!qmon__words_is_problem(event))
        return;
    struct json_object *object = qmon__json_object(json, json->root, "error");
    const char *type = event->exception.type;
    qmon__json_text(json, object, "type", type ? type : event->code);
    qmon__json_text(json, object, "code", event->code);
    qmon__json_text(json, object, "message", event->message ? event->message : event->title);
    qmon__words_trace(event, 100, trace, sizeof trace);
    qmon__json_text(json, object, "stack_trace", trace);
}

static void add_process(struct qmon__json *json, const struct qmon_event *event) {
    struct json_object *object = qmon__json_object(json, json->root, "process");
    char time[32];

    if (event->process.pid)
        qmon__json_number(json, object, "pid", event->process.pid);
    if (event->process.parent_pid)
        qmon__json_number(json, qmon__json_object(json, object, "parent"), "pid", event->process.parent_pid);
    qmon__json_text(json, object, "executable", event->process.executable);
    qmon__json_text(json, object, "command_line", event->process.command_line);
    qmon__json_text(json, object, "working_directory", event->process.working_directory);
    if (event->process.start_time_ns) {
        qmon__words_time(event->process.start_time_ns, time, sizeof time);
        qmon__json_text(json, object, "start", time);
    }
    if (event->exit.present)
        qmon__json_number(json, object, "exit_code", event->exit.status);
}

static void add_place(struct qmon__json *json, const struct qmon_event *event) {
    struct json_object *service = qmon__json_object(json, json->root, "service");
    struct json_object *host = qmon__json_object(json, json->root, "host");

    qmon__json_text(json, service, "name", event->service.name);
    qmon__json_text(json, service, "version", event->service.version);
    qmon__json_text(json, service, "environment", event->service.stage);
    if (event->service.instance && event->service.instance[0])
        qmon__json_text(json, qmon__json_object(json, service, "node"), "name", event->service.instance);
    qmon__json_text(json, host, "hostname", event->host.name);
    qmon__json_text(json, host, "architecture", event->host.arch);
    if (event->host.kernel)
        qmon__json_text(json, qmon__json_object(json, host, "os"), "kernel", event->host.kernel);
    if (event->host.container_id)
        qmon__json_text(json, qmon__json_object(json, json->root, "container"), "id", event->host.container_id);
    if (event->report.user_id)
        qmon__json_text(json, qmon__json_object(json, json->root, "user"), "id", event->report.user_id);
    if (event->report.endpoint)
        qmon__json_text(json, qmon__json_object(json, json->root, "url"), "path", event->report.endpoint);
}

/* What the schema has no names for. */
static void add_own(struct qmon__json *json, const struct qmon_event *event) {
    struct json_object *own = qmon__json_object(json, json->root, "qmon");
    struct json_object *occurrences;

    qmon__json_text(json, own, "fingerprint", event->fingerprint);
    qmon__json_text(json, own, "severity", qmon_severity_name(event->severity));
    qmon__json_text(json, own, "cause", event->cause.kind);
    qmon__json_text(json, own, "phase", event->lifecycle.phase);
    qmon__json_text(json, own, "signal", event->signal.number ? event->signal.name : NULL);
    occurrences = qmon__json_object(json, own, "occurrences");
    qmon__json_number(json, occurrences, "total", (int64_t) event->occurrences.total);
    qmon__json_number(json, occurrences, "suppressed", (int64_t) event->occurrences.suppressed);
    if (event->report.extra_count == 0)
        return;
    struct json_object *labels = qmon__json_object(json, json->root, "labels");
    for (size_t i = 0; i < event->report.extra_count && i < 32; i++) {
        char name[64];
        qmon__words_line(event->report.extra[i].key, name, sizeof name);
        for (char *at = name; *at; at++) /* a dot would make an object of it */
            *at = *at == '.' ? '_' : *at;
        if (name[0])
            qmon__json_text(json, labels, name, event->report.extra[i].value);
    }
}

static void render(struct qmon__json *json, const struct qmon_event *event) {
    char time[32], title[500];

    qmon__json_begin(json);
    qmon__words_time(event->time_ns, time, sizeof time);
    qmon__json_text(json, json->root, "@timestamp", time);
    qmon__json_text(json, qmon__json_object(json, json->root, "ecs"), "version", "8.11.0");
    qmon__words_title(event, false, title, sizeof title);
    qmon__json_text(json, json->root, "message", title);
    add_event(json, event);
    add_error(json, event);
    add_process(json, event);
    add_place(json, event);
    add_own(json, event);
}

static char *body_of(const struct qmon__json *json, const struct qmon_event *event) {
    const char *text = json->failed ? NULL : json_object_to_json_string_ext(json->root, JSON_C_TO_STRING_PLAIN);
    char *body = NULL;

    if (!text || asprintf(&body, "{\"create\":{\"_id\":\"%s\"}}\n%s\n", event->id, text) < 0)
        return NULL;
    return body;
}

static void judge_item(int64_t status, const char *type, struct qmon_delivery *delivery) {
    char kind[64];

    if ((status >= 200 && status < 300) || status == 409)
        return;
    qmon__words_line(type ? type : "no reason given", kind, sizeof kind);
    qmon__post_refuse(delivery, "item", "");
    snprintf(delivery->reason, sizeof delivery->reason, "item-%" PRId64 ": the index does not take the document: %s",
             status, kind);
    delivery->misconfigured = status != 429 && status < 500;
    if (status != 400)
        return;
    delivery->verdict = QMON_DELIVERY_REJECTED;
    delivery->misconfigured = delivery->sink_down = false;
}

static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    struct json_object *root, *at = NULL;
    const char *type = NULL;

    if (delivery->verdict != QMON_DELIVERY_SENT)
        return;
    root = response->body ? json_tokener_parse(response->body) : NULL;
    if (!json_object_object_get_ex(root, "items", &at) || !(at = json_object_array_get_idx(at, 0)) ||
        !json_object_object_get_ex(at, "create", &at)) {
        qmon__post_refuse(delivery, "protocol", "the answer is not that of a _bulk request");
    } else {
        struct json_object *status = NULL, *error = NULL;
        json_object_object_get_ex(at, "status", &status);
        if (json_object_object_get_ex(at, "error", &error) && json_object_object_get_ex(error, "type", &error))
            type = json_object_get_string(error);
        judge_item(json_object_get_int64(status), type, delivery);
    }
    json_object_put(root);
}

static bool is_index_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '+';
}

/* Address and authorization; NULL: fine, else what is wrong. */
static const char *prepare(const struct qmon_config *config, const char *path, char *ret_url, char *ret_key) {
    const char *index = config->elasticsearch_index, *key = config->elasticsearch_api_key;
    char whole[INDEX_BYTES + 64];
    size_t i = 0;

    while (is_index_character(index[i]))
        i++;
    if (i == 0 || index[i] || i > INDEX_BYTES)
        return "ELASTICSEARCH_INDEX is not the name of an index";
    snprintf(whole, sizeof whole, path, index);
    if (!qmon__post_url(config->elasticsearch_url, whole, ret_url, URL_BYTES))
        return "ELASTICSEARCH_URL is too long";
    ret_key[0] = '\0';
    if (key[0] && (size_t) snprintf(ret_key, KEY_BYTES, "ApiKey %s", key) >= KEY_BYTES)
        return "ELASTICSEARCH_API_KEY is too long";
    if (!key[0] && !qmon__basic(config->elasticsearch_username, config->elasticsearch_password, ret_key, KEY_BYTES))
        return "ELASTICSEARCH_PASSWORD is too long";
    return NULL;
}

static void elasticsearch_deliver(const struct qmon_sink_context *context, const struct qmon_event *event,
                                  const char *json, struct qmon_delivery *ret_delivery) {
    char url[URL_BYTES], key[KEY_BYTES];
    struct qmon__post post = {.url = url, .authorization = key, .event = event};
    struct qmon__http_response response;
    struct qmon__json document;
    const char *problem = prepare(context->config, "%s/_bulk", url, key);

    (void) json;
    if (problem) {
        qmon__post_refuse(ret_delivery, "bad-url", problem);
        return;
    }
    render(&document, event);
    char *body = body_of(&document, event);
    qmon__json_end(&document);
    post.content_type = "application/x-ndjson";
    qmon__post_text(context, &post, body ? body : "", &response, ret_delivery);
    read_answer(&response, ret_delivery);
    qmon__http_clear(&response);
    free(body);
    explicit_bzero(key, sizeof key);
}

static bool elasticsearch_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    char url[URL_BYTES], key[KEY_BYTES];
    struct qmon__post post = {.url = url, .authorization = key};
    const char *problem = prepare(context->config, "", url, key);

    if (!problem)
        return qmon__post_probe_as(context, &post, reason, reason_bytes);
    snprintf(reason, reason_bytes, "bad-url: %s", problem);
    return false;
}

const struct qmon_sink qmon__sink_elasticsearch = {
    .name = "elasticsearch",
    .summary = "events in Elasticsearch or OpenSearch, by _bulk, with ECS fields",
    .configured = elasticsearch_configured,
    .destination = elasticsearch_destination,
    .deliver = elasticsearch_deliver,
    .check = elasticsearch_check,
};

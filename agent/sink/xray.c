/*
 * xray.c: crashes, errors and exits as faulty segments in AWS X-Ray, with exception and stack. Trace and segment get their ids from
 * the event's, so that an attempt that got through unknown to us is the same segment again.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws_post.h"
#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define MOST_FRAMES 60u /* a document has at most 64 KB */
#define NAME_BYTES 200u
#define NS_IN_S UINT64_C(1000000000)

static bool xray_configured(const struct qmon_config *config) {
    return config->xray;
}

static uint64_t xray_destination(const struct qmon_config *config) {
    (void) config;
    return qmon__destination("xray", "");
}

static bool xray_wants(const struct qmon_config *config, const struct qmon_event *event) {
    (void) config;
    return qmon__words_is_problem(event);
}

/* The last `count` hexadecimal digits of the event's id. */
static void digits_of(const char *id, size_t count, char *ret_digits) {
    size_t at = count;

    memset(ret_digits, '0', count);
    ret_digits[count] = '\0';
    for (size_t i = strlen(id); i > 0 && at > 0; i--)
        if (isxdigit((unsigned char) id[i - 1]))
            ret_digits[--at] = id[i - 1];
}

/* Seconds with what follows the point, exactly: a double has too few digits for nanoseconds. */
static void add_moment(struct qmon__json *json, const char *name, uint64_t time_ns) {
    char text[40];

    snprintf(text, sizeof text, "%" PRIu64 ".%06" PRIu64, time_ns / NS_IN_S, time_ns % NS_IN_S / 1000);
    struct json_object *number = json_object_new_double_s((double) time_ns / 1e9, text);
    if (!number || json_object_object_add(json->root, name, number) != 0)
        json->failed = true;
}

/* What X-Ray takes as a name. */
static void clean_name(const char *words, char ret_name[NAME_BYTES]) {
    qmon__words_line(words && words[0] ? words : "qmon", ret_name, NAME_BYTES);
    for (char *at = ret_name; *at; at++)
        if (!isalnum((unsigned char) *at) && !strchr(" _.:/%&#=+\\-@", *at))
            *at = '_';
}

static void add_line(struct qmon__json *json, struct json_object *object, const char *name, const char *words) {
    char line[400];

    qmon__words_line(words, line, sizeof line);
    qmon__json_text(json, object, name, line);
}

static void add_cause(struct qmon__json *json, const struct qmon_event *event, const char *id) {
    const struct qmon_thread *thread = event->thread_count ? &event->threads[0] : NULL;
    struct json_object *cause = qmon__json_object(json, json->root, "cause");
    struct json_object *exception = qmon__json_object(json, qmon__json_array(json, cause, "exceptions"), NULL);
    struct json_object *stack;

    add_line(json, cause, "working_directory", event->process.working_directory);
    qmon__json_text(json, exception, "id", id);
    add_line(json, exception, "type", event->exception.type ? event->exception.type : event->code);
    add_line(json, exception, "message", event->message ? event->message : event->title);
    if (!thread)
        return;
    stack = qmon__json_array(json, exception, "stack");
    for (size_t i = 0, shown = 0; i < thread->frame_count && shown < MOST_FRAMES; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        if (frame->filtered || frame->role == QMON_ROLE_QMON)
            continue;
        struct json_object *row = qmon__json_object(json, stack, NULL);
        add_line(json, row, "path", frame->file ? frame->file : frame->module);
        qmon__json_number(json, row, "line", frame->line);
        add_line(json, row, "label", frame->function ? frame->function : "?");
        shown++;
    }
}

static void add_annotations(struct qmon__json *json, const struct qmon_event *event) {
    struct json_object *annotations = qmon__json_object(json, json->root, "annotations");

    add_line(json, annotations, "qmon_event_id", event->id);
    add_line(json, annotations, "qmon_fingerprint", event->fingerprint);
    add_line(json, annotations, "qmon_kind", qmon_kind_name(event->kind));
    add_line(json, annotations, "qmon_severity", qmon_severity_name(event->severity));
    add_line(json, annotations, "qmon_code", event->code);
    add_line(json, annotations, "qmon_stage", event->service.stage);
    add_line(json, annotations, "qmon_host", event->host.name);
}

static void render(struct qmon__json *json, const struct qmon_event *event) {
    char name[NAME_BYTES], trace[40], id[17];
    char rest[25];

    qmon__json_begin(json);
    clean_name(event->service.name, name);
    qmon__json_text(json, json->root, "name", name);
    digits_of(event->id, 16, id);
    digits_of(event->id, 24, rest);
    snprintf(trace, sizeof trace, "1-%08" PRIx32 "-%s", (uint32_t) (event->time_ns / NS_IN_S), rest);
    qmon__json_text(json, json->root, "id", id);
    qmon__json_text(json, json->root, "trace_id", trace);
    add_moment(json, "start_time", event->time_ns);
    add_moment(json, "end_time", event->time_ns);
    qmon__json_switch(json, json->root, "fault", true);
    if (event->service.version)
        add_line(json, qmon__json_object(json, json->root, "service"), "version", event->service.version);
    add_cause(json, event, id);
    add_annotations(json, event);
}

static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    struct json_object *root, *list = NULL, *first, *code = NULL;
    char line[100];

    if (delivery->verdict != QMON_DELIVERY_SENT)
        return;
    root = response->body ? json_tokener_parse(response->body) : NULL;
    if (json_object_object_get_ex(root, "UnprocessedTraceSegments", &list) &&
        json_object_is_type(list, json_type_array) && (first = json_object_array_get_idx(list, 0))) {
        json_object_object_get_ex(first, "ErrorCode", &code);
        qmon__words_line(code ? json_object_get_string(code) : "no reason given", line, sizeof line);
        *delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_REJECTED};
        snprintf(delivery->reason, sizeof delivery->reason, "aws-xray-segment: X-Ray refuses the segment: %s", line);
    }
    json_object_put(root);
}

static void xray_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *text,
                         struct qmon_delivery *ret_delivery) {
    struct qmon_aws_request request = {.service = "xray", .endpoint_id = "XRAY", .path = "/TraceSegments"};
    struct qmon__http_response response;
    struct qmon__json segment, json;

    (void) text;
    render(&segment, event);
    qmon__json_begin(&json);
    struct json_object *documents = qmon__json_array(&json, json.root, "TraceSegmentDocuments");
    if (!segment.failed)
        qmon__json_text(&json, documents, NULL, json_object_to_json_string_ext(segment.root, JSON_C_TO_STRING_PLAIN));
    request.content_type = "application/json";
    request.body =
        segment.failed || json.failed ? NULL : json_object_to_json_string_ext(json.root, JSON_C_TO_STRING_PLAIN);
    request.body_bytes = request.body ? strlen(request.body) : 0;
    qmon__aws_post(context, &request, &response, ret_delivery);
    read_answer(&response, ret_delivery);
    qmon__http_clear(&response);
    qmon__json_end(&json);
    qmon__json_end(&segment);
}

static bool xray_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__aws_ready(context, "put trace segments", reason, reason_bytes);
}

const struct qmon_sink qmon__sink_xray = {
    .name = "xray",
    .summary = "crashes and errors as faulty segments in AWS X-Ray",
    .configured = xray_configured,
    .wants = xray_wants,
    .destination = xray_destination,
    .deliver = xray_deliver,
    .check = xray_check,
};

/*
 * cloudwatch_logs.c: events in CloudWatch Logs, as they are, one log event each, in a stream for each host. Group and stream are made
 * where they are not there yet and the credentials allow it.
 */
#include <stdio.h>
#include <string.h>

#include "aws_post.h"
#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define MESSAGE_BYTES 250000u /* of 256 KB, with its overhead */
#define NAME_BYTES 256u
#define SHORT_BYTES 4000u

static bool logs_configured(const struct qmon_config *config) {
    return config->cloudwatch_log_group && config->cloudwatch_log_group[0];
}

static uint64_t logs_destination(const struct qmon_config *config) {
    return qmon__destination("cloudwatch-logs", config->cloudwatch_log_group);
}

/* ':' and '*' are not for names of streams. */
static void stream_of(const struct qmon_config *config, const struct qmon_event *event, char ret_name[NAME_BYTES]) {
    const char *wanted = config->cloudwatch_log_stream, *host = event && event->host.name ? event->host.name : "qmon";

    qmon__words_line(wanted[0] ? wanted : host, ret_name, NAME_BYTES);
    for (char *at = ret_name; *at; at++)
        if (*at == ':' || *at == '*')
            *at = '_';
}

static void call(const struct qmon_sink_context *context, const char *target, struct qmon__json *json,
                 struct qmon__http_response *ret_response, struct qmon_delivery *ret_delivery) {
    struct qmon_aws_request request = {.service = "logs", .endpoint_id = "CLOUDWATCH_LOGS", .path = "/"};

    request.target = target;
    request.content_type = "application/x-amz-json-1.1";
    request.body = json->failed ? NULL : json_object_to_json_string_ext(json->root, JSON_C_TO_STRING_PLAIN);
    *ret_response = (struct qmon__http_response){0};
    if (!request.body) {
        qmon__post_refuse(ret_delivery, "memory", "out of memory");
        ret_delivery->misconfigured = false;
        return;
    }
    request.body_bytes = strlen(request.body);
    qmon__aws_post(context, &request, ret_response, ret_delivery);
}

static bool create(const struct qmon_sink_context *context, const char *target, const char *stream,
                   struct qmon_delivery *ret_delivery) {
    struct qmon__http_response response;
    struct qmon__json json;

    qmon__json_begin(&json);
    qmon__json_text(&json, json.root, "logGroupName", context->config->cloudwatch_log_group);
    qmon__json_text(&json, json.root, "logStreamName", stream);
    call(context, target, &json, &response, ret_delivery);
    bool fine =
        ret_delivery->verdict == QMON_DELIVERY_SENT || qmon__aws_says(&response, "ResourceAlreadyExistsException");
    qmon__http_clear(&response);
    qmon__json_end(&json);
    return fine;
}

/* Too long an event goes without threads and modules: what and where are in its title and message. */
static void render(struct qmon__json *json, const struct qmon_config *config, const struct qmon_event *event,
                   const char *stream, const char *text) {
    char title[SHORT_BYTES];

    qmon__json_begin(json);
    qmon__json_text(json, json->root, "logGroupName", config->cloudwatch_log_group);
    qmon__json_text(json, json->root, "logStreamName", stream);
    struct json_object *entry = qmon__json_object(json, qmon__json_array(json, json->root, "logEvents"), NULL);
    qmon__json_number(json, entry, "timestamp", (int64_t) (event->time_ns / 1000000));
    if (strlen(text) > MESSAGE_BYTES) {
        struct qmon__json brief;
        qmon__json_begin(&brief);
        qmon__json_text(&brief, brief.root, "schema", "qmon.event/1");
        qmon__json_text(&brief, brief.root, "id", event->id);
        qmon__json_text(&brief, brief.root, "kind", qmon_kind_name(event->kind));
        qmon__json_text(&brief, brief.root, "severity", qmon_severity_name(event->severity));
        qmon__words_title(event, true, title, sizeof title);
        qmon__json_text(&brief, brief.root, "title", title);
        qmon__json_text(&brief, brief.root, "fingerprint", event->fingerprint);
        qmon__json_text(&brief, brief.root, "note",
                        "the whole event is too long for CloudWatch Logs; qmon show has it");
        json->failed |= brief.failed;
        if (!brief.failed)
            qmon__json_text(json, entry, "message", json_object_to_json_string_ext(brief.root, JSON_C_TO_STRING_PLAIN));
        qmon__json_end(&brief);
        return;
    }
    qmon__json_text(json, entry, "message", text);
}

static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    if (delivery->verdict != QMON_DELIVERY_SENT || !response->body ||
        !strstr(response->body, "\"rejectedLogEventsInfo\""))
        return;
    *delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_REJECTED};
    snprintf(delivery->reason, sizeof delivery->reason,
             "aws-logs-time: CloudWatch Logs takes no event that is so old or so new");
}

static void logs_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *text,
                         struct qmon_delivery *ret_delivery) {
    struct qmon__http_response response;
    struct qmon__json json;
    char stream[NAME_BYTES];

    stream_of(context->config, event, stream);
    render(&json, context->config, event, stream, text);
    call(context, "Logs_20140328.PutLogEvents", &json, &response, ret_delivery);
    if (qmon__aws_says(&response, "ResourceNotFoundException")) {
        qmon__http_clear(&response);
        if (create(context, "Logs_20140328.CreateLogStream", stream, ret_delivery) ||
            (create(context, "Logs_20140328.CreateLogGroup", NULL, ret_delivery) &&
             create(context, "Logs_20140328.CreateLogStream", stream, ret_delivery)))
            call(context, "Logs_20140328.PutLogEvents", &json, &response, ret_delivery);
    }
    read_answer(&response, ret_delivery);
    qmon__http_clear(&response);
    qmon__json_end(&json);
}

static bool logs_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__aws_ready(context, "write to the log group", reason, reason_bytes);
}

const struct qmon_sink qmon__sink_cloudwatch_logs = {
    .name = "cloudwatch-logs",
    .summary = "events in CloudWatch Logs",
    .configured = logs_configured,
    .destination = logs_destination,
    .deliver = logs_deliver,
    .check = logs_check,
};

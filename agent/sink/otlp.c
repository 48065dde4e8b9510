/*
 * otlp.c: events as log records for an OpenTelemetry collector, by OTLP over HTTP with JSON. OTEL_EXPORTER_OTLP_ENDPOINT and its
 * relatives are not read: they are the program's own, and where its telemetry goes need not be where alerts go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qmon/interchange.h>

#include "destination.h"
#include "header_list.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define URL_BYTES 1024u

static bool otlp_configured(const struct qmon_config *config) {
    return config->otlp_endpoint && config->otlp_endpoint[0];
}

static uint64_t otlp_destination(const struct qmon_config *config) {
    return qmon__destination("otlp", config->otlp_endpoint);
}

/* A base address, or all of it. */
static bool url_of(const char *endpoint, char *ret_url) {
    const char *path = strstr(endpoint, "/v1/logs");

    if (path && !path[8])
        return (size_t) snprintf(ret_url, URL_BYTES, "%s", endpoint) < URL_BYTES;
    return qmon__post_url(endpoint, "v1/logs", ret_url, URL_BYTES);
}

/* A collector may take the request and refuse the record: {"partialSuccess": {"rejectedLogRecords": "1", ...}}. */
static void read_answer(const struct qmon__http_response *response, struct qmon_delivery *delivery) {
    struct json_object *root = response->body ? json_tokener_parse(response->body) : NULL;
    struct json_object *partial = NULL, *count = NULL, *words = NULL;
    char line[150];

    if (delivery->verdict == QMON_DELIVERY_SENT && json_object_object_get_ex(root, "partialSuccess", &partial) &&
        json_object_object_get_ex(partial, "rejectedLogRecords", &count) && json_object_get_int64(count) > 0) {
        json_object_object_get_ex(partial, "errorMessage", &words);
        qmon__words_line(json_object_get_string(words), line, sizeof line);
        *delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_REJECTED};
        snprintf(delivery->reason, sizeof delivery->reason, "otlp-rejected: the collector refused the record: %s",
                 line);
    }
    json_object_put(root);
}

static void send_text(const struct qmon_sink_context *context, const struct qmon_event *event, const char *text,
                      struct qmon_delivery *ret_delivery) {
    struct qmon__http_response response;
    struct qmon__header_list headers;
    char url[URL_BYTES];
    struct qmon__post post = {.url = url, .event = event};
    const char *problem;

    if (!url_of(context->config->otlp_endpoint, url)) {
        qmon__post_refuse(ret_delivery, "bad-url", "QMON_OTLP_ENDPOINT is too long");
        return;
    }
    if (qmon__header_list_begin(context->config->otlp_headers, &headers, &problem)) {
        post.headers = headers.items;
        qmon__post_text(context, &post, text, &response, ret_delivery);
        read_answer(&response, ret_delivery);
        qmon__http_clear(&response);
    } else {
        qmon__post_refuse(ret_delivery, "bad-header", problem);
    }
    qmon__header_list_end(&headers);
}

static void otlp_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                         struct qmon_delivery *ret_delivery) {
    char *text = qmon_otlp_logs(event, (uint64_t) time(NULL) * UINT64_C(1000000000));

    (void) json;
    if (text) {
        send_text(context, event, text, ret_delivery);
    } else {
        qmon__post_refuse(ret_delivery, "memory", "out of memory");
        ret_delivery->misconfigured = false;
    }
    free(text);
}

/* A request with no records is a good one. */
static bool otlp_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct qmon_delivery delivery;
    char host[128];

    send_text(context, NULL, "{\"resourceLogs\":[]}", &delivery);
    qmon__http_host(context->config->otlp_endpoint, host, sizeof host);
    if (delivery.verdict == QMON_DELIVERY_SENT)
        snprintf(reason, reason_bytes, "the collector at %s takes logs (it was sent none)", host);
    else
        snprintf(reason, reason_bytes, "%s", delivery.reason);
    return delivery.verdict == QMON_DELIVERY_SENT;
}

const struct qmon_sink qmon__sink_otlp = {
    .name = "otlp",
    .summary = "events as log records for an OpenTelemetry collector",
    .configured = otlp_configured,
    .destination = otlp_destination,
    .deliver = otlp_deliver,
    .check = otlp_check,
};

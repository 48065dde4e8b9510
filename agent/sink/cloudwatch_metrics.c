/*
 * cloudwatch_metrics.c: how often, as the metric "Events" in CloudWatch: the alert and the repeats that were held back before it,
 * by service, stage, kind and severity. Nothing of an event's text goes there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aws_post.h"
#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define BODY_BYTES 4096u
#define VALUE_BYTES 200u /* of at most 255 characters */

static bool metrics_configured(const struct qmon_config *config) {
    return config->cloudwatch_namespace && config->cloudwatch_namespace[0];
}

static uint64_t metrics_destination(const struct qmon_config *config) {
    return qmon__destination("cloudwatch-metrics", config->cloudwatch_namespace);
}

static void add_encoded(struct qmon_text *form, const char *words) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

    for (; *words; words++) {
        if (strchr(plain, *words))
            qmon_text_format(form, "%c", *words);
        else
            qmon_text_format(form, "%%%02X", (unsigned char) *words);
    }
}

/* ASCII alone is allowed in dimensions; none may be empty. */
static void add_dimension(struct qmon_text *form, unsigned *number, const char *name, const char *words) {
    char value[VALUE_BYTES];

    qmon__words_line(words, value, sizeof value);
    for (char *at = value; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    if (!value[0] || value[0] == ':')
        return;
    ++*number;
    qmon_text_format(form, "&MetricData.member.1.Dimensions.member.%u.Name=%s", *number, name);
    qmon_text_format(form, "&MetricData.member.1.Dimensions.member.%u.Value=", *number);
    add_encoded(form, value);
}

static void render(struct qmon_text *form, const struct qmon_config *config, const struct qmon_event *event) {
    time_t seconds = (time_t) (event->time_ns / UINT64_C(1000000000));
    char moment[32] = "";
    unsigned number = 0;
    struct tm parts;

    qmon_text_add(form, "Action=PutMetricData&Version=2010-08-01&Namespace=");
    add_encoded(form, config->cloudwatch_namespace);
    qmon_text_add(form, "&MetricData.member.1.MetricName=Events&MetricData.member.1.Unit=Count");
    qmon_text_format(form, "&MetricData.member.1.Value=%" PRIu64, event->occurrences.suppressed + 1);
    if (gmtime_r(&seconds, &parts) && strftime(moment, sizeof moment, "%Y-%m-%dT%H%%3A%M%%3A%SZ", &parts) > 0)
        qmon_text_format(form, "&MetricData.member.1.Timestamp=%s", moment);
    add_dimension(form, &number, "Service", event->service.name);
    add_dimension(form, &number, "Stage", event->service.stage);
    add_dimension(form, &number, "Kind", qmon_kind_name(event->kind));
    add_dimension(form, &number, "Severity", qmon_severity_name(event->severity));
}

static void metrics_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                            struct qmon_delivery *ret_delivery) {
    struct qmon_aws_request request = {.service = "monitoring", .endpoint_id = "CLOUDWATCH", .path = "/"};
    struct qmon__http_response response;
    char body[BODY_BYTES];
    struct qmon_text form;

    (void) json;
    qmon_text_begin(&form, body, sizeof body);
    render(&form, context->config, event);
    request.content_type = "application/x-www-form-urlencoded";
    request.body = body;
    request.body_bytes = strlen(body);
    qmon__aws_post(context, &request, &response, ret_delivery);
    qmon__http_clear(&response);
}

static bool metrics_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__aws_ready(context, "put metrics", reason, reason_bytes);
}

const struct qmon_sink qmon__sink_cloudwatch_metrics = {
    .name = "cloudwatch-metrics",
    .summary = "how often, as a metric in CloudWatch",
    .configured = metrics_configured,
    .destination = metrics_destination,
    .deliver = metrics_deliver,
    .check = metrics_check,
};

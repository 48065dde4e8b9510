/* file.c: events appended to a file, one JSON object a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "destination.h"
#include "sinks.h"
#include <qmon/quiet.h>

static bool file_configured(const struct qmon_config *config) {
    return config->events_file && config->events_file[0];
}

static uint64_t file_destination(const struct qmon_config *config) {
    return qmon__destination("file", config->events_file);
}

static void file_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                         struct qmon_delivery *ret_delivery) {
    char member[QMON_EVENT_ID_BYTES + 16];
    struct qmon__append what = {.path = context->config->events_file, .line = json, .timeout_ms = context->timeout_ms};

    snprintf(member, sizeof member, "\"id\":\"%s\"", event->id);
    what.mark = context->attempts > 0 && event->id[0] ? member : NULL;
    qmon__append(&what, ret_delivery);
}

static void file_deliver_many(const struct qmon_sink_context *context, const char *const *jsons, size_t count,
                              struct qmon_delivery *ret_delivery) {
    struct qmon__append what = {.path = context->config->events_file, .timeout_ms = context->timeout_ms};
    size_t bytes = 1;
    char *lines, *end;

    for (size_t i = 0; i < count; i++)
        bytes += strlen(jsons[i]) + 1;
    lines = end = malloc(bytes);
    if (!lines) {
        *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_RETRY, .reason = "memory: out of memory"};
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *end++ = '\n';
        end = stpcpy(end, jsons[i]);
    }
    what.line = lines;
    qmon__append(&what, ret_delivery);
    free(lines);
}

static bool file_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__append_check(context->config->events_file, context->timeout_ms, reason, reason_bytes);
}

const struct qmon_sink qmon__sink_file = {
    .name = "file",
    .summary = "events as JSON, appended to a file, one a line",
    .configured = file_configured,
    .destination = file_destination,
    .deliver = file_deliver,
    .deliver_many = file_deliver_many,
    .check = file_check,
};

/*
 * csv.c: events appended to a file of comma-separated values (RFC 4180), a row each, below a row of names. Every value is in
 * quotes; line breaks and control characters within become blanks, so that a row is a line. A value that a spreadsheet would
 * take for a formula gets an apostrophe in front: what a program prints is nobody's formula.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "append.h"
#include "destination.h"
#include "sinks.h"
#include "words.h"

#define VALUE_BYTES 1000u /* of which every one may be a quote */
#define VALUES 18u

static const char names[] = "time,id,kind,severity,service,stage,version,host,pid,code,title,message,function,file,"
                            "line,fingerprint,occurrences,suppressed";

static bool csv_configured(const struct qmon_config *config) {
    return config->csv_file && config->csv_file[0];
}

static uint64_t csv_destination(const struct qmon_config *config) {
    return qmon__destination("csv", config->csv_file);
}

static void add_value(struct qmon_text *row, const char *value) {
    char line[VALUE_BYTES], one[5] = {0};

    qmon__words_line(value, line, sizeof line);
    qmon_text_add(row, row->used ? ",\"" : "\"");
    if (line[0] && strchr("=+-@", line[0]))
        qmon_text_add(row, "'");
    for (const char *at = line; *at; at += strlen(one)) {
        uint32_t code = 0;
        size_t length = qmon_utf8_step(at, strlen(at), &code);
        memcpy(one, at, length ? length : 1);
        one[length ? length : 1] = '\0';
        qmon_text_add(row, code == '"' ? "\"\"" : one);
    }
    qmon_text_add(row, "\"");
}

static void add_number(struct qmon_text *row, uint64_t number, bool known) {
    char text[24] = "";

    if (known)
        snprintf(text, sizeof text, "%" PRIu64, number);
    add_value(row, text);
}

static void add_origin(struct qmon_text *row, const struct qmon_event *event) {
    const struct qmon_thread *thread = event->thread_count ? &event->threads[0] : NULL;
    const struct qmon_frame *frame =
        thread && event->origin < thread->frame_count ? &thread->frames[event->origin] : NULL;

    add_value(row, frame ? frame->function : NULL);
    add_value(row, frame ? frame->file : NULL);
    add_number(row, frame ? frame->line : 0, frame && frame->line);
}

static void render(const struct qmon_event *event, char *ret_row, size_t bytes) {
    char time[32];
    struct qmon_text row;

    qmon_text_begin(&row, ret_row, bytes);
    qmon__words_time(event->time_ns, time, sizeof time);
    add_value(&row, time);
    add_value(&row, event->id);
    add_value(&row, qmon_kind_name(event->kind));
    add_value(&row, qmon_severity_name(event->severity));
    add_value(&row, event->service.name);
    add_value(&row, event->service.stage);
    add_value(&row, event->service.version);
    add_value(&row, event->host.name);
    add_number(&row, event->process.pid, event->process.pid != 0);
    add_value(&row, event->code);
    add_value(&row, event->title);
    add_value(&row, event->message);
    add_origin(&row, event);
    add_value(&row, event->fingerprint);
    add_number(&row, event->occurrences.total, true);
    add_number(&row, event->occurrences.suppressed, true);
}

static void csv_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                        struct qmon_delivery *ret_delivery) {
    struct qmon__append what = {.path = context->config->csv_file, .timeout_ms = context->timeout_ms};
    char row[VALUES * (2 * VALUE_BYTES + 4)], mark[QMON_EVENT_ID_BYTES + 8];

    (void) json;
    render(event, row, sizeof row);
    snprintf(mark, sizeof mark, ",\"%s\",", event->id);
    what.line = row;
    what.first_line = names;
    what.mark = context->attempts > 0 && event->id[0] ? mark : NULL;
    qmon__append(&what, ret_delivery);
}

static bool csv_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    return qmon__append_check(context->config->csv_file, context->timeout_ms, reason, reason_bytes);
}

const struct qmon_sink qmon__sink_csv = {
    .name = "csv",
    .summary = "events appended to a file of comma-separated values, a row each",
    .configured = csv_configured,
    .destination = csv_destination,
    .deliver = csv_deliver,
    .check = csv_check,
};

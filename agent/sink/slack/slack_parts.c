/* slack_parts.c: what, where and how often, the trace, and the lines below. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/render.h>
#include <qmon/text.h>

#include "slack_render.h"
#include "slack_text.h"
#include "words.h"

#define WHAT_BYTES 1500
#define TRACE_BYTES 2800
#define TRACE_ROWS 40
#define TRACE_COLUMNS 110
#define LEAST_TRACE_ROWS 8
#define LEAST_TRACE_COLUMNS 40
#define NOTES 3

static bool says(const char *text, const char *words) {
    return text && strstr(text, words) != NULL;
}

static void add_line(struct qmon_text *text, const char *words) {
    if (!words || !words[0])
        return;
    if (text->used)
        qmon_text_add(text, "\n");
    qmon__slack_plain(text, words);
}

void qmon__slack_what(struct qmon_text *text, const struct qmon_event *event) {
    const char *message = event->message, *type = event->exception.type, *detail = event->cause.detail;

    if (message && !says(event->title, message))
        add_line(text, message);
    if (type && !says(message, type) && !says(event->title, type)) {
        add_line(text, type);
        if (event->exception.message) {
            qmon_text_add(text, ": ");
            qmon__slack_plain(text, event->exception.message);
        }
    }
    if (detail && !says(message, detail))
        add_line(text, detail);
}

void qmon__slack_add_what(struct qmon__slack_message *message, const struct qmon_event *event) {
    char buffer[WHAT_BYTES];
    struct qmon_text text;

    qmon__words_begin(&text, buffer, sizeof buffer);
    qmon__slack_what(&text, event);
    qmon__words_end(&text);
    qmon__slack_section(message, QMON__SLACK_PLAIN, buffer);
}

static void add_how_often(struct qmon_text *text, const struct qmon_event *event) {
    uint64_t first_ns = event->occurrences.first_seen_ns;
    bool seen_before = first_ns != 0 && first_ns + UINT64_C(1000000000) < event->time_ns;
    char number[32];

    if (event->occurrences.suppressed) {
        qmon_text_format(text, "and %s more since the last alert (suppressed)",
                         qmon_render_number(event->occurrences.suppressed, number, sizeof number));
    } else if (event->occurrences.total > 1) {
        qmon_text_format(text, "%s times in this window",
                         qmon_render_number(event->occurrences.total, number, sizeof number));
    } else if (!seen_before) {
        qmon_text_add(text, "first alert");
        return;
    } else {
        qmon_text_add(text, "first alert of this window");
    }
    if (seen_before) {
        qmon_text_add(text, ", first seen ");
        qmon__slack_date(text, first_ns);
    }
}

/* Of a message brought up to date. */
void qmon__slack_times(struct qmon_text *text, const struct qmon__slack_message *message) {
    char number[32];

    qmon_text_format(text, "*%s times* by now, last ", qmon_render_number(message->times, number, sizeof number));
    qmon__slack_date(text, message->last_ns);
    qmon_text_add(text, "; the thread has each alert");
}

void qmon__slack_add_where(struct qmon__slack_message *message, const struct qmon_event *event) {
    char buffer[QMON__SLACK_SECTION], where[600], fleet[QMON_RENDER_FLEET_BYTES];
    struct qmon_text text;
    const struct qmon_frame *frame = qmon_render_where(event, false, where, sizeof where);

    qmon__words_begin(&text, buffer, sizeof buffer);
    if (frame) {
        qmon_text_add(&text, "*Where*  ");
        qmon__slack_code(&text, where, 300);
        if (frame->module && frame->file) {
            qmon_text_add(&text, " in ");
            qmon__slack_code(&text, qmon_base_name(frame->module), 60);
        }
        qmon_text_add(&text, "\n");
    }
    if (event->kind != QMON_KIND_LIFECYCLE || message->times)
        qmon_text_add(&text, "*How often*  ");
    if (message->times)
        qmon__slack_times(&text, message);
    else if (event->kind != QMON_KIND_LIFECYCLE)
        add_how_often(&text, event);
    if (qmon_render_fleet(event, fleet, sizeof fleet)) {
        qmon_text_add(&text, "\n*Fleet*  ");
        qmon__slack_code(&text, fleet, sizeof fleet);
    }
    qmon__words_end(&text);
    qmon__slack_section(message, QMON__SLACK_MRKDWN, buffer);
}

/* How long it will be in a code block. */
static size_t escaped_bytes(const char *text) {
    size_t bytes = 0;

    for (; *text; text++)
        bytes += *text == '&' ? 5 : *text == '<' || *text == '>' ? 4 : *text == '`' ? 2 : 1;
    return bytes;
}

/* Fewer rows, in proportion to what is too much; once there are few, shorter ones. False: it cannot be made smaller. */
static bool shrink(struct qmon_render_options *options, size_t have_bytes, size_t want_bytes) {
    size_t rows = options->max_rows * want_bytes / have_bytes;

    if (options->max_rows > LEAST_TRACE_ROWS) {
        options->max_rows = rows < LEAST_TRACE_ROWS ? LEAST_TRACE_ROWS : rows;
        return true;
    }
    bool can = options->max_columns > LEAST_TRACE_COLUMNS;
    options->max_columns = LEAST_TRACE_COLUMNS;
    return can;
}

void qmon__slack_trace(const struct qmon_event *event, size_t max_rows, char *ret_text, size_t bytes) {
    struct qmon_render_options options = {.base_names = true, .max_rows = max_rows, .max_columns = TRACE_COLUMNS};
    char *trace = qmon_render_trace_text(event, &options);
    struct qmon_text text;

    size_t size = trace ? escaped_bytes(trace) : 0, most = bytes - 4; /* "…" and the NUL */
    while (size > most && shrink(&options, size, most)) {
        free(trace);
        trace = qmon_render_trace_text(event, &options);
        size = trace ? escaped_bytes(trace) : 0;
    }
    size_t length = trace ? strlen(trace) : 0;
    if (length > 0 && trace[length - 1] == '\n')
        trace[length - 1] = '\0';
    qmon__words_begin(&text, ret_text, bytes);
    qmon__slack_code_inside(&text, trace);
    qmon__words_end(&text);
    free(trace);
}

void qmon__slack_add_trace(struct qmon__slack_message *message, const struct qmon_event *event) {
    char buffer[QMON__SLACK_SECTION], trace[TRACE_BYTES];
    struct qmon_text text;

    qmon__slack_trace(event, TRACE_ROWS, trace, sizeof trace);
    if (!trace[0])
        return;
    qmon__words_begin(&text, buffer, sizeof buffer);
    qmon_text_add(&text, "*Trace*");
    if (event->threads[0].name && event->threads[0].name[0]) {
        qmon_text_add(&text, "  of thread ");
        qmon__slack_code(&text, event->threads[0].name, 16);
    }
    qmon_text_add(&text, "\n```\n");
    qmon_text_add(&text, trace);
    qmon_text_add(&text, "\n```");
    qmon__words_end(&text);
    qmon__slack_section(message, QMON__SLACK_MRKDWN, buffer);
}

static void add_note(struct qmon__slack_message *message, struct json_object *list, const char *words) {
    char buffer[400];
    struct qmon_text text;

    qmon__words_begin(&text, buffer, sizeof buffer);
    qmon__slack_plain(&text, words);
    qmon__words_end(&text);
    qmon__slack_list_add(message, list, QMON__SLACK_PLAIN, buffer);
}

void qmon__slack_add_notes(struct qmon__slack_message *message, const struct qmon_event *event) {
    struct json_object *list = qmon__slack_list(message);
    char buffer[120], number[32];
    struct qmon_text text;

    qmon_text_begin(&text, buffer, sizeof buffer);
    if (event->report.dropped)
        qmon_text_format(&text, "%s earlier reports of this process found no room",
                         qmon_render_number(event->report.dropped, number, sizeof number));
    qmon__slack_list_add(message, list, QMON__SLACK_PLAIN, buffer);
    for (size_t i = 0; i < event->note_count && i < NOTES; i++)
        add_note(message, list, event->notes[i]);
    qmon_text_begin(&text, buffer, sizeof buffer);
    if (event->note_count > NOTES)
        qmon_text_format(&text, "and %zu notes more", event->note_count - NOTES);
    qmon__slack_list_add(message, list, QMON__SLACK_PLAIN, buffer);
    qmon__slack_context(message, list);
}

void qmon__slack_add_footer(struct qmon__slack_message *message, const struct qmon_event *event) {
    struct json_object *list = qmon__slack_list(message);
    char buffer[500];
    struct qmon_text text;

    qmon__words_begin(&text, buffer, sizeof buffer);
    qmon__slack_date(&text, event->time_ns);
    qmon_text_add(&text, " \xc2\xb7 `qmon show ");
    qmon__slack_code_inside(&text, event->id);
    qmon_text_add(&text, "`");
    if (event->kind != QMON_KIND_LIFECYCLE && event->fingerprint[0]) {
        qmon_text_add(&text, " \xc2\xb7 fingerprint ");
        qmon__slack_code(&text, event->fingerprint, 32);
    }
    qmon__words_end(&text);
    qmon__slack_list_add(message, list, QMON__SLACK_MRKDWN, buffer);
    qmon__slack_context(message, list);
}

/* slack_source.c: the lines around the origin, and the last that the program wrote, as blocks of code. */
#include <inttypes.h>

#include <qmon/render.h>
#include <qmon/text.h>

#include "slack_render.h"
#include "slack_text.h"
#include "words.h"

#define SOURCE_BYTES 1800
#define SOURCE_COLUMNS 120
#define SOURCE_LINES 11
#define LAST_LINES 20

static uint32_t origin_line(const struct qmon_event *event) {
    const struct qmon_frame *origin = qmon_render_origin(event);

    return origin ? origin->line : 0;
}

static void add_code(struct qmon__slack_message *message, const char *heading, const char *rows) {
    char buffer[SOURCE_BYTES];
    struct qmon_text text;

    qmon__words_begin(&text, buffer, sizeof buffer - 8); /* the end of the block fits behind it whatever is cut */
    qmon_text_add(&text, heading);
    qmon_text_add(&text, "```\n");
    qmon__slack_code_inside(&text, rows);
    qmon__words_end(&text);
    text.size = sizeof buffer;
    text.cut = false;
    qmon_text_add(&text, "\n```");
    qmon__slack_section(message, QMON__SLACK_MRKDWN, buffer);
}

void qmon__slack_add_last_lines(struct qmon__slack_message *message, const struct qmon_event *event) {
    char rows[SOURCE_BYTES * 2] = "";
    size_t count = event->context.last_line_count;
    struct qmon_text plain;

    if (count == 0)
        return;
    qmon_text_begin(&plain, rows, sizeof rows);
    for (size_t i = count > LAST_LINES ? count - LAST_LINES : 0; i < count; i++) {
        qmon_text_add(&plain, rows[0] ? "\n" : "");
        qmon_text_line(&plain, event->context.last_lines[i], SOURCE_COLUMNS, QMON_CUT_END);
    }
    add_code(message, "*Standard error*\n", rows);
}

void qmon__slack_add_source(struct qmon__slack_message *message, const struct qmon_event *event) {
    char rows[SOURCE_BYTES * 2] = "";
    uint32_t marked = origin_line(event);
    struct qmon_text plain;

    if (event->source.line_count == 0)
        return;
    qmon_text_begin(&plain, rows, sizeof rows);
    for (size_t i = 0; i < event->source.line_count && i < SOURCE_LINES; i++) {
        uint32_t number = event->source.first_line + (uint32_t) i;
        qmon_text_format(&plain, "%s%s%" PRIu32 " | ", i ? "\n" : "", number == marked ? "> " : "  ", number);
        qmon_text_line(&plain, event->source.lines[i], SOURCE_COLUMNS, QMON_CUT_END);
    }
    add_code(message, "", rows);
}

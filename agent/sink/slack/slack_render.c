/* slack_render.c: puts the message together, and the text that notifications and old clients show in its place. */
#include <inttypes.h>
#include <string.h>

#include <qmon/render.h>

#include "slack_render.h"
#include "slack_text.h"
#include "words.h"

#define PLAIN_TRACE_ROWS 16
#define LEAST_TRACE_BYTES 200

const char *qmon__slack_emoji(const struct qmon_event *event) {
    static const char *const severities[] = {
        [QMON_SEVERITY_INFO] = "\xf0\x9f\x94\xb5",     /* blue circle */
        [QMON_SEVERITY_WARNING] = "\xf0\x9f\x9f\xa1",  /* yellow circle */
        [QMON_SEVERITY_ERROR] = "\xf0\x9f\x9f\xa0",    /* orange circle */
        [QMON_SEVERITY_CRITICAL] = "\xf0\x9f\x94\xb4", /* red circle */
    };
    unsigned severity = (unsigned) event->severity;

    if (event->kind == QMON_KIND_LIFECYCLE && severity == QMON_SEVERITY_INFO && event->lifecycle.phase)
        return strcmp(event->lifecycle.phase, "shutdown") == 0 ? "\xe2\x9a\xaa" : "\xf0\x9f\x9f\xa2"; /* white, green */
    return severities[severity <= QMON_SEVERITY_CRITICAL ? severity : QMON_SEVERITY_CRITICAL];
}

static const char *title(const struct qmon_event *event) {
    if (event->told.title)
        return event->told.title;
    return event->title && event->title[0] ? event->title : qmon_kind_name(event->kind);
}

static void add_service(struct qmon_text *text, const struct qmon_event *event) {
    if (event->service.name && event->kind != QMON_KIND_LIFECYCLE) { /* whose title begins with it */
        qmon_text_add(text, " \xe2\x80\x94 ");
        qmon__slack_plain(text, event->service.name);
    }
    if (event->service.stage && event->service.stage[0]) {
        qmon_text_add(text, " (");
        qmon__slack_plain(text, event->service.stage);
        qmon_text_add(text, ")");
    }
    if (event->host.name) {
        qmon_text_add(text, " on ");
        qmon__slack_plain(text, event->host.name);
    }
}

static void add_plain_rest(struct qmon_text *text, const struct qmon_event *event) {
    char trace[2200], where[400], time[32];

    qmon__slack_what(text, event);
    if (qmon_render_where(event, false, where, sizeof where)) {
        qmon_text_add(text, "\nWhere: ");
        qmon__slack_plain(text, where);
    }
    qmon_text_format(text, "\nEvent %s, %s", event->id, qmon_render_time(event->time_ns, time, sizeof time));
    size_t room = text->size - text->used; /* all of an escaped trace or nothing: an entity must not be cut */
    if (text->cut || room < LEAST_TRACE_BYTES)
        return;
    qmon__slack_trace(event, PLAIN_TRACE_ROWS, trace, room - 2 < sizeof trace ? room - 2 : sizeof trace);
    if (trace[0]) {
        qmon_text_add(text, "\n\n");
        qmon_text_add(text, trace);
    }
}

static void add_text(struct qmon__slack_message *message, const struct qmon_event *event, bool all_of_it) {
    char buffer[QMON__SLACK_TEXT + 1], number[32];
    struct qmon_text text;

    qmon__words_begin(&text, buffer, sizeof buffer);
    qmon_text_format(&text, "%s ", qmon__slack_emoji(event));
    qmon__slack_plain(&text, title(event));
    if (!event->told.title)
        add_service(&text, event);
    if (event->occurrences.suppressed)
        qmon_text_format(&text, " \xe2\x80\x94 and %s more",
                         qmon_render_number(event->occurrences.suppressed, number, sizeof number));
    if (all_of_it)
        add_plain_rest(&text, event);
    qmon__words_end(&text);
    qmon__slack_member(message, "text", buffer);
}

static void add_title(struct qmon__slack_message *message, const struct qmon_event *event) {
    char buffer[QMON__SLACK_HEADER + 1];
    struct qmon_text text;

    qmon__words_begin(&text, buffer, sizeof buffer);
    qmon_text_format(&text, "%s ", qmon__slack_emoji(event));
    char line[QMON__SLACK_HEADER * 4];
    struct qmon_text one;
    qmon_text_begin(&one, line, sizeof line);
    qmon_text_line(&one, title(event), QMON__SLACK_HEADER, QMON_CUT_END);
    qmon__slack_plain(&text, line);
    qmon__words_end(&text);
    qmon__slack_header(message, buffer);
}

static void add_blocks(struct qmon__slack_message *message, const struct qmon_event *event) {
    message->blocks = qmon__slack_list(message);
    if (!message->blocks || json_object_object_add(message->root, "blocks", message->blocks) != 0) {
        message->failed = true;
        return;
    }
    if (event->told.body) {
        add_title(message, event);
        qmon__slack_add_told(message, event->told.body);
    } else if (!qmon__words_is_problem(event)) {
        qmon__slack_add_lifecycle(message, event);
    } else {
        add_title(message, event);
        qmon__slack_add_what(message, event);
        qmon__slack_add_where(message, event);
        qmon__slack_add_source(message, event);
        qmon__slack_add_facts(message, event);
        qmon__slack_add_extras(message, event);
        qmon__slack_add_trace(message, event);
        qmon__slack_add_last_lines(message, event);
        qmon__slack_add_notes(message, event);
    }
    qmon__slack_add_footer(message, event);
}

char *qmon__slack_render(const struct qmon_event *event, const struct qmon__slack_render_options *options) {
    struct qmon__slack_message message = {.root = json_object_new_object()};
    char *text = NULL;

    if (!message.root)
        return NULL;
    if (options->channel)
        qmon__slack_member(&message, "channel", options->channel);
    if (options->thread)
        qmon__slack_member(&message, "thread_ts", options->thread);
    if (options->update)
        qmon__slack_member(&message, "ts", options->update);
    message.times = options->times;
    message.last_ns = options->last_ns;
    add_text(&message, event, options->plain);
    if (!options->update) { /* which does not know them */
        qmon__slack_switch(&message, "mrkdwn", false);
        qmon__slack_switch(&message, "unfurl_links", false);
        qmon__slack_switch(&message, "unfurl_media", false);
    }
    if (!options->plain)
        add_blocks(&message, event);
    if (!message.failed) {
        const char *json =
            json_object_to_json_string_ext(message.root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        text = json ? strdup(json) : NULL;
    }
    json_object_put(message.root);
    return text;
}

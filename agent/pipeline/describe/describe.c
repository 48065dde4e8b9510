/*
 * describe.c: what happened, as the person says it who looks at it first: cause, title, message.
 *
 * The families are asked in order, the surest first: what the program or its libraries said themselves (an assertion, an
 * exception, glibc's words), then who sent the signal, then what address and registers give away.
 */
#include <stdio.h>
#include <string.h>

#include <qmon/record.h>
#include <qmon/render.h>
#include <qmon/text.h>

#include "describe.h"
#include "function_name.h"

#define TITLE_COLUMNS 200
#define WHERE_BYTES 400
#define FRAMES_LOOKED_AT 24

const char *qmon__program_name(const struct qmon_event *event) {
    return event->process.executable ? qmon_base_name(event->process.executable) : "the program";
}

const char *qmon__one_line(struct qmon_event *event, const char *text, size_t columns) {
    char buffer[2048];
    struct qmon_text line;

    qmon_text_begin(&line, buffer, sizeof buffer);
    qmon_text_line(&line, text, columns, QMON_CUT_END);
    return qmon_event_text(event, buffer);
}

bool qmon__trace_has(const struct qmon_event *event, const char *function) {
    if (event->thread_count == 0)
        return false;
    const struct qmon_thread *thread = &event->threads[0];
    for (size_t i = 0; i < thread->frame_count && i < FRAMES_LOOKED_AT; i++) {
        const char *name = thread->frames[i].function;
        size_t bytes = strlen(function);
        if (name && strncmp(name, function, bytes) == 0 && (name[bytes] == '\0' || name[bytes] == '('))
            return true;
    }
    return false;
}

const char *qmon__describe_where(struct qmon_event *event) {
    char where[WHERE_BYTES], name[WHERE_BYTES];
    const struct qmon_frame *frame = qmon_render_where(event, true, where, sizeof where);

    if (!frame || (!frame->module && !frame->function))
        return NULL;
    if (!frame->function)
        return qmon_event_text(event, where);
    if (frame->language)
        snprintf(name, sizeof name, "%s", frame->function);
    else
        qmon__plain_function(frame->function, name, sizeof name);
    if (frame->file)
        return frame->line ? qmon_event_format(event, "%s (%s:%u)", name, qmon_base_name(frame->file), frame->line)
                           : qmon_event_format(event, "%s (%s)", name, qmon_base_name(frame->file));
    return frame->module ? qmon_event_format(event, "%s (%s)", name, qmon_base_name(frame->module))
                         : qmon_event_text(event, name);
}

static const char *signal_words(struct qmon_event *event) {
    if (event->signal.name)
        return event->signal.name;
    return event->signal.number ? qmon_event_format(event, "signal %d", event->signal.number) : "Crash";
}

static void find_cause(struct qmon_event *event, const struct qmon_crash_facts *facts, struct qmon__cause *ret_cause) {
    if (qmon__describe_sanitizer(event, facts, ret_cause) || qmon__describe_abort(event, facts, ret_cause) ||
        qmon__describe_sent(event, ret_cause) || qmon__describe_stack(event, facts, ret_cause) ||
        qmon__describe_code(event, facts, ret_cause) || qmon__describe_memory(event, facts, ret_cause))
        return;
    qmon__describe_trap(event, facts, ret_cause);
}

static const char *crash_title(struct qmon_event *event, const struct qmon__cause *cause) {
    const char *what = cause->title ? cause->title : signal_words(event);
    const char *where = cause->place ? cause->place : qmon__describe_where(event);

    if (!where)
        where = qmon__program_name(event);
    return qmon__one_line(event, qmon_event_format(event, "%s in %s", what, where), TITLE_COLUMNS);
}

static const char *crash_message(struct qmon_event *event, const struct qmon_crash_facts *facts,
                                 const struct qmon__cause *cause) {
    const char *name = signal_words(event);
    const char *message = cause->detail;

    if (!message && event->signal.code_text)
        message = qmon_event_format(event, "The program was ended by %s: %s.", name, event->signal.code_text);
    if (!message)
        message = qmon_event_format(event, "The program was ended by %s.", name);
    if (facts->origin == QMON_ORIGIN_HANDLER)
        message =
            qmon_event_format(event, "%s The program's own handler for %s ran, and ended the program.", message, name);
    return message;
}

void qmon_describe_crash(struct qmon_event *event, const struct qmon_crash_facts *facts) {
    struct qmon__cause cause = {0};

    find_cause(event, facts, &cause);
    if (cause.kind) {
        event->cause.kind = cause.kind;
        event->cause.detail = qmon_redact(event, cause.detail);
    }
    if (event->exception.message)
        event->exception.message = qmon_redact(event, event->exception.message);
    event->message = qmon_redact(event, crash_message(event, facts, &cause));
    event->title = qmon_redact(event, crash_title(event, &cause));
}

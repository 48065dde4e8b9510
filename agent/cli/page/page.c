#include "page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/render.h>

#include "when.h"

#define LABEL_COLUMNS 11u
#define ROW_BYTES 4096u
#define SOURCES 3u
#define TRACE_ROWS 60u
#define BRIEF_TRACE_ROWS 16u

void qmon__cli_page_row(FILE *out, const struct qmon__cli_style *style, const char *label, const char *text) {
    if (!text || !*text)
        return;
    qmon__cli_put(out, style, QMON_LOOK_FAINT, label ? label : "");
    fprintf(out, "%*s", (int) (LABEL_COLUMNS - (label ? strlen(label) : 0)), "");
    qmon__cli_put_wrapped(out, style, LABEL_COLUMNS, LABEL_COLUMNS, text);
}

void qmon__cli_page_rowf(FILE *out, const struct qmon__cli_style *style, const char *label, const char *format, ...) {
    char text[ROW_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    qmon__cli_page_row(out, style, label, text);
}

void qmon__cli_page_heading(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                            uint64_t now_ms) {
    const char *dot = style->unicode ? " \xc2\xb7 " : ", ";
    const char *version = event->service.version;
    uint64_t time_ms = event->time_ns / 1000000;
    char relative[QMON_WHEN_BYTES], local[QMON_WHEN_BYTES];

    qmon__cli_put(out, style, event->severity >= QMON_SEVERITY_ERROR ? QMON_LOOK_BAD : QMON_LOOK_TITLE,
                  event->title ? event->title : "(no title)");
    fprintf(out, "\n%s, %s%s", qmon_kind_name(event->kind), qmon_severity_name(event->severity), dot);
    qmon__cli_put(out, style, QMON_LOOK_PLAIN, event->service.name);
    if (version && strcmp(version, "unknown") != 0) {
        fputs(" ", out);
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, version);
    }
    if (event->service.stage && *event->service.stage) {
        fputs(" in ", out);
        qmon__cli_put(out, style, QMON_LOOK_PLAIN, event->service.stage);
    }
    fprintf(out, "%s%s, %s\n", event->service.name ? dot : "",
            qmon__cli_relative(time_ms, now_ms, relative, sizeof relative),
            qmon__cli_local(time_ms, local, sizeof local));
}

static void print_signal(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    const char *text = event->signal.sender_pid ? NULL : event->signal.code_text; /* the sender says more */
    char address[64] = "", sender[256] = "";
    const char *name = event->signal.sender_name;

    if (!event->signal.number)
        return;
    if (event->signal.has_address)
        snprintf(address, sizeof address, ", address 0x%" PRIx64, event->signal.address);
    if (event->signal.sender_pid && event->signal.sender_pid == event->process.pid)
        snprintf(sender, sizeof sender, ", sent by the process itself");
    else if (event->signal.sender_pid)
        snprintf(sender, sizeof sender, ", sent by %s%sprocess %" PRIu32 " of user %" PRIu32, name ? name : "",
                 name ? ", " : "", event->signal.sender_pid, event->signal.sender_uid);
    qmon__cli_page_rowf(out, style, "Signal", "%s (%d)%s%s%s%s%s%s", event->signal.name ? event->signal.name : "signal",
                        event->signal.number, event->signal.code_name ? ", " : "",
                        event->signal.code_name ? event->signal.code_name : "", text ? ": " : "", text ? text : "",
                        address, sender);
}

/* A message often begins with the cause's sentence, which is on the page already. */
static const char *what_is_new(const char *message, const char *detail) {
    size_t bytes = detail ? strlen(detail) : 0;

    if (!message || bytes == 0 || strncmp(message, detail, bytes) != 0 || (message[bytes] && message[bytes] != ' '))
        return message;
    return message[bytes] ? message + bytes + 1 : NULL;
}

/* What happened and why. */
static void print_cause(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    const char *detail = event->cause.detail;

    if (event->cause.kind)
        qmon__cli_page_rowf(out, style, "Cause", "%s%s%s", event->cause.kind, detail ? ": " : "", detail ? detail : "");
    if (event->exception.type)
        qmon__cli_page_rowf(out, style, "Exception", "%s%s%s", event->exception.type,
                            event->exception.message ? ": " : "",
                            event->exception.message ? event->exception.message : "");
    qmon__cli_page_row(out, style, event->cause.kind ? "Message" : "What", what_is_new(event->message, detail));
    print_signal(out, style, event);
    qmon__cli_page_instruction(out, style, event);
    if (event->exit.present)
        qmon__cli_page_rowf(out, style, "Status", "%d", event->exit.status);
    if (event->lifecycle.phase)
        qmon__cli_page_rowf(out, style, "Phase", "%s%s%s", event->lifecycle.phase, event->lifecycle.reason ? ": " : "",
                            event->lifecycle.reason ? event->lifecycle.reason : "");
    if (event->lifecycle.phase && event->lifecycle.uptime_ns) {
        char uptime[QMON_WHEN_BYTES];
        qmon__cli_page_row(out, style, "Uptime",
                           qmon_render_duration(event->lifecycle.uptime_ns, uptime, sizeof uptime));
    }
}

static void print_row(void *context, const struct qmon_render_row *row) {
    FILE *out = context;

    fputs(row->text, out);
    putc('\n', out);
}

static struct qmon_render_options trace_options(const struct qmon__cli_style *style,
                                                const struct qmon__cli_page *page) {
    return (struct qmon_render_options){
        .color = style->color,
        .unfolded = page->unfolded,
        .max_rows = page->brief      ? BRIEF_TRACE_ROWS
                    : page->unfolded ? 0
                                     : TRACE_ROWS,
        .max_columns = style->columns ? style->columns : 160,
        .indent = " ",
    };
}

static void print_trace(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                        const struct qmon__cli_page *page) {
    struct qmon_render_options options = trace_options(style, page);
    const struct qmon_thread *thread = event->threads;

    options.all_threads = page->all_threads;

    if (event->thread_count == 0 || (thread->frame_count == 0 && !page->all_threads))
        return;
    putc('\n', out);
    if (!page->all_threads) {
        qmon__cli_put(out, style, QMON_LOOK_FAINT, event->kind == QMON_KIND_ERROR ? "Reported from" : "Trace");
        fprintf(out, " of thread %" PRIu32, thread->tid);
        if (thread->name && *thread->name) {
            fputs(" ", out);
            qmon__cli_put(out, style, QMON_LOOK_PLAIN, thread->name);
        }
        if (event->thread_count > 1)
            fprintf(out, ", one of %zu (--all-threads shows the others)", event->thread_count);
        putc('\n', out);
    }
    if (qmon_render_trace(event, &options, print_row, out) < 0)
        fputs(" (out of memory)\n", out);
}

/* Where an exception came from that was thrown on, and never caught. */
static void print_thrown(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                         const struct qmon__cli_page *page) {
    struct qmon_event first = *event;
    const struct qmon_render_options options = trace_options(style, page);

    if (event->exception.thrown_count == 0)
        return;
    first.threads = event->exception.thrown;
    first.thread_count = 1;
    first.origin = SIZE_MAX;
    putc('\n', out);
    qmon__cli_put(out, style, QMON_LOOK_FAINT, "First thrown");
    if (first.threads->tid != 0)
        fprintf(out, " in thread %" PRIu32 "\n", first.threads->tid);
    else
        fputs(" in another thread\n", out);
    if (qmon_render_trace(&first, &options, print_row, out) < 0)
        fputs(" (out of memory)\n", out);
}

void qmon__cli_page_print(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event,
                          const struct qmon__cli_page *page) {
    qmon__cli_page_heading(out, style, event, page->now_ms);
    putc('\n', out);
    print_cause(out, style, event);
    qmon__cli_page_source(out, style, event, page->brief ? 1 : SOURCES);
    print_thrown(out, style, event, page);
    print_trace(out, style, event, page);
    qmon__cli_page_last_lines(out, style, event);
    if (page->registers) {
        qmon__cli_page_registers(out, style, event);
        qmon__cli_page_code(out, style, event);
    }
    if (!page->brief) {
        putc('\n', out);
        qmon__cli_page_facts(out, style, event, page);
    }
}

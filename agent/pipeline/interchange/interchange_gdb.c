/*
 * interchange_gdb.c: traces in gdb's words, for tools and people that read those. Arguments are not known, so none are
 * shown; a function's line ends in "at FILE:LINE", or in "from LIBRARY" where only the module is known. As in gdb the
 * caller of an inlined function has no address of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qmon/interchange.h>
#include <qmon/text.h>

#include "interchange.h"

#define LINE_BYTES 3072u
#define NAME_COLUMNS 500u
#define PATH_COLUMNS 400u

static const struct qmon__trace_limits all = {.frames = 4096, .threads = 4096};

void qmon__trace_cut(const struct qmon_thread *thread, size_t most, size_t *ret_first_out, size_t *ret_out) {
    bool cut = thread->frame_count > most;
    *ret_first_out = cut ? most - most / 2 : thread->frame_count;
    *ret_out = cut ? thread->frame_count - most : 0;
}

const char *qmon__kernel_release(const struct qmon_event *event) {
    static const char system[] = "Linux ";
    const char *kernel = event->host.kernel;
    return kernel && strncmp(kernel, system, sizeof system - 1) == 0 ? kernel + sizeof system - 1 : kernel;
}

static void add_line(struct qmon__buffer *out, struct qmon_text *line) {
    qmon__buffer_add(out, line->at, line->used);
    qmon__buffer_byte(out, '\n');
}

static bool is_executable(const struct qmon_event *event, const struct qmon_frame *frame) {
    return event->process.executable && strcmp(event->process.executable, frame->module) == 0;
}

static void add_place(struct qmon_text *line, const struct qmon_event *event, const struct qmon_frame *frame) {
    if (frame->file) {
        qmon_text_add(line, " at ");
        qmon_text_line(line, frame->file, PATH_COLUMNS, QMON_CUT_MIDDLE);
        if (frame->line)
            qmon_text_format(line, ":%" PRIu32, frame->line);
    } else if (frame->module && !is_executable(event, frame)) {
        qmon_text_add(line, " from ");
        qmon_text_line(line, frame->module, PATH_COLUMNS, QMON_CUT_MIDDLE);
    }
}

static void add_frame(struct qmon__buffer *out, const struct qmon_event *event, const struct qmon_frame *frame,
                      uint64_t number, bool has_address) {
    char text[LINE_BYTES];
    struct qmon_text line;
    qmon_text_begin(&line, text, sizeof text);
    qmon_text_format(&line, "#%-2" PRIu64 " ", number);
    if (frame->signal) {
        qmon_text_add(&line, "<signal handler called>");
        add_line(out, &line);
        return;
    }
    if (has_address)
        qmon_text_format(&line, "0x%016" PRIx64 " in ", frame->pc);
    qmon_text_line(&line, frame->function ? frame->function : "??", NAME_COLUMNS, QMON_CUT_MIDDLE);
    qmon_text_add(&line, " ()");
    add_place(&line, event, frame);
    add_line(out, &line);
}

static void add_gap(struct qmon__buffer *out, uint64_t frames) {
    char text[64];
    snprintf(text, sizeof text, "    (%" PRIu64 " frames are left out here)\n", frames);
    qmon__buffer_string(out, text);
}

static void add_stopped(struct qmon__buffer *out, const struct qmon_thread *thread) {
    char text[LINE_BYTES];
    struct qmon_text line;
    if (!thread->unwind_note)
        return;
    qmon_text_begin(&line, text, sizeof text);
    qmon_text_add(&line, "Backtrace stopped: ");
    qmon_text_line(&line, thread->unwind_note, NAME_COLUMNS, QMON_CUT_END);
    add_line(out, &line);
}

/* An interpreter's own stack, as gdb's extension for Python prints it. */
static void add_runtime(struct qmon__buffer *out, const struct qmon_event *event, const struct qmon_thread *thread,
                        size_t most_frames) {
    char text[LINE_BYTES];
    struct qmon_text line;
    size_t count = thread->runtime_frame_count < most_frames ? thread->runtime_frame_count : most_frames;
    if (count == 0)
        return;
    qmon_text_begin(&line, text, sizeof text);
    qmon_text_add(&line, "Traceback of ");
    qmon_text_line(&line, event->process.runtime ? event->process.runtime : "the interpreter", 60, QMON_CUT_END);
    qmon_text_add(&line, " (most recent call first):");
    add_line(out, &line);
    for (size_t i = 0; i < count; i++) {
        const struct qmon_frame *frame = &thread->runtime_frames[i];
        qmon_text_begin(&line, text, sizeof text);
        qmon_text_add(&line, "  File \"");
        qmon_text_line(&line, frame->file ? frame->file : "?", PATH_COLUMNS, QMON_CUT_MIDDLE);
        qmon_text_format(&line, "\", line %" PRIu32 ", in ", frame->line);
        qmon_text_line(&line, frame->function ? frame->function : "??", NAME_COLUMNS, QMON_CUT_MIDDLE);
        add_line(out, &line);
    }
    if (count < thread->runtime_frame_count)
        add_gap(out, thread->runtime_frame_count - count);
}

/* Frames of qmon's own are no part of the program: gdb would not have seen them without us, but for the trampoline that signal
 * handlers return to, which would have been libc's. */
void qmon__gdb_frames(struct qmon__buffer *out, const struct qmon_event *event, const struct qmon_thread *thread,
                      size_t most_frames) {
    size_t first_out, cut;
    uint64_t number = 0;
    bool inlined_before = false;
    qmon__trace_cut(thread, most_frames, &first_out, &cut);
    for (size_t i = 0; i < thread->frame_count; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        if (frame->role == QMON_ROLE_QMON && !frame->signal)
            continue;
        if (i == first_out)
            add_gap(out, cut);
        if (i < first_out || i >= first_out + cut)
            add_frame(out, event, frame, number, !inlined_before && !frame->language);
        inlined_before = frame->inlined;
        number++;
        if (frame->omitted_after) {
            add_gap(out, frame->omitted_after);
            number += frame->omitted_after;
        }
    }
    add_stopped(out, thread);
    add_runtime(out, event, thread, most_frames);
}

static void add_thread_name(struct qmon_text *line, const struct qmon_thread *thread) {
    if (!thread->name || !*thread->name)
        return;
    qmon_text_add(line, " \"");
    qmon_text_line(line, thread->name, 64, QMON_CUT_END);
    qmon_text_add(line, "\"");
}

void qmon__gdb_threads(struct qmon__buffer *out, const struct qmon_event *event,
                       const struct qmon__trace_limits *limits) {
    size_t count = event->thread_count < limits->threads ? event->thread_count : limits->threads;
    char text[LINE_BYTES];
    struct qmon_text line;
    for (size_t i = 0; i < count; i++) {
        const struct qmon_thread *thread = &event->threads[i];
        qmon_text_begin(&line, text, sizeof text);
        qmon_text_format(&line, "Thread %zu (LWP %" PRIu32, i + 1, thread->tid);
        add_thread_name(&line, thread);
        qmon_text_add(&line, "):");
        if (i)
            qmon__buffer_byte(out, '\n');
        add_line(out, &line);
        qmon__gdb_frames(out, event, thread, limits->frames);
    }
    if (count < event->thread_count) {
        snprintf(text, sizeof text, "\n(%zu more threads are left out)\n", event->thread_count - count);
        qmon__buffer_string(out, text);
    }
}

static void add_generated_by(struct qmon__buffer *out, const struct qmon_event *event) {
    const char *command = event->process.command_line && *event->process.command_line ? event->process.command_line
                                                                                      : event->process.executable;
    char text[LINE_BYTES];
    struct qmon_text line;
    if (!command)
        return;
    qmon_text_begin(&line, text, sizeof text);
    qmon_text_add(&line, event->kind == QMON_KIND_CRASH ? "Core was generated by `" : "Reported by `");
    qmon_text_line(&line, command, 1000, QMON_CUT_END);
    qmon_text_add(&line, "'.");
    add_line(out, &line);
}

static void add_end(struct qmon__buffer *out, const struct qmon_event *event) {
    const char *words = event->signal.number ? strsignal(event->signal.number) : NULL;
    char text[LINE_BYTES];
    struct qmon_text line;
    qmon_text_begin(&line, text, sizeof text);
    if (event->signal.number) {
        qmon_text_add(&line, "Program terminated with signal ");
        qmon_text_line(&line, event->signal.name ? event->signal.name : "?", 40, QMON_CUT_END);
        if (words) {
            qmon_text_add(&line, ", ");
            qmon_text_add(&line, words);
        }
        qmon_text_add(&line, ".");
    } else if (event->message) {
        qmon_text_line(&line, event->message, 1000, QMON_CUT_END);
    }
    if (line.used)
        add_line(out, &line);
}

char *qmon_gdb_backtrace(const struct qmon_event *event) {
    struct qmon__buffer out = {0};
    add_generated_by(&out, event);
    add_end(&out, event);
    if (event->thread_count) {
        char text[64];
        snprintf(text, sizeof text, "[Current thread is 1 (LWP %" PRIu32 ")]\n\n", event->threads[0].tid);
        qmon__buffer_string(&out, text);
        qmon__gdb_threads(&out, event, &all);
    }
    return qmon__buffer_take(&out);
}

/*
 * interchange_sentry_trace.c: traces, threads and modules in Sentry's terms. Frames go from the outermost to the innermost
 * one. Addresses and modules let Sentry symbolize again with debug files that were uploaded there: its debug_id is the
 * first half of the build id, as a UUID of which the first three numbers are little-endian.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <qmon/text.h>

#include "interchange.h"
#include "json_build.h"

#define NAME_BYTES 1024u
#define PATH_BYTES 512u
#define IMAGES 512u
#define UUID_BYTES 16u

static const char *platform_of(const struct qmon_frame *frame) {
    static const char *const known[] = {"python", "java", "node", "perl", "ruby", "php", "csharp", "go"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], frame->language) == 0)
            return known[i];
    return "other";
}

/* An inlined frame shares its address with the frame around it, which alone gets it: Sentry would unfold it twice. */
static void add_address(struct qmon__buffer *out, const struct qmon_frame *frame) {
    if (frame->language || frame->inlined || !frame->pc)
        return;
    qmon__put_hex(out, "instruction_addr", frame->pc);
    if (frame->function && frame->function_offset && frame->function_offset <= frame->pc)
        qmon__put_hex(out, "symbol_addr", frame->pc - frame->function_offset);
}

static void add_frame(struct qmon__buffer *out, const struct qmon_frame *frame) {
    qmon__put_open(out, NULL, '{');
    qmon__put_text(out, "function", frame->signal ? "<signal handler called>" : frame->function, NAME_BYTES);
    if (frame->file) {
        qmon__put_text(out, "filename", qmon_base_name(frame->file), PATH_BYTES);
        qmon__put_text(out, "abs_path", frame->file, PATH_BYTES);
        if (frame->line)
            qmon__put_number(out, "lineno", frame->line);
        if (frame->line && frame->column)
            qmon__put_number(out, "colno", frame->column);
    }
    qmon__put_text(out, "package", frame->module, PATH_BYTES);
    qmon__put_bool(out, "in_app", frame->in_app && !frame->filtered);
    if (frame->language)
        qmon__put_text(out, "platform", platform_of(frame), 16);
    add_address(out, frame);
    if (frame->guess)
        qmon__put_text(out, "trust", "scan", 8);
    qmon__put_close(out, '}');
}

/* A row that stands for frames that are not there. */
static void add_gap(struct qmon__buffer *out, uint64_t frames) {
    char text[64];
    snprintf(text, sizeof text, "<%llu frames are left out>", (unsigned long long) frames);
    qmon__put_open(out, NULL, '{');
    qmon__put_text(out, "function", text, sizeof text);
    qmon__put_bool(out, "in_app", false);
    qmon__put_close(out, '}');
}

static void add_registers(struct qmon__buffer *out, const struct qmon_event *event) {
    qmon__put_open(out, "registers", '{');
    for (size_t i = 0; i < event->register_count; i++)
        if (event->registers[i].name)
            qmon__put_hex(out, event->registers[i].name, event->registers[i].value);
    qmon__put_close(out, '}');
}

/* The interpreter's own frames stand where the program's native ones begin, which they called; else innermost. */
static size_t place_of_runtime(const struct qmon_thread *thread) {
    for (size_t i = thread->frame_count; i-- > 0;)
        if (thread->frames[i].in_app && !thread->frames[i].filtered)
            return i + 1;
    return 0;
}

static void add_runtime(struct qmon__buffer *out, const struct qmon_thread *thread, size_t most) {
    size_t count = thread->runtime_frame_count < most ? thread->runtime_frame_count : most;
    if (count < thread->runtime_frame_count)
        add_gap(out, thread->runtime_frame_count - count);
    for (size_t i = count; i-- > 0;)
        add_frame(out, &thread->runtime_frames[i]);
}

void qmon__sentry_stacktrace(struct qmon__buffer *out, const struct qmon_event *event, const struct qmon_thread *thread,
                             size_t most_frames) {
    size_t first_out, cut, runtime = place_of_runtime(thread);
    if (thread->frame_count == 0 && thread->runtime_frame_count == 0)
        return;
    qmon__trace_cut(thread, most_frames, &first_out, &cut);
    qmon__put_open(out, "stacktrace", '{');
    qmon__put_open(out, "frames", '[');
    for (size_t i = thread->frame_count; i-- > 0;) {
        const struct qmon_frame *frame = &thread->frames[i];
        if (i + 1 == runtime)
            add_runtime(out, thread, most_frames);
        if (cut && i + 1 == first_out + cut)
            add_gap(out, cut);
        if (frame->role == QMON_ROLE_QMON || (i >= first_out && i < first_out + cut))
            continue;
        if (frame->omitted_after)
            add_gap(out, frame->omitted_after);
        add_frame(out, frame);
    }
    if (runtime == 0)
        add_runtime(out, thread, most_frames);
    qmon__put_close(out, ']');
    if (thread->crashed && event->register_count)
        add_registers(out, event);
    qmon__put_close(out, '}');
}

void qmon__sentry_threads(struct qmon__buffer *out, const struct qmon_event *event,
                          const struct qmon__trace_limits *limits, bool with_first_trace) {
    if (event->thread_count == 0)
        return;
    qmon__put_open(out, "threads", '{');
    qmon__put_open(out, "values", '[');
    for (size_t i = 0; i < event->thread_count && i < limits->threads; i++) {
        const struct qmon_thread *thread = &event->threads[i];
        qmon__put_open(out, NULL, '{');
        qmon__put_number(out, "id", thread->tid);
        qmon__put_text(out, "name", thread->name, 64);
        qmon__put_bool(out, "crashed", thread->crashed);
        qmon__put_bool(out, "current", i == 0);
        if (event->process.pid)
            qmon__put_bool(out, "main", thread->tid == event->process.pid);
        qmon__put_text(out, "state", thread->state, 32);
        if (i > 0 || with_first_trace)
            qmon__sentry_stacktrace(out, event, thread, limits->frames);
        qmon__put_close(out, '}');
    }
    qmon__put_close(out, ']');
    qmon__put_close(out, '}');
}

/* "68220ae2c65d65c1b6aa..." as "e20a2268-5dc6-c165-b6aa-...". Zeroes stand for what a short build id lacks. */
static bool debug_id(const char *build_id, char ret_text[37]) {
    static const unsigned char order[UUID_BYTES] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t digits = strspn(build_id, "0123456789abcdefABCDEF"), at = 0;
    if (digits < 2 || build_id[digits] != '\0')
        return false;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        size_t from = 2u * order[i];
        if (i == 4 || i == 6 || i == 8 || i == 10)
            ret_text[at++] = '-';
        ret_text[at++] = from + 1 < digits ? (char) tolower((unsigned char) build_id[from]) : '0';
        ret_text[at++] = from + 1 < digits ? (char) tolower((unsigned char) build_id[from + 1]) : '0';
    }
    ret_text[at] = '\0';
    return true;
}

static const struct qmon_frame *frame_in(const struct qmon_event *event, const struct qmon_module *module) {
    for (size_t i = 0; i < event->thread_count; i++)
        for (size_t j = 0; j < event->threads[i].frame_count; j++) {
            const struct qmon_frame *frame = &event->threads[i].frames[j];
            if (!frame->language && frame->pc >= module->start && frame->pc < module->end)
                return frame;
        }
    return NULL;
}

/* Where its file begins in memory. What we have is the part that is executed; the frame knows the load bias, which is that
 * place for everything but programs linked to a fixed address. */
static uint64_t image_start(const struct qmon_module *module, const struct qmon_frame *frame) {
    uint64_t bias = frame->module && frame->offset <= frame->pc ? frame->pc - frame->offset : 0;
    if (bias)
        return bias;
    return module->file_offset < module->start ? module->start - module->file_offset : module->start;
}

static void add_image(struct qmon__buffer *out, const struct qmon_module *module, const struct qmon_frame *frame) {
    char id[37];
    uint64_t start = image_start(module, frame);
    if (!module->build_id || !debug_id(module->build_id, id) || start >= module->end)
        return;
    qmon__put_open(out, NULL, '{');
    qmon__put_text(out, "type", "elf", 8);
    qmon__put_text(out, "code_file", module->path, PATH_BYTES);
    qmon__put_text(out, "code_id", module->build_id, 64);
    qmon__put_text(out, "debug_id", id, sizeof id);
    qmon__put_hex(out, "image_addr", start);
    qmon__put_number(out, "image_size", module->end - start);
    qmon__put_close(out, '}');
}

void qmon__sentry_images(struct qmon__buffer *out, const struct qmon_event *event) {
    unsigned images = 0;
    qmon__put_open(out, "debug_meta", '{');
    qmon__put_open(out, "images", '[');
    for (size_t i = 0; i < event->module_count && images < IMAGES; i++) {
        const struct qmon_frame *frame = frame_in(event, &event->modules[i]);
        if (!frame)
            continue;
        add_image(out, &event->modules[i], frame);
        images++;
    }
    qmon__put_close(out, ']');
    qmon__put_close(out, '}');
}

/* render_words.c: a frame, a number, a time in words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <qmon/text.h>

#include "render_words.h"

#define SECOND_NS UINT64_C(1000000000)
#define LONG_NAME 64u /* bytes of a function's name that are shown as they are */
#define NAME_BYTES 1024u

size_t qmon__words_place(const struct qmon_frame *frame, bool base_names, size_t max_columns, char *ret_text,
                         size_t bytes) {
    struct qmon_text text;
    size_t columns = 0;

    qmon_text_begin(&text, ret_text, bytes);
    if (frame->file) {
        qmon_text_line(&text, base_names ? qmon_base_name(frame->file) : frame->file, max_columns - 11, QMON_CUT_START);
        if (frame->line)
            qmon_text_format(&text, ":%" PRIu32, frame->line);
    } else if (frame->module && frame->function) {
        qmon_text_line(&text, qmon_base_name(frame->module), max_columns, QMON_CUT_START);
    }
    for (const char *c = ret_text; *c; c++)
        columns += ((unsigned char) *c & 0xc0u) != 0x80u;
    return columns;
}

void qmon__words_function(struct qmon_text *text, const struct qmon_frame *frame, size_t max_columns) {
    qmon__words_function_whole(text, frame, max_columns, false);
}

void qmon__words_function_whole(struct qmon_text *text, const struct qmon_frame *frame, size_t max_columns,
                                bool whole) {
    char brief[NAME_BYTES];

    if (frame->function && !whole && strlen(frame->function) > LONG_NAME) {
        qmon__short_name(frame->function, brief, sizeof brief);
        qmon_text_line(text, brief, max_columns, QMON_CUT_MIDDLE);
        if (!frame->file && frame->function_offset)
            qmon_text_format(text, "+0x%" PRIx64, frame->function_offset);
    } else if (frame->function) {
        qmon_text_line(text, frame->function, max_columns, QMON_CUT_MIDDLE);
        if (!frame->file && frame->function_offset)
            qmon_text_format(text, "+0x%" PRIx64, frame->function_offset);
    } else if (frame->module) {
        qmon_text_line(text, qmon_base_name(frame->module), max_columns, QMON_CUT_MIDDLE);
        qmon_text_format(text, "+0x%" PRIx64, frame->offset);
    } else {
        qmon_text_format(text, "0x%" PRIx64, frame->pc);
    }
}

static const char *name_in(const struct qmon_thread *thread, size_t at) {
    const struct qmon_frame *frame = &thread->frames[at];

    return frame->role == QMON_ROLE_QMON ? NULL : frame->function;
}

void qmon__words_range(struct qmon_text *text, const struct qmon_thread *thread, size_t first, size_t count) {
    const char *from = NULL, *to = NULL;

    for (size_t i = first; i < first + count; i++) {
        const char *name = name_in(thread, i);
        from = from ? from : name;
        to = name ? name : to;
    }
    if (!from)
        return;
    qmon_text_add(text, " (");
    qmon_text_line(text, from, 32, QMON_CUT_MIDDLE);
    if (strcmp(from, to) != 0) {
        qmon_text_add(text, " \xe2\x80\xa6 ");
        qmon_text_line(text, to, 32, QMON_CUT_MIDDLE);
    }
    qmon_text_add(text, ")");
}

/* Code that was made at run time has neither name nor file: where it called something that has, that says more. */
static const struct qmon_frame *named_frame(const struct qmon_thread *thread, size_t index) {
    const struct qmon_frame *frame = &thread->frames[index];

    if (frame->function || frame->module)
        return frame;
    for (size_t i = index; i-- > 0;) {
        const struct qmon_frame *inner = &thread->frames[i];
        if (inner->function && !inner->filtered && inner->role != QMON_ROLE_LIBC && inner->role != QMON_ROLE_QMON)
            return inner;
    }
    return frame;
}

const struct qmon_frame *qmon_render_runtime_origin(const struct qmon_thread *thread) {
    for (size_t i = 0; i < thread->runtime_frame_count; i++)
        if (thread->runtime_frames[i].in_app && !thread->runtime_frames[i].filtered)
            return &thread->runtime_frames[i];
    return NULL;
}

const struct qmon_frame *qmon_render_origin(const struct qmon_event *event) {
    if (event->thread_count == 0)
        return NULL;
    return event->origin < event->threads[0].frame_count ? &event->threads[0].frames[event->origin]
                                                         : qmon_render_runtime_origin(&event->threads[0]);
}

static const struct qmon_frame *where_frame(const struct qmon_event *event) {
    if (event->thread_count == 0)
        return NULL;
    const struct qmon_thread *thread = &event->threads[0];
    if (event->origin < thread->frame_count)
        return named_frame(thread, event->origin);
    const struct qmon_frame *of_runtime = qmon_render_runtime_origin(thread);
    if (of_runtime)
        return of_runtime;
    for (size_t i = 0; i < thread->frame_count; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        if (frame->role != QMON_ROLE_QMON && frame->role != QMON_ROLE_LIBC && !frame->filtered)
            return named_frame(thread, i);
    }
    return thread->frame_count ? &thread->frames[0] : NULL;
}

const struct qmon_frame *qmon_render_where(const struct qmon_event *event, bool base_names, char *ret_text,
                                           size_t bytes) {
    const struct qmon_frame *frame = where_frame(event);
    struct qmon_text text;
    char place[512];

    qmon_text_begin(&text, ret_text, bytes);
    if (!frame)
        return NULL;
    qmon__words_function(&text, frame, bytes / 2);
    if (qmon__words_place(frame, base_names, 120, place, sizeof place)) {
        qmon_text_add(&text, " (");
        qmon_text_add(&text, place);
        qmon_text_add(&text, ")");
    }
    return frame;
}

char *qmon_render_number(uint64_t value, char *ret_text, size_t bytes) {
    char digits[32];
    struct qmon_text text;
    int count = snprintf(digits, sizeof digits, "%" PRIu64, value);

    qmon_text_begin(&text, ret_text, bytes);
    for (int i = 0; i < count; i++) {
        char one[3] = {digits[i], '\0', '\0'};
        if (i + 1 < count && (count - i - 1) % 3 == 0)
            one[1] = ',';
        qmon_text_add(&text, one);
    }
    return ret_text;
}

char *qmon_render_bytes(uint64_t bytes_count, char *ret_text, size_t bytes) {
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    uint64_t whole = bytes_count, rest = 0;

    for (; whole >= 1024; unit++) {
        rest = whole % 1024;
        whole /= 1024;
    }
    if (whole < 10 && unit > 0 && rest * 10 / 1024 > 0)
        snprintf(ret_text, bytes, "%" PRIu64 ".%" PRIu64 " %s", whole, rest * 10 / 1024, units[unit]);
    else
        snprintf(ret_text, bytes, "%" PRIu64 " %s", whole, units[unit]);
    return ret_text;
}

char *qmon_render_duration(uint64_t duration_ns, char *ret_text, size_t bytes) {
    static const struct {
        uint64_t seconds, part;
        const char *name, *part_name;
    } units[] = {{86400, 3600, "d", "h"}, {3600, 60, "h", "min"}, {60, 1, "min", "s"}};
    uint64_t seconds = duration_ns / SECOND_NS;

    if (duration_ns < 1000000) {
        snprintf(ret_text, bytes, "%" PRIu64 " us", duration_ns / 1000);
        return ret_text;
    }
    if (seconds == 0) {
        snprintf(ret_text, bytes, "%" PRIu64 " ms", duration_ns / 1000000);
        return ret_text;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (seconds < units[i].seconds)
            continue;
        uint64_t part = seconds % units[i].seconds / units[i].part;
        int used = snprintf(ret_text, bytes, "%" PRIu64 " %s", seconds / units[i].seconds, units[i].name);
        if (part && used > 0 && (size_t) used < bytes)
            snprintf(ret_text + used, bytes - (size_t) used, " %" PRIu64 " %s", part, units[i].part_name);
        return ret_text;
    }
    snprintf(ret_text, bytes, "%" PRIu64 ".%" PRIu64 " s", seconds, duration_ns % SECOND_NS / (SECOND_NS / 10));
    return ret_text;
}

char *qmon_render_time(uint64_t time_ns, char *ret_text, size_t bytes) {
    time_t seconds = (time_t) (time_ns / SECOND_NS);
    struct tm parts;

    if (!gmtime_r(&seconds, &parts) || strftime(ret_text, bytes, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        snprintf(ret_text, bytes, "unknown time");
    return ret_text;
}

/* render.c: the rows of a trace as words. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/text.h>

#include "render_plan.h"
#include "render_words.h"
#include "same_stack.h"

#define DEFAULT_COLUMNS 200
#define RUNTIME_ROWS 64u /* of an interpreter's stack, where max_rows says nothing */
#define LEAST_COLUMNS 40
#define MOST_COLUMNS 240 /* of four bytes each, still inside a row */

#define DIM "\033[2m"
#define BOLD "\033[1m"
#define ALARM "\033[1;31m"
#define PLACE "\033[36m"
#define PLAIN "\033[0m"
#define PLAIN_BYTES 4

struct painter {
    const struct qmon_event *event;
    const struct qmon_render_options *options;
    size_t columns;
    struct qmon_text text;
    struct qmon_render_row row;
    qmon_render_output *output;
    void *context;
    char buffer[QMON_RENDER_ROW_BYTES];
};

static void paint(struct painter *painter, const char *escape) {
    if (painter->options->color)
        qmon_text_add(&painter->text, escape);
}

/* The last escape always fits: the buffer that the words are written to is shorter by its length. */
static void begin_row(struct painter *painter) {
    qmon_text_begin(&painter->text, painter->buffer, sizeof painter->buffer - PLAIN_BYTES);
    if (painter->options->indent)
        qmon_text_line(&painter->text, painter->options->indent, LEAST_COLUMNS, QMON_CUT_END);
}

static void end_row(struct painter *painter) {
    if (painter->options->color) {
        painter->text.size = sizeof painter->buffer;
        painter->text.cut = false;
        qmon_text_add(&painter->text, PLAIN);
    }
    painter->row.text = painter->buffer;
    painter->output(painter->context, &painter->row);
}

static void paint_frame(struct painter *painter, const struct qmon_frame *frame) {
    struct qmon_text *text = &painter->text;
    char place[512];
    bool marker_only = frame->signal && frame->role == QMON_ROLE_QMON;
    size_t place_columns =
        qmon__words_place(frame, painter->options->base_names, painter->columns / 2, place, sizeof place);
    size_t most = painter->columns - 8 - place_columns; /* 8: number, parentheses, blanks */

    paint(painter, DIM);
    qmon_text_format(text, "#%-2" PRIu32 " ", frame->index);
    paint(painter, PLAIN);
    if (frame->signal)
        qmon_text_add(text, marker_only ? "<signal handler called>" : "<signal handler called> ");
    if (marker_only)
        return;
    paint(painter, painter->row.origin ? ALARM : frame->in_app && !frame->filtered ? BOLD : "");
    qmon__words_function_whole(text, frame, most, painter->options->unfolded);
    paint(painter, PLAIN);
    if (place[0]) {
        qmon_text_add(text, " (");
        paint(painter, PLACE);
        qmon_text_add(text, place);
        paint(painter, PLAIN);
        qmon_text_add(text, ")");
    }
    if (frame->inlined)
        qmon_text_add(text, " [inlined]");
    if (frame->tail_call && !frame->inlined)
        qmon_text_add(text, " [tail call]");
    if (frame->guess)
        qmon_text_add(text, " [guess]");
    if (frame->language) {
        qmon_text_add(text, " [");
        qmon_text_line(text, frame->language, 16, QMON_CUT_END);
        qmon_text_add(text, "]");
    }
}

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

static void paint_count(struct qmon_text *text, const char *before, uint64_t count, const char *after) {
    char number[32];

    qmon_text_format(text, "%s%s%s", before, qmon_render_number(count, number, sizeof number), after);
}

/* "… 5 libc frames (raise … abort)", "… 7 frames (5 libc, 2 filtered)" */
static void paint_folded(struct painter *painter, const struct qmon__plan_row *row) {
    static const char *const names[QMON__FOLD_CLASSES] = {"libc", "runtime", "filtered"};
    struct qmon_text *text = &painter->text;
    unsigned kinds = 0;
    const char *only = "", *separator = " (";

    for (unsigned i = 0; i < QMON__FOLD_CLASSES; i++) {
        if (!row->classes[i])
            continue;
        only = names[i];
        kinds++;
    }
    paint_count(text, "\xe2\x80\xa6 ", row->times, " ");
    if (kinds == 1)
        qmon_text_format(text, "%s ", only);
    qmon_text_format(text, "frame%s", plural(row->times));
    if (kinds == 1 && !row->classes[QMON__FOLD_FILTERED]) {
        qmon__words_range(text, painter->row.thread, row->first, row->count);
        return;
    }
    for (unsigned i = 0; kinds > 1 && i < QMON__FOLD_CLASSES; i++) {
        if (!row->classes[i])
            continue;
        qmon_text_format(text, "%s%zu %s", separator, row->classes[i], names[i]);
        separator = ", ";
    }
    if (kinds > 1)
        qmon_text_add(text, ")");
}

static void paint_words(struct painter *painter, const struct qmon__plan_row *row) {
    struct qmon_text *text = &painter->text;

    switch (row->kind) {
    case QMON_ROW_FOLDED:
        paint_folded(painter, row);
        break;
    case QMON_ROW_REPEATED:
        if (row->count == 1)
            paint_count(text, "\xe2\x80\xa6 repeated ", row->times, " times");
        else
            qmon_text_format(text, "\xe2\x80\xa6 these %zu frames", row->count);
        if (row->count > 1)
            paint_count(text, " repeated ", row->times, " times");
        break;
    case QMON_ROW_OMITTED:
        paint_count(text, "\xe2\x80\xa6 ", row->times,
                    row->times == 1 ? " frame not captured" : " frames not captured");
        break;
    case QMON_ROW_CUT:
        paint_count(text, "\xe2\x80\xa6 ", row->times, row->times == 1 ? " frame left out" : " frames left out");
        break;
    default:
        break;
    }
}

static void give_row(struct painter *painter, const struct qmon__plan *plan, const struct qmon__plan_row *row) {
    begin_row(painter);
    painter->row = (struct qmon_render_row){.kind = row->kind, .thread = plan->thread, .first = row->first};
    painter->row.count = row->count;
    painter->row.times = row->times;
    if (row->kind == QMON_ROW_FRAME) {
        painter->row.frame = &plan->thread->frames[row->first];
        painter->row.origin = row->first == plan->origin;
        paint_frame(painter, painter->row.frame);
    } else {
        paint(painter, DIM);
        paint_words(painter, row);
    }
    end_row(painter);
}

static void give_thread_row(struct painter *painter, const struct qmon_thread *thread, size_t others) {
    struct qmon_text *text = &painter->text;

    begin_row(painter);
    painter->row = (struct qmon_render_row){.kind = QMON_ROW_THREAD, .thread = thread};
    paint(painter, BOLD);
    qmon_text_format(text, "Thread %" PRIu32, thread->tid);
    if (thread->name && thread->name[0]) {
        qmon_text_add(text, " \"");
        qmon_text_line(text, thread->name, 32, QMON_CUT_END);
        qmon_text_add(text, "\"");
    }
    if (thread->crashed)
        qmon_text_add(text, ", crashed");
    if (thread->state) {
        qmon_text_add(text, ", ");
        qmon_text_line(text, thread->state, 32, QMON_CUT_END);
    }
    if (others)
        paint_count(text, ", and ", others, others == 1 ? " other in the same place" : " others in the same place");
    end_row(painter);
}

static void give_note_row(struct painter *painter, const struct qmon_thread *thread) {
    if (!thread->unwind_note)
        return;
    begin_row(painter);
    painter->row = (struct qmon_render_row){.kind = QMON_ROW_NOTE, .thread = thread};
    paint(painter, DIM);
    qmon_text_add(&painter->text, "(");
    qmon_text_line(&painter->text, thread->unwind_note, painter->columns, QMON_CUT_END);
    qmon_text_add(&painter->text, ")");
    end_row(painter);
}

static void give_heading(struct painter *painter, const struct qmon_thread *thread, const char *words) {
    begin_row(painter);
    painter->row = (struct qmon_render_row){.kind = QMON_ROW_NOTE, .thread = thread};
    paint(painter, DIM);
    qmon_text_line(&painter->text, words, 40, QMON_CUT_END);
    qmon_text_add(&painter->text, ":");
    end_row(painter);
}

/* The interpreter's own stack. */
static void give_runtime_rows(struct painter *painter, const struct qmon_thread *thread, bool is_first) {
    size_t limit = painter->options->max_rows ? painter->options->max_rows : RUNTIME_ROWS;
    const struct qmon_frame *origin =
        is_first && thread == painter->event->threads ? qmon_render_runtime_origin(thread) : NULL;

    if (thread->runtime_frame_count == 0)
        return;
    give_heading(painter, thread, painter->event->process.runtime ? painter->event->process.runtime : "interpreter");
    for (size_t i = 0; i < thread->runtime_frame_count && i < limit; i++) {
        begin_row(painter);
        painter->row = (struct qmon_render_row){.kind = QMON_ROW_FRAME, .thread = thread};
        painter->row.frame = &thread->runtime_frames[i];
        painter->row.origin = painter->row.frame == origin;
        paint_frame(painter, painter->row.frame);
        end_row(painter);
    }
    const struct qmon_frame *last = &thread->runtime_frames[thread->runtime_frame_count - 1];
    uint64_t left = last->omitted_after;
    left += thread->runtime_frame_count > limit ? thread->runtime_frame_count - limit : 0;
    if (left == 0)
        return;
    begin_row(painter);
    painter->row = (struct qmon_render_row){.kind = QMON_ROW_CUT, .thread = thread, .times = left};
    paint(painter, DIM);
    paint_count(&painter->text, "\xe2\x80\xa6 ", left, left == 1 ? " frame left out" : " frames left out");
    end_row(painter);
}

static void give_thread(struct painter *painter, const struct qmon__plan *plan) {
    if (plan->runtime_is_first) {
        give_runtime_rows(painter, plan->thread, true);
        give_heading(painter, plan->thread, "below it, the interpreter");
    }
    for (size_t row = 0; row < plan->count; row++)
        give_row(painter, plan, &plan->rows[row]);
    give_note_row(painter, plan->thread);
    if (!plan->runtime_is_first)
        give_runtime_rows(painter, plan->thread, false);
}

static size_t others_with_stack(const struct qmon_event *event, size_t at) {
    size_t count = 0;

    for (size_t i = at + 1; i < event->thread_count; i++)
        count += qmon__same_stack(&event->threads[at], &event->threads[i]);
    return count;
}

int qmon_render_trace(const struct qmon_event *event, const struct qmon_render_options *options,
                      qmon_render_output *output, void *context) {
    static const struct qmon_render_options defaults = {0};
    struct painter painter = {.event = event, .options = options ? options : &defaults, .output = output};
    size_t threads = event->thread_count;
    int r = 0;

    painter.context = context;
    painter.columns = painter.options->max_columns ? painter.options->max_columns : DEFAULT_COLUMNS;
    if (painter.columns < LEAST_COLUMNS)
        painter.columns = LEAST_COLUMNS;
    if (painter.columns > MOST_COLUMNS)
        painter.columns = MOST_COLUMNS;
    if (!painter.options->all_threads && threads > 1)
        threads = 1;
    for (size_t i = 0; i < threads && r == 0; i++) {
        struct qmon__plan plan;
        size_t others = 0;
        if (painter.options->all_threads && !painter.options->unfolded && i > 0) {
            if (qmon__first_with_stack(event, i) < i)
                continue;
            others = others_with_stack(event, i);
        }
        r = qmon__plan_make(&plan, event, i, painter.options);
        if (r == 0 && painter.options->all_threads)
            give_thread_row(&painter, plan.thread, others);
        if (r == 0)
            give_thread(&painter, &plan);
        qmon__plan_free(&plan);
    }
    return r;
}

struct gathered {
    char *bytes;
    size_t used, capacity;
    bool failed;
};

static void gather(void *context, const struct qmon_render_row *row) {
    struct gathered *all = context;
    size_t count = strlen(row->text);

    if (all->failed)
        return;
    if (all->capacity - all->used < count + 2) {
        size_t capacity = all->capacity * 2 + count + 2;
        char *bytes = realloc(all->bytes, capacity);
        if (!bytes) {
            all->failed = true;
            return;
        }
        all->bytes = bytes;
        all->capacity = capacity;
    }
    memcpy(all->bytes + all->used, row->text, count);
    all->used += count;
    all->bytes[all->used++] = '\n';
    all->bytes[all->used] = '\0';
}

char *qmon_render_trace_text(const struct qmon_event *event, const struct qmon_render_options *options) {
    struct gathered all = {0};

    if (qmon_render_trace(event, options, gather, &all) < 0 || all.failed) {
        free(all.bytes);
        return NULL;
    }
    return all.bytes ? all.bytes : strdup("");
}

/* render_plan.c: folds a thread's frames into rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recursion.h"
#include "render_plan.h"

#define LEAST_ROWS 8

void qmon__plan_add(struct qmon__plan *plan, const struct qmon__plan_row *row) {
    if (plan->failed)
        return;
    if (plan->count == plan->capacity) {
        size_t capacity = plan->capacity ? plan->capacity * 2 : 64;
        struct qmon__plan_row *rows = reallocarray(plan->rows, capacity, sizeof *rows);
        if (!rows) {
            plan->failed = true;
            return;
        }
        plan->rows = rows;
        plan->capacity = capacity;
    }
    plan->rows[plan->count++] = *row;
}

/* A handler returns to our trampoline and not to libc's; that it was one must be seen all the same. */
static bool is_shown(const struct qmon_frame *frame) {
    return frame->role != QMON_ROLE_QMON || frame->signal;
}

static enum qmon__fold_class fold_class(const struct qmon__plan *plan, size_t at) {
    const struct qmon_frame *frame = &plan->thread->frames[at];

    if (plan->unfolded || at == plan->origin || frame->signal)
        return QMON__FOLD_NOT;
    if (frame->filtered)
        return QMON__FOLD_FILTERED;
    if (at == plan->faulting)
        return QMON__FOLD_NOT;
    if (frame->role == QMON_ROLE_LIBC)
        return QMON__FOLD_LIBC;
    if (frame->role == QMON_ROLE_RUNTIME && plan->has_app)
        return QMON__FOLD_RUNTIME;
    return QMON__FOLD_NOT;
}

/* A run of frames of little interest that begins at `at`: its row, or nothing (count 0) when it is not worth folding. */
static struct qmon__plan_row fold_run(const struct qmon__plan *plan, size_t at) {
    const struct qmon_thread *thread = plan->thread;
    struct qmon__plan_row row = {.kind = QMON_ROW_FOLDED, .first = at};
    size_t i = at;

    while (i < thread->frame_count) {
        if (is_shown(&thread->frames[i])) {
            enum qmon__fold_class class = fold_class(plan, i);
            if (class == QMON__FOLD_NOT)
                break;
            row.classes[class]++;
        }
        if (thread->frames[i++].omitted_after)
            break;
    }
    size_t libc = row.classes[QMON__FOLD_LIBC], runtime = row.classes[QMON__FOLD_RUNTIME];
    row.times = row.stands_for = libc + runtime + row.classes[QMON__FOLD_FILTERED];
    if (row.classes[QMON__FOLD_FILTERED] || libc >= 2 || libc + runtime >= 3)
        row.count = i - at;
    return row;
}

static void add_omitted(struct qmon__plan *plan, size_t at) {
    uint64_t omitted = plan->thread->frames[at].omitted_after;

    if (omitted) {
        struct qmon__plan_row row = {.kind = QMON_ROW_OMITTED, .first = at, .times = omitted, .stands_for = omitted};
        qmon__plan_add(plan, &row);
    }
}

static size_t plan_step(struct qmon__plan *plan, size_t at) {
    struct qmon__plan_row run = fold_run(plan, at);

    if (run.count) {
        qmon__plan_add(plan, &run);
        add_omitted(plan, at + run.count - 1);
        return run.count;
    }
    if (!is_shown(&plan->thread->frames[at])) {
        add_omitted(plan, at);
        return 1;
    }
    size_t repeated = plan->unfolded ? 0 : qmon__plan_recursion(plan, at);
    if (repeated)
        return repeated;
    struct qmon__plan_row row = {.kind = QMON_ROW_FRAME, .first = at, .count = 1, .times = 1, .stands_for = 1};
    qmon__plan_add(plan, &row);
    add_omitted(plan, at);
    return 1;
}

/* A fault's own frame says more than "libc" does; that of an abort or of a signal somebody sent does not. */
static size_t find_faulting(const struct qmon_event *event, const struct qmon_thread *thread) {
    if (event->kind != QMON_KIND_CRASH || event->signal.sender_pid || event->signal.number == 6)
        return SIZE_MAX;
    for (size_t i = 0; i < thread->frame_count; i++)
        if (is_shown(&thread->frames[i]))
            return thread->frames[i].exact ? i : SIZE_MAX;
    return SIZE_MAX;
}

int qmon__plan_make(struct qmon__plan *plan, const struct qmon_event *event, size_t number,
                    const struct qmon_render_options *options) {
    const struct qmon_thread *thread = &event->threads[number];

    *plan = (struct qmon__plan){.thread = thread, .origin = SIZE_MAX, .faulting = SIZE_MAX};
    plan->unfolded = options->unfolded;
    if (number == 0) {
        plan->origin = event->origin;
        plan->faulting = find_faulting(event, thread);
    }
    if (thread->frame_count == 0)
        return 0;
    plan->keys = calloc(thread->frame_count, sizeof *plan->keys);
    if (!plan->keys)
        return -ENOMEM;
    for (size_t i = 0; i < thread->frame_count; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        plan->keys[i] = qmon__frame_key(frame);
        plan->has_app |= frame->in_app && !frame->filtered && is_shown(frame);
    }
    plan->runtime_is_first = !plan->has_app && qmon_render_runtime_origin(thread) != NULL;
    plan->has_app |= plan->runtime_is_first;
    for (size_t at = 0; at < thread->frame_count;)
        at += plan_step(plan, at);
    if (options->max_rows)
        qmon__plan_cut(plan, options->max_rows < LEAST_ROWS ? LEAST_ROWS : options->max_rows);
    return plan->failed ? -ENOMEM : 0;
}

void qmon__plan_free(struct qmon__plan *plan) {
    free(plan->rows);
    free(plan->keys);
    *plan = (struct qmon__plan){0};
}

static bool kept(const struct qmon__plan *plan, size_t row, size_t head, size_t tail) {
    const struct qmon__plan_row *it = &plan->rows[row];

    if (row < head || row >= tail)
        return true;
    return it->kind == QMON_ROW_FRAME && it->first == plan->origin;
}

void qmon__plan_cut(struct qmon__plan *plan, size_t max_rows) {
    if (plan->count <= max_rows)
        return;
    size_t keep = max_rows - 3; /* the origin may come between two cuts */
    size_t head = keep * 2 / 3, tail = plan->count - (keep - head);
    size_t out = 0;
    bool cutting = false;

    for (size_t i = 0; i < plan->count; i++) {
        struct qmon__plan_row row = plan->rows[i];
        if (kept(plan, i, head, tail)) {
            cutting = false;
            plan->rows[out++] = row;
        } else if (cutting) {
            struct qmon__plan_row *cut = &plan->rows[out - 1];
            if (row.first + row.count > cut->first + cut->count)
                cut->count = row.first + row.count - cut->first;
            cut->times += row.stands_for;
            cut->stands_for = cut->times;
        } else {
            cutting = true;
            row.kind = QMON_ROW_CUT;
            row.times = row.stands_for;
            plan->rows[out++] = row;
        }
    }
    plan->count = out;
}

#include "same_stack.h"

#include <string.h>

#include <qmon/pipeline.h>

#define MANY_FRAMES 2048u

static bool same_text(const char *one, const char *other) {
    return one == other || (one && other && strcmp(one, other) == 0);
}

bool qmon__same_stack(const struct qmon_thread *one, const struct qmon_thread *other) {
    if (one->frame_count != other->frame_count || one->runtime_frame_count || other->runtime_frame_count ||
        !same_text(one->unwind_note, other->unwind_note))
        return false;
    if (one->frames == other->frames)
        return true;
    for (size_t i = 0; i < one->frame_count; i++) {
        const struct qmon_frame *a = &one->frames[i], *b = &other->frames[i];
        if (a->pc != b->pc || a->inlined != b->inlined || a->exact != b->exact || a->guess != b->guess ||
            a->signal != b->signal || a->tail_call != b->tail_call || a->omitted_after != b->omitted_after ||
            a->language || b->language)
            return false;
    }
    return one->frame_count > 0;
}

size_t qmon__first_with_stack(const struct qmon_event *event, size_t at) {
    for (size_t i = 1; i < at; i++)
        if (qmon__same_stack(&event->threads[i], &event->threads[at]))
            return i;
    return at;
}

void qmon_fold_threads(struct qmon_event *event) {
    size_t frames = 0;

    for (size_t i = 0; i < event->thread_count; i++)
        frames += event->threads[i].frame_count;
    if (frames < MANY_FRAMES)
        return;
    for (size_t i = 2; i < event->thread_count; i++) {
        size_t first = qmon__first_with_stack(event, i);
        if (first < i)
            event->threads[i].same_as = event->threads[first].tid;
    }
}

void qmon__unfold_threads(struct qmon_event *event) {
    for (size_t i = 1; i < event->thread_count; i++) {
        struct qmon_thread *thread = &event->threads[i];
        const struct qmon_thread *of = event->threads;
        while (thread->same_as && of < thread && (of->tid != thread->same_as || of->same_as))
            of++;
        if (!thread->same_as || thread->frame_count)
            thread->same_as = 0;
        else if (of < thread)
            thread->frames = of->frames;
        if (thread->same_as && of < thread)
            thread->frame_count = of->frame_count;
    }
}

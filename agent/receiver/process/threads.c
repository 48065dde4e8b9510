/* The other threads as part of the event. thread_stop.c makes them stand still, thread_stack.c follows their stacks. */
#include "threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>

#include "moment.h"
#include "process_memory.h"
#include "thread_stack.h"

#define FULL_STACKS 2048u
#define FRAMES_OF_ALL 32768u /* an event can hold so many, and inlined ones besides */

static const char *state_words(char state) {
    switch (state) {
    case 'R':
        return "running";
    case 'S':
        return "sleeping";
    case 'D':
        return "waiting in the kernel";
    case 'T':
    case 't':
        return "stopped";
    case 'Z':
    case 'X':
        return "ended";
    default:
        return NULL;
    }
}

static const char *note_on(const struct qmon__stopped *stopped, const struct qmon__stack *stack) {
    if (stopped->error == ETIMEDOUT)
        return "it did not stop in time";
    if (stopped->error == EPERM || stopped->error == ENOSYS)
        return NULL; /* told once for all */
    if (stopped->error != 0)
        return "it could not be stopped";
    if (stack->count == QMON__STACK_FRAMES)
        return "its stack is deeper than what is kept of threads that did not crash";
    return stack->count > 0 && !stack->complete ? "the stack could not be followed further" : NULL;
}

static void add_thread(struct qmon_event *event, const struct qmon__stopped *stopped, const struct qmon__stack *stack) {
    struct qmon_thread *thread = &event->threads[event->thread_count];
    memset(thread, 0, sizeof *thread);
    thread->tid = (uint32_t) stopped->tid;
    thread->name = stopped->name[0] != '\0' ? qmon_event_text(event, stopped->name) : NULL;
    thread->state = state_words(stopped->state);
    thread->unwind_note = note_on(stopped, stack);
    thread->frames = qmon_event_alloc(event, (stack->count + 1) * sizeof *thread->frames);
    if (thread->frames == NULL)
        return;
    for (size_t i = 0; i < stack->count; i++) {
        const struct qmon__stack_frame *frame = &stack->frames[i];
        thread->frames[i] = (struct qmon_frame){.index = (uint32_t) i,
                                                .pc = frame->pc,
                                                .exact = frame->exact,
                                                .guess = frame->guess,
                                                .signal = frame->signal};
    }
    thread->frame_count = stack->count;
    event->thread_count++;
}

static void unwind_all(struct qmon_event *event, const struct qmon__stopped *stopped, size_t count, uint64_t until_ms) {
    struct qmon__stack stack;
    size_t left_out = 0, frames = 0;
    for (size_t i = 0; i < count; i++) {
        const bool in_time = i < FULL_STACKS && frames < FRAMES_OF_ALL && qmon_monotonic_ms() < until_ms;
        stack.count = 0;
        if (stopped[i].error == 0 && in_time)
            qmon__stack_take(stopped[i].tid, until_ms, &stack);
        frames += stack.count;
        left_out += !in_time;
        if (in_time)
            add_thread(event, &stopped[i], &stack);
    }
    if (left_out > 0)
        qmon_event_note(event, "%zu more threads are left out: there was no time to look at them, or no room",
                        left_out);
}

/* Room for one thread and up to `count` more. */
static bool make_room(struct qmon_event *event, size_t count) {
    struct qmon_thread *threads = qmon_event_alloc(event, (event->thread_count + count + 1) * sizeof *threads);
    if (threads == NULL)
        return false;
    if (event->thread_count > 0)
        memcpy(threads, event->threads, event->thread_count * sizeof *threads);
    event->threads = threads;
    return true;
}

static bool read_for_runtime(void *memory, uint64_t address, void *to, size_t bytes) {
    return qmon__memory_read(memory, address, to, bytes);
}

static bool is_code_for_runtime(void *memory, uint64_t address) {
    return qmon__memory_is_code(memory, address);
}

static void add_runtime(struct qmon_event *event, struct qmon__memory *memory, uint32_t pid) {
    const struct qmon_memory_eye eye = {read_for_runtime, is_code_for_runtime, memory};
    qmon_add_runtime(event, &eye, pid);
    if (event->process.runtime != NULL && qmon__memory_refusal(memory) != 0)
        qmon_event_note(event, "The stack of %s is not known: the kernel refuses to let us read this process; %s.",
                        event->process.runtime, qmon__refusal_reason(pid, -qmon__memory_refusal(memory)));
}

void qmon__add_other_threads(struct qmon_event *event, uint32_t pid, uint32_t crashed_tid, uint64_t until_ms) {
    struct qmon__stopped *stopped = malloc(QMON__THREADS_LIMIT * sizeof *stopped); /* mostly never touched */
    struct qmon__memory *memory = qmon__memory_open(pid);
    size_t total = 0;
    if (stopped != NULL && memory != NULL) {
        const size_t count = qmon__stop_threads(pid, crashed_tid, stopped, QMON__THREADS_LIMIT, until_ms, &total);
        if (count > 0 && (stopped[0].error == EPERM || stopped[0].error == ENOSYS))
            qmon_event_note(
                event,
                "Of %zu other thread%s only name and state are known, by /proc: the kernel refuses ptrace of "
                "this process; %s.",
                total, total == 1 ? "" : "s", qmon__refusal_reason(pid, stopped[0].error));
        if (count > 0 && make_room(event, count) && qmon__stacks_begin(memory)) {
            unwind_all(event, stopped, count, until_ms);
            qmon__stacks_end();
        }
        add_runtime(event, memory, pid);
        qmon__release_threads(stopped, count);
    }
    qmon__memory_close(memory);
    free(stopped);
}

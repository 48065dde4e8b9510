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
    if (stack->cut)
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

/* What the process itself has taken of a thread, when it was about to die. Then it is not as the kernel shows it now. */
static bool take_kept(const struct qmon_record_threads *kept, struct qmon__stopped *stopped,
                      struct qmon__stack *ret_stack) {
    const uint32_t count = atomic_load(&kept->count);
    const struct qmon_record_thread *thread = kept->entries, *const end = thread + count;
    while (thread < end && thread->tid != (uint32_t) stopped->tid)
        thread++;
    if (thread == end)
        return false;
    stopped->error = 0;
    stopped->state = thread->state;
    ret_stack->count = thread->frame_count;
    ret_stack->complete = thread->unwind_end == QMON_UNWIND_COMPLETE;
    ret_stack->cut = thread->unwind_end == QMON_UNWIND_LIMIT;
    for (uint32_t i = 0; i < thread->frame_count; i++) {
        const uint8_t flags = kept->frame_flags[thread->first + i];
        ret_stack->frames[i] = (struct qmon__stack_frame){.pc = kept->frames[thread->first + i],
                                                          .exact = flags & QMON_FRAME_EXACT,
                                                          .guess = flags & QMON_FRAME_GUESS,
                                                          .signal = flags & QMON_FRAME_SIGNAL};
    }
    return true;
}

struct others {
    const struct qmon__stopped *stopped;
    size_t count, total;
    const struct qmon_record_threads *kept;
    struct qmon__memory *memory;
    uint64_t until_ms;
};

static bool is_refused(const struct others *others) {
    const int error = others->count > 0 ? others->stopped[0].error : 0;
    return error == EPERM || error == ENOSYS;
}

/* Returns how many stacks are those that the process kept. */
static size_t unwind_all(struct qmon_event *event, const struct others *others) {
    struct qmon__stack stack;
    size_t left_out = 0, frames = 0, kept = 0;
    const bool looks = !is_refused(others) && qmon__stacks_begin(others->memory);
    for (size_t i = 0; i < others->count; i++) {
        const bool in_time = i < FULL_STACKS && frames < FRAMES_OF_ALL && qmon_monotonic_ms() < others->until_ms;
        struct qmon__stopped stopped = others->stopped[i];
        stack.count = 0;
        stack.cut = stack.complete = false;
        if (in_time && take_kept(others->kept, &stopped, &stack))
            kept++;
        else if (in_time && looks && stopped.error == 0)
            qmon__stack_take(stopped.tid, others->until_ms, &stack);
        frames += stack.count;
        left_out += !in_time;
        if (in_time)
            add_thread(event, &stopped, &stack);
    }
    if (looks)
        qmon__stacks_end();
    if (left_out > 0)
        qmon_event_note(event, "%zu more threads are left out: there was no time to look at them, or no room",
                        left_out);
    return kept;
}

static void tell_refusal(struct qmon_event *event, uint32_t pid, const struct others *others, size_t kept) {
    const char *const plural = others->total == 1 ? "" : "s";
    const char *const reason = qmon__refusal_reason(pid, others->stopped[0].error);
    if (kept > 0)
        qmon_event_note(event,
                        "The stack%s of %zu of %zu other thread%s %s taken by the process itself: the kernel refuses "
                        "ptrace of it; %s.",
                        kept == 1 ? "" : "s", kept, others->total, plural, kept == 1 ? "was" : "were", reason);
    else
        qmon_event_note(event,
                        "Of %zu other thread%s only name and state are known, by /proc: the kernel refuses ptrace of "
                        "this process; %s.",
                        others->total, plural, reason);
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

bool qmon__add_other_threads(struct qmon_event *event, uint32_t pid, const struct qmon_record *record,
                             uint64_t until_ms) {
    struct qmon__stopped *stopped = malloc(QMON__THREADS_LIMIT * sizeof *stopped); /* mostly never touched */
    struct qmon__memory *memory = qmon__memory_open(pid);
    size_t kept = 0;
    struct others others = {.stopped = stopped, .kept = &record->threads, .memory = memory, .until_ms = until_ms};
    if (stopped != NULL && memory != NULL) {
        others.count =
            qmon__stop_threads(pid, record->crash.tid, stopped, QMON__THREADS_LIMIT, until_ms, &others.total);
        if (others.count > 0 && make_room(event, others.count))
            kept = unwind_all(event, &others);
        if (is_refused(&others))
            tell_refusal(event, pid, &others, kept);
        add_runtime(event, memory, pid);
        qmon__release_threads(stopped, others.count);
    }
    const bool known = !is_refused(&others) || kept > 0;
    qmon__memory_close(memory);
    free(stopped);
    return known;
}

void qmon__add_kept_threads(struct qmon_event *event, const struct qmon_record *record) {
    const uint32_t count = atomic_load(&record->threads.count);
    struct qmon__stack stack;
    if (count == 0 || !make_room(event, count))
        return;
    for (uint32_t i = 0; i < count; i++) {
        const struct qmon_record_thread *const thread = &record->threads.entries[i];
        struct qmon__stopped stopped = {.tid = (pid_t) thread->tid};
        memcpy(stopped.name, thread->name, sizeof stopped.name);
        if (take_kept(&record->threads, &stopped, &stack))
            add_thread(event, &stopped, &stack);
    }
    qmon_event_note(event, "The stack%s of %u other thread%s %s taken by the process itself.", count == 1 ? "" : "s",
                    count, count == 1 ? "" : "s", count == 1 ? "was" : "were");
}

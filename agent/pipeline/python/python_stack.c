/* python_stack.c: from the runtime to its interpreters, their threads and the frames of those. */
#include <string.h>

#include "python.h"
#include "role.h"

#define INTERPRETERS_MAX 64u
#define THREADS_MAX 4096u
#define FRAMES_KEPT 128u
#define FRAMES_MAX 100000u
#define STEPS_MAX 500000u /* whoever links chains into circles gets no more */
#define OWNED_BY_C 3u
/* glibc's struct pthread, which pthread_self() points to: its thread id, at the same place since 2.4. */
#if defined(__x86_64__)
#define PTHREAD_TID_AT 0x2d0u
#else
#define PTHREAD_TID_AT 0xd0u
#endif

struct walk {
    const struct qmon__python *python;
    struct qmon_event *event;
    size_t filled;
    size_t steps; /* taken in all chains */
};

static bool read_u64(const struct walk *walk, uint64_t address, uint64_t *ret_value) {
    return walk->python->eye->read(walk->python->eye->context, address, ret_value, sizeof *ret_value);
}

static struct qmon_thread *find_thread(const struct walk *walk, uint64_t state) {
    const struct qmon__python_layout *layout = &walk->python->layout;
    uint64_t tid = 0, pthread;
    if (layout->thread_tid != QMON__PYTHON_NONE) {
        if (!read_u64(walk, state + layout->thread_tid, &tid))
            return NULL;
    } else if (!read_u64(walk, state + layout->thread_pthread, &pthread) ||
               !walk->python->eye->read(walk->python->eye->context, pthread + PTHREAD_TID_AT, &tid, sizeof(uint32_t))) {
        return NULL;
    }
    for (size_t i = 0; i < walk->event->thread_count && tid != 0; i++)
        if (walk->event->threads[i].tid == tid && walk->event->threads[i].runtime_frame_count == 0)
            return &walk->event->threads[i];
    return NULL;
}

struct frame_at {
    uint64_t code, back, at;
    bool is_mark; /* of a place where the interpreter was called from C */
};

static bool read_frame(const struct walk *walk, uint64_t frame, struct frame_at *ret_frame) {
    const struct qmon__python_layout *layout = &walk->python->layout;
    uint32_t at = 0;
    uint8_t owner = 0;
    if (frame % 8 != 0 || !read_u64(walk, frame + layout->frame_code, &ret_frame->code) ||
        !read_u64(walk, frame + layout->frame_back, &ret_frame->back))
        return false;
    if (layout->frame_owner != QMON__PYTHON_NONE) {
        if (!walk->python->eye->read(walk->python->eye->context, frame + layout->frame_owner, &owner, 1) ||
            !read_u64(walk, frame + layout->frame_at, &ret_frame->at))
            return false;
    } else {
        if (!walk->python->eye->read(walk->python->eye->context, frame + layout->frame_at, &at, sizeof at))
            return false;
        ret_frame->at = (int32_t) at < 0 ? 0 : at; /* -1: it has not begun */
    }
    ret_frame->is_mark = owner == OWNED_BY_C;
    return true;
}

static bool add_frame(const struct walk *walk, struct qmon_frame *frames, size_t *count, const struct frame_at *from) {
    struct qmon__python_place place;
    if (!qmon__python_place(walk->python, from->code, from->at, &place))
        return false;
    const bool library = qmon__is_interpreter_library(place.file);
    frames[*count] = (struct qmon_frame){.index = (uint32_t) *count,
                                         .function = qmon_event_text(walk->event, place.function),
                                         .file = qmon_event_text(walk->event, place.file),
                                         .line = place.line,
                                         .role = library ? QMON_ROLE_RUNTIME : QMON_ROLE_APP,
                                         .in_app = !library,
                                         .language = "python"};
    ++*count;
    return true;
}

/* Nothing is shown of a stack that does not end well: it would be somebody else's. */
static void take_frames(struct walk *walk, struct qmon_thread *thread, uint64_t frame) {
    struct qmon_frame *frames = qmon_event_alloc(walk->event, FRAMES_KEPT * sizeof *frames);
    size_t count = 0, seen = 0;
    uint64_t omitted = 0;
    if (frames == NULL)
        return;
    for (; frame != 0 && seen < FRAMES_MAX && walk->steps++ < STEPS_MAX; seen++) {
        struct frame_at at;
        if (!read_frame(walk, frame, &at))
            return;
        frame = at.back;
        if (at.is_mark)
            continue;
        if (!qmon__python_is_code(walk->python, at.code))
            return;
        if (count == FRAMES_KEPT)
            omitted++;
        else if (!add_frame(walk, frames, &count, &at))
            return;
    }
    if (frame != 0 || count == 0)
        return;
    frames[count - 1].omitted_after = omitted;
    thread->runtime_frames = frames;
    thread->runtime_frame_count = count;
    walk->filled++;
}

static void take_thread(struct walk *walk, uint64_t state) {
    const struct qmon__python_layout *layout = &walk->python->layout;
    struct qmon_thread *thread = find_thread(walk, state);
    uint64_t frame;
    if (thread == NULL || !read_u64(walk, state + layout->thread_frame, &frame))
        return;
    if (layout->control_frame != QMON__PYTHON_NONE && !read_u64(walk, frame + layout->control_frame, &frame))
        return;
    take_frames(walk, thread, frame);
}

static void take_interpreter(struct walk *walk, uint64_t interpreter) {
    const struct qmon__python_layout *layout = &walk->python->layout;
    uint64_t state;
    if (!read_u64(walk, interpreter + layout->interpreter_threads, &state))
        return;
    for (size_t i = 0; i < THREADS_MAX && state != 0 && walk->steps++ < STEPS_MAX; i++) {
        take_thread(walk, state);
        if (!read_u64(walk, state + layout->thread_next, &state))
            return;
    }
}

size_t qmon__python_stacks(const struct qmon__python *python, struct qmon_event *event) {
    struct walk walk = {.python = python, .event = event};
    uint64_t interpreter;
    if (!read_u64(&walk, python->runtime + python->layout.interpreters, &interpreter))
        return 0;
    for (size_t i = 0; i < INTERPRETERS_MAX && interpreter != 0; i++) {
        take_interpreter(&walk, interpreter);
        if (!read_u64(&walk, interpreter + python->layout.interpreter_next, &interpreter))
            break;
    }
    return walk.filled;
}

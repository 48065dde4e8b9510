/*
 * symbolize_again.c: an old event, with files found later. A place is a physical frame with those inlined into it, and
 * before them those that it called and that ended in a call: its frames go to the first that is neither. All of a place is replaced, or nothing.
 */
#include <string.h>

#include <qmon/pipeline.h>

struct span {
    const struct qmon_frame *frames;
    size_t count;
};

/* The place that begins at `at`. */
static struct span place_at(const struct qmon_thread *thread, size_t at) {
    size_t end = at;
    while (end < thread->frame_count && (thread->frames[end].inlined || thread->frames[end].tail_call))
        end++;
    return (struct span){&thread->frames[at], end + (end < thread->frame_count) - at};
}

static unsigned knowledge(const struct span *place) {
    unsigned known = 0;
    for (size_t i = 0; i < place->count; i++) {
        unsigned here = place->frames[i].file ? 2 : place->frames[i].function ? 1 : 0;
        known = here > known ? here : known;
    }
    return known;
}

/* As it was before anybody looked for symbols. Frames of interpreters stay. */
static struct qmon_frame bare(const struct qmon_frame *frame) {
    return (struct qmon_frame){
        .index = frame->index,
        .pc = frame->pc,
        .module = frame->module,
        .build_id = frame->build_id,
        .offset = frame->offset,
        .exact = frame->exact,
        .guess = frame->guess,
        .signal = frame->signal,
        .omitted_after = frame->omitted_after,
    };
}

typedef bool is_wanted(const struct qmon_frame *frame);

static bool any_frame(const struct qmon_frame *frame) {
    return !frame->language;
}

static bool system_frame(const struct qmon_frame *frame) {
    return frame->role == QMON_ROLE_LIBC && frame->build_id && frame->function && !frame->file && !frame->language;
}

/* What is not wanted remains as it is. */
static bool strip(struct qmon_event *event, const struct qmon_thread *from, is_wanted *wanted,
                  struct qmon_thread *ret_thread) {
    *ret_thread = *from;
    ret_thread->frames = qmon_event_alloc(event, (from->frame_count + 1) * sizeof *ret_thread->frames);
    ret_thread->frame_count = 0;
    for (size_t at = 0; ret_thread->frames && at < from->frame_count;) {
        struct span place = place_at(from, at);
        const struct qmon_frame *outermost = &place.frames[place.count - 1];
        if (wanted(outermost))
            ret_thread->frames[ret_thread->frame_count++] = bare(outermost);
        for (size_t i = 0; !wanted(outermost) && i < place.count; i++) {
            struct qmon_frame *kept = &ret_thread->frames[ret_thread->frame_count++];
            *kept = place.frames[i];
            kept->settled = true;
        }
        at += place.count;
    }
    return ret_thread->frames != NULL;
}

/* The better of both, place by place. *ret_origin, the number of a frame, becomes what it is afterwards. */
static size_t merge(struct qmon_event *event, struct qmon_thread *old, const struct qmon_thread *found,
                    size_t *ret_origin) {
    size_t room = old->frame_count + found->frame_count, count = 0, better = 0, origin = SIZE_MAX;
    struct qmon_frame *frames = qmon_event_alloc(event, (room + 1) * sizeof *frames);
    if (!frames)
        return 0;
    for (size_t i = 0, j = 0; i < old->frame_count && j < found->frame_count;) {
        struct span before = place_at(old, i), after = place_at(found, j);
        bool is_better = knowledge(&after) > knowledge(&before) ||
                         (knowledge(&after) == knowledge(&before) && after.count > before.count);
        const struct span *taken = is_better ? &after : &before;
        memcpy(frames + count, taken->frames, taken->count * sizeof *frames);
        for (size_t k = 0; k < taken->count; k++)
            frames[count + k].settled = false;
        for (size_t k = 0; is_better && k < taken->count; k++)
            frames[count + k].filtered = before.frames[before.count - 1].filtered;
        size_t put_before = after.frames[after.count - 1].settled ? after.count - before.count : 0;
        if (*ret_origin >= i && *ret_origin < i + before.count) /* the same frame, or what is there now */
            origin = count + (put_before ? put_before + *ret_origin - i : is_better ? 0 : *ret_origin - i);
        count += taken->count;
        better += is_better;
        i += before.count;
        j += after.count;
    }
    *ret_origin = origin;
    old->frames = frames;
    old->frame_count = count;
    old->frames_json = NULL;
    return better;
}

static size_t symbolize(struct qmon_symbolizer *symbolizer, struct qmon_event *event, is_wanted *wanted,
                        uint64_t deadline_monotonic_ms) {
    struct qmon_thread *old = event->threads;
    struct qmon_thread *found = qmon_event_alloc(event, (event->thread_count + 1) * sizeof *found);
    size_t better = 0;
    if (!found)
        return 0;
    for (size_t i = 0; i < event->thread_count; i++)
        if (!strip(event, &old[i], wanted, &found[i]))
            return 0;
    event->threads = found;
    qmon_symbolize(symbolizer, event, 0, deadline_monotonic_ms);
    event->threads = old;
    for (size_t i = 0; i < event->thread_count; i++) {
        size_t none = SIZE_MAX;
        better += merge(event, &old[i], &found[i], i ? &none : &event->origin);
    }
    return better;
}

size_t qmon_symbolize_again(struct qmon_symbolizer *symbolizer, struct qmon_event *event,
                            uint64_t deadline_monotonic_ms) {
    return symbolize(symbolizer, event, any_frame, deadline_monotonic_ms);
}

size_t qmon_symbolize_system(struct qmon_symbolizer *symbolizer, struct qmon_event *event,
                             uint64_t deadline_monotonic_ms) {
    return symbolize(symbolizer, event, system_frame, deadline_monotonic_ms);
}

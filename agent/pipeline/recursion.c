/*
 * recursion.c: recognises frames that repeat.
 *
 * The walk below follows one period of frames for as long as the trace keeps to it. Where the capture left frames out (a
 * stack too deep to keep) the walk may go on in any phase of the period behind the gap, and the gap then counts as part of
 * the recursion: its frames can have been nothing else.
 */
#include "recursion.h"

#define LONGEST_PERIOD 16
#define LEAST_REPEATS 3

struct search {
    const struct qmon_thread *thread;
    const uint64_t *keys;
};

struct walk {
    size_t frames;    /* of the list, that keep to the period */
    uint64_t omitted; /* in gaps between them */
};

static uint64_t mix(uint64_t hash, const char *text) {
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char) *text) * 0x100000001b3ull;
    return (hash ^ 0xff) * 0x100000001b3ull;
}

/* Functions compare by name: a function that calls itself from two places is still one recursion. */
uint64_t qmon__frame_key(const struct qmon_frame *frame) {
    uint64_t hash = mix(0xcbf29ce484222325ull, frame->module);

    if (frame->function)
        hash = mix(hash, frame->function);
    else
        hash = (hash ^ frame->offset ^ (frame->module ? 0 : frame->pc)) * 0x100000001b3ull;
    hash = mix(hash, frame->file);
    return (hash ^ frame->inlined) * 0x100000001b3ull;
}

static bool same(const struct search *search, size_t a, size_t b) {
    return search->keys[a] == search->keys[b];
}

/* The phase in which the period goes on at frame k, after a gap; `period` when it does not. Enough frames must agree. */
static size_t resume_phase(const struct search *search, size_t at, size_t period, size_t k) {
    size_t left = search->thread->frame_count - k;

    if (left < period)
        return period;
    for (size_t phase = 0; phase < period; phase++) {
        size_t agree = 0;
        while (agree < period && same(search, k + agree, at + (phase + agree) % period))
            agree++;
        if (agree == period)
            return phase;
    }
    return period;
}

static struct walk follow(const struct search *search, size_t at, size_t period) {
    const struct qmon_thread *thread = search->thread;
    struct walk walk = {0};
    size_t phase = 0;

    for (size_t k = at; k < thread->frame_count && same(search, k, at + phase); k++) {
        uint64_t gap = thread->frames[k].omitted_after;
        walk.frames++;
        phase = (phase + 1) % period;
        if (gap == 0)
            continue;
        if (k + 1 < at + period || k + 1 >= thread->frame_count)
            break;
        phase = resume_phase(search, at, period, k + 1);
        if (phase == period)
            break;
        walk.omitted += gap;
    }
    return walk;
}

static uint64_t physical_frames(const struct qmon_thread *thread, size_t first, size_t count) {
    uint64_t physical = 0;

    for (size_t i = first; i < first + count; i++)
        physical += !thread->frames[i].inlined;
    return physical ? physical : 1;
}

static bool period_is_plain(const struct qmon_thread *thread, size_t at, size_t period) {
    for (size_t i = at; i < at + period; i++) {
        const struct qmon_frame *frame = &thread->frames[i];
        if (frame->role == QMON_ROLE_QMON || frame->filtered || (frame->omitted_after && i + 1 < at + period))
            return false;
    }
    return true;
}

/* Whole periods only, unless a gap was crossed: what is left over of the last one is shown as it is. */
static size_t frames_taken(const struct walk *walk, size_t period) {
    return walk->omitted ? walk->frames : walk->frames - walk->frames % period;
}

bool qmon__recursion_at(const struct qmon_thread *thread, const uint64_t *keys, size_t at,
                        struct qmon__recursion *ret_recursion) {
    const struct search search = {thread, keys};
    size_t left = thread->frame_count - at;

    for (size_t period = 1; period <= LONGEST_PERIOD && period * 2 <= left; period++) {
        if (!same(&search, at, at + period) || !period_is_plain(thread, at, period))
            continue;
        struct walk walk = follow(&search, at, period);
        size_t taken = frames_taken(&walk, period);
        if (taken < period * LEAST_REPEATS && !(walk.omitted && taken >= period * 2))
            continue;
        uint64_t each = physical_frames(thread, at, period);
        uint64_t all = physical_frames(thread, at, taken) + walk.omitted;
        *ret_recursion = (struct qmon__recursion){.at = at,
                                                  .period = period,
                                                  .taken = taken,
                                                  .entry = at + walk.frames - 1,
                                                  .times = (all + each / 2) / each,
                                                  .omitted = walk.omitted};
        return true;
    }
    return false;
}

bool qmon__recursion_find(struct qmon_event *event, const struct qmon_thread *thread,
                          struct qmon__recursion *ret_recursion) {
    uint64_t *keys = qmon_event_alloc(event, (thread->frame_count + 1) * sizeof *keys);

    if (!keys)
        return false;
    for (size_t i = 0; i < thread->frame_count; i++)
        keys[i] = qmon__frame_key(&thread->frames[i]);
    for (size_t at = 0; at < thread->frame_count; at++)
        if (qmon__recursion_at(thread, keys, at, ret_recursion))
            return true;
    return false;
}

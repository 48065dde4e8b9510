#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "ring_memo.h"

#define STACKS_KEPT 256u /* by their hash, one each; the first comes, the first stays */

struct qmon__ring_memo {
    struct {
        XXH128_hash_t hash;
        struct qmon_event *event; /* NULL: free */
    } stacks[STACKS_KEPT];
};

struct qmon__ring_memo *qmon__ring_memo_open(void) {
    return calloc(1, sizeof(struct qmon__ring_memo));
}

void qmon__ring_memo_forget(struct qmon__ring_memo *memo) {
    for (unsigned i = 0; i < STACKS_KEPT; i++) {
        qmon_event_free(memo->stacks[i].event);
        memo->stacks[i].event = NULL;
    }
}

void qmon__ring_memo_close(struct qmon__ring_memo *memo) {
    if (memo != NULL)
        qmon__ring_memo_forget(memo);
    free(memo);
}

static XXH128_hash_t hash_of(const struct qmon_ring_slot *slot) {
    return XXH3_128bits(slot->frames, slot->frame_count * sizeof slot->frames[0]);
}

const struct qmon_event *qmon__ring_memo_recall(struct qmon__ring_memo *memo, const struct qmon_ring_slot *slot,
                                                struct qmon_event *event) {
    XXH128_hash_t hash = hash_of(slot);
    const struct qmon_event *known = memo->stacks[hash.low64 % STACKS_KEPT].event;
    if (known == NULL || event->thread_count == 0 || !XXH128_isEqual(hash, memo->stacks[hash.low64 % STACKS_KEPT].hash))
        return NULL;
    const struct qmon_thread *from = &known->threads[0];
    struct qmon_frame *frames = qmon_event_alloc(event, (from->frame_count + 1) * sizeof *frames);
    if (frames == NULL)
        return NULL;
    memcpy(frames, from->frames, from->frame_count * sizeof *frames);
    event->threads[0].frames = frames;
    event->threads[0].frame_count = from->frame_count;
    event->threads[0].frames_json = from->frames_json;
    event->threads[0].unwind_note = from->unwind_note;
    return known;
}

bool qmon__ring_memo_keep(struct qmon__ring_memo *memo, const struct qmon_ring_slot *slot, struct qmon_event *event) {
    XXH128_hash_t hash = hash_of(slot);
    if (event->thread_count == 0 || memo->stacks[hash.low64 % STACKS_KEPT].event != NULL)
        return false;
    char *json = qmon_event_frames_json(&event->threads[0]);
    event->threads[0].frames_json = json != NULL ? qmon_event_text(event, json) : NULL;
    free(json);
    memo->stacks[hash.low64 % STACKS_KEPT].hash = hash;
    memo->stacks[hash.low64 % STACKS_KEPT].event = event;
    return true;
}

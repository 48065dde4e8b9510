/*
 * The producers' side of the ring (record.h): a bounded queue in which each slot has a sequence. A producer claims turn t by moving
 * `head` from t to t + 1, which it may while slot t % SLOTS has sequence t; it fills the slot and sets the sequence to
 * t + 1. Full is: the sequence is still behind. Nobody waits for anybody. The receiver's side is agent/receiver/.
 */
#include "ring.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "agent.h"
#include "background.h"
#include "clock.h"
#include "crumbs.h"
#include "record_file.h"
#include "sites.h"
#include "text.h"
#include "thread.h"
#include "unwind.h"

#define CODE_BYTES 48u

static struct qmon_record_ring *ring_of_process(void) {
    return &qmon__agent.record->ring;
}

/* The ring's memory is not there before it is touched, and looking whether it is empty would be the first touch. */
static _Atomic bool may_have_events QMON__HOT;

static _Atomic bool may_have_counts QMON__HOT;

void qmon__ring_begin(_Bool adopted) {
    atomic_store_explicit(&may_have_events, adopted, memory_order_relaxed);
    atomic_store_explicit(&may_have_counts, adopted, memory_order_relaxed);
}

void qmon__ring_count_unwatched_timer(void) {
    if (!qmon__agent.active || !qmon__is_owner())
        return;
    atomic_store_explicit(&may_have_counts, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&ring_of_process()->unwatched_timers, 1, memory_order_relaxed);
}

_Bool qmon__ring_has_counts(void) {
    return atomic_load_explicit(&may_have_counts, memory_order_relaxed) &&
           atomic_load_explicit(&ring_of_process()->unwatched_timers, memory_order_relaxed) != 0;
}

_Bool qmon__ring_has_events(void) {
    if (!atomic_load_explicit(&may_have_events, memory_order_acquire))
        return false;
    const struct qmon_record_ring *ring = ring_of_process();
    return atomic_load_explicit(&ring->head, memory_order_acquire) !=
           atomic_load_explicit(&ring->tail, memory_order_acquire);
}

/* Sequences count from the slot's own index at the first turn; a zeroed record has them all 0, which stands for that. */
static uint32_t sequence_of(struct qmon_ring_slot *slot, uint32_t turn) {
    const uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);
    return sequence == 0 && turn < QMON_RING_SLOTS ? turn : sequence;
}

static struct qmon_ring_slot *claim_slot(struct qmon_record_ring *ring, uint32_t *ret_turn) {
    atomic_store_explicit(&may_have_events, true, memory_order_release);
    uint32_t turn = atomic_load_explicit(&ring->head, memory_order_relaxed);
    for (;;) {
        struct qmon_ring_slot *slot = &ring->slots[turn % QMON_RING_SLOTS];
        const int32_t ahead = (int32_t) (sequence_of(slot, turn) - turn);
        if (ahead < 0)
            return NULL;
        if (ahead > 0) {
            turn = atomic_load_explicit(&ring->head, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(&ring->head, &turn, turn + 1, memory_order_acq_rel,
                                                         memory_order_relaxed)) {
            *ret_turn = turn;
            return slot;
        }
    }
}

static uint16_t put(struct qmon_ring_slot *slot, size_t *used, const char *text, size_t limit) {
    if (text == NULL)
        return 0;
    size_t bytes = strnlen(text, limit + 1);
    const size_t room = QMON_RING_TEXT_BYTES - *used;
    if (bytes > limit || bytes > room) {
        bytes = limit < room ? limit : room;
        slot->truncated = 1;
    }
    memcpy(slot->text + *used, text, bytes);
    *used += bytes;
    return (uint16_t) bytes;
}

/* Key NUL value NUL, whole pairs only. */
static uint16_t put_extras(struct qmon_ring_slot *slot, size_t *used, const char *const *extras) {
    const size_t start = *used;
    for (; extras != NULL && extras[0] != NULL; extras += 2) {
        const char *value = extras[1] != NULL ? extras[1] : "";
        const size_t key_bytes = strlen(extras[0]) + 1, value_bytes = strlen(value) + 1;
        if (key_bytes + value_bytes > QMON_RING_TEXT_BYTES - *used) {
            slot->truncated = 1;
        } else {
            memcpy(slot->text + *used, extras[0], key_bytes);
            memcpy(slot->text + *used + key_bytes, value, value_bytes);
            *used += key_bytes + value_bytes;
        }
        if (extras[1] == NULL)
            break;
    }
    return (uint16_t) (*used - start);
}

static void wake_receiver(struct qmon_record_ring *ring) {
    atomic_fetch_add_explicit(&ring->wake, 1, memory_order_release);
    if (atomic_load_explicit(&ring->consumer_pid, memory_order_acquire) != 0)
        qmon__sys_6(SYS_futex, &ring->wake, FUTEX_WAKE, 1, NULL, NULL, 0);
    qmon__background_ask(QMON__CHORE_RING);
}

/* Fills a slot that was claimed. */
static void fill(struct qmon_record_ring *ring, struct qmon_ring_slot *slot, uint32_t tid,
                 const struct qmon__report_text *text, void *const *frames, size_t frame_count) {
    size_t used = 0;
    slot->tid = tid;
    slot->real_ns = qmon__real_ns();
    slot->severity = (uint16_t) text->severity;
    slot->truncated = 0;
    const uint32_t dropped = atomic_load_explicit(&ring->dropped, memory_order_relaxed);
    slot->dropped_before = dropped - atomic_exchange_explicit(&ring->reported_dropped, dropped, memory_order_relaxed);
    qmon__sys_2(SYS_prctl, PR_GET_NAME, slot->thread_name);
    slot->frame_count = (uint16_t) frame_count;
    memcpy(slot->frames, frames, frame_count * sizeof frames[0]);
    slot->code_bytes = put(slot, &used, text->code, 64);
    slot->endpoint_bytes = put(slot, &used, text->endpoint, 256);
    slot->user_bytes = put(slot, &used, text->user_id, 128);
    slot->message_bytes = put(slot, &used, text->message, 640);
    slot->extra_bytes = put_extras(slot, &used, text->extras);
}

/* Counts it with one of this key that waits. */
static bool counts_as_repeat(struct qmon_record_ring *ring, uint64_t key) {
    uint32_t turn;
    const uint32_t repeats = key != 0 ? qmon__repeat_counted(ring, key, &turn) : 0;
    if (repeats == 0)
        return false;
    qmon__site_counted(key, ring, turn);
    if (repeats % QMON__SITE_ASK == 0)
        qmon__background_ask(QMON__CHORE_RING);
    return true;
}

static void leave_crumb(uint32_t tid, const struct qmon__report_text *text) {
    char code[CODE_BYTES] = "reported ";
    qmon__copy_text(code + strlen(code), sizeof code - strlen(code), text->code);
    qmon__crumb_of_thread(tid, code, text->message != NULL ? ": " : NULL, text->message);
}

static int enqueue(struct qmon_record_ring *ring, const struct qmon__report_text *text, uint64_t key,
                   void *const *frames, size_t frame_count) {
    uint32_t turn;
    const uint32_t tid = (uint32_t) qmon__gettid();
    struct qmon_ring_slot *slot = claim_slot(ring, &turn);
    leave_crumb(tid, text);
    if (slot == NULL) {
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
        qmon__background_ask(QMON__CHORE_RING);
        return -EAGAIN;
    }
    fill(ring, slot, tid, text, frames, frame_count);
    qmon__repeats_begin(slot, turn, key);
    atomic_store_explicit(&slot->sequence, turn + 1, memory_order_release);
    qmon__repeats_offer(turn, key);
    wake_receiver(ring);
    return 0;
}

int qmon__ring_report(const struct qmon__report_text *text, const struct qmon__report_place *place, size_t skip) {
    if (!qmon__agent.active)
        return -ENODEV;
    if (!qmon__repeats_owned()) {
        if (!qmon__is_owner())
            return -ENODEV;
        qmon__repeats_own();
    }
    struct qmon_record_ring *ring = ring_of_process();
    uint64_t words;
    if (counts_as_repeat(ring, qmon__site_recall(text, place, &words)))
        return 1;
    void *room[QMON__ROOM_FOR_HERE];
    void *const *frames;
    struct qmon__trail trail;
    const size_t frame_count = qmon__unwind_here(room, skip + 1, &frames, &trail);
    if (words == 0)
        words = qmon__words_key(text);
    const uint64_t key = qmon__report_key(words, frames, frame_count);
    qmon__site_note(text, place, words, key, &trail);
    return counts_as_repeat(ring, key) ? 1 : enqueue(ring, text, key, frames, frame_count);
}

int qmon__ring_drain(int timeout_ms) {
    if (!qmon__agent.active || !qmon__is_owner())
        return 0;
    struct qmon_record_ring *ring = ring_of_process();
    const uint32_t until = atomic_load_explicit(&ring->head, memory_order_acquire);
    for (int waited = 0; waited <= timeout_ms; waited++) {
        if ((int32_t) (atomic_load_explicit(&ring->tail, memory_order_acquire) - until) >= 0)
            return 0;
        qmon__background_ask(QMON__CHORE_RING);
        const struct timespec patience = {.tv_nsec = 1000000};
        qmon__sys_2(SYS_nanosleep, &patience, NULL);
    }
    return -ETIMEDOUT;
}

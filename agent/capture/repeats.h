/*
 * repeats.h: a report that says the same as one that still waits in the ring is counted there, and takes no slot.
 *
 * So a storm of one error costs the program a stack walk and an addition each time, and the receiver one event for all
 * that came while it was busy. The same means the same in everything: thread, severity, code, texts, extras and stack;
 * nothing that people could want to tell apart is lost but the moments.
 */
#ifndef QMON_CAPTURE_REPEATS_H
#define QMON_CAPTURE_REPEATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/record.h>

struct qmon__report_text {
    int severity;
    const char *code, *endpoint, *user_id, *message; /* any may be NULL but code */
    const char *const *extras;
};

struct qmon__report_place {
    const void *return_address, *stack_pointer; /* of the program's call, as it will be after the return */
};

/* Of this process; in memory that the kernel wipes in the child of a fork (repeats.c). */
#define QMON__REPEAT_PLACES 256u /* a power of two; several times the slots, so that few keys share one */
struct qmon__repeats {
    _Atomic bool owned;                           /* by this process */
    _Atomic uint64_t places[QMON__REPEAT_PLACES]; /* half of the key, then the turn; 0: none */
    _Atomic uint64_t slot_keys[QMON_RING_SLOTS];  /* of the turn that each slot was filled for last */
};
extern struct qmon__repeats *_Atomic qmon__repeats; /* NULL: none yet, or no memory */

/* Does this process know already that the ring is its own? owned: without a system call. own: it has made sure. */
static inline bool qmon__repeats_owned(void) {
    const struct qmon__repeats *repeats = atomic_load_explicit(&qmon__repeats, memory_order_acquire);
    return repeats != NULL && atomic_load_explicit(&repeats->owned, memory_order_relaxed);
}
void qmon__repeats_own(void);

/* What tells a report from others: its words, and with them its stack. A key is never 0. THREADS: any. */
uint64_t qmon__words_key(const struct qmon__report_text *text);
uint64_t qmon__report_key(uint64_t words, void *const *frames, size_t frame_count);

/* Counts the report with the one of this key that waits, if one does. Returns its repeats so far, 0 if none waits. *ret_turn: where.
 * THREADS: any, without locks. */
uint32_t qmon__repeat_counted(struct qmon_record_ring *ring, uint64_t key, uint32_t *ret_turn);

/* The same, where it is known which turn of which slot has the key. */
__attribute__((always_inline)) static inline uint32_t qmon__repeat_counted_at(struct qmon_ring_slot *slot,
                                                                              uint32_t turn) {
    const uint32_t generation = turn / QMON_RING_SLOTS % QMON_REPEATS_GENERATIONS * QMON_REPEATS_GENERATION;
    uint32_t repeats = atomic_load_explicit(&slot->repeats, memory_order_acquire);
    if (atomic_load_explicit(&slot->sequence, memory_order_acquire) != turn + 1)
        return 0;
    do {
        if ((repeats & ~QMON_REPEATS_COUNT) != generation || (repeats & QMON_REPEATS_COUNT) == QMON_REPEATS_COUNT)
            return 0; /* closed, of another turn, or full */
    } while (!atomic_compare_exchange_weak_explicit(&slot->repeats, &repeats, repeats + 1, memory_order_acq_rel,
                                                    memory_order_acquire));
    return (repeats & QMON_REPEATS_COUNT) + 1;
}

/* The producer of a turn: makes its slot countable. begin: before the slot is published; offer: after. */
void qmon__repeats_begin(struct qmon_ring_slot *slot, uint32_t turn, uint64_t key);
void qmon__repeats_offer(uint32_t turn, uint64_t key);

#endif

/*
 * ring.h: the consumer's side of the ring of error events (record.h).
 */
#ifndef QMON_RECEIVER_RING_H
#define QMON_RECEIVER_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "pass.h"
#include "record_file.h"
#include "report.h"

#define QMON__RING_BATCH 32u

/* --- ring_read.c: slots, one way: taken in turn, freed in turn --- */
struct qmon__ring_cursor {
    uint32_t tail;  /* the next turn to be taken */
    uint32_t freed; /* all before this one are free */
    uint32_t asked; /* the cache was asked about all before this one */
};
void qmon__ring_begin(struct qmon__record_file *file, struct qmon__ring_cursor *ret_cursor);
enum qmon__ring_next { QMON__RING_FILLED, QMON__RING_EMPTY, QMON__RING_STUCK };
/* Copies filled slots, in turn, into `ret_slots`, made sane; at most `limit`. *ret_next says what comes after them: STUCK
 * is a slot that was claimed and not filled. Returns how many, or negative errno. */
int qmon__ring_take(struct qmon__record_file *file, struct qmon__ring_cursor *cursor, struct qmon_ring_slot *ret_slots,
                    unsigned limit, enum qmon__ring_next *ret_next);
/* Frees all turns taken so far, and says so. */
int qmon__ring_free(struct qmon__record_file *file, struct qmon__ring_cursor *cursor);
/* Gives up on the slot that is stuck. Not before everything taken is freed. */
int qmon__ring_skip(struct qmon__record_file *file, struct qmon__ring_cursor *cursor);
/* Is the next slot filled? */
bool qmon__ring_is_filled(struct qmon__record_file *file, const struct qmon__ring_cursor *cursor);
/* Is there a filled slot behind the next one? */
bool qmon__ring_has_filled_behind(struct qmon__record_file *file, const struct qmon__ring_cursor *cursor);
/* Clamps a slot's lengths. For the fuzzer, too. */
void qmon__ring_sanitize(struct qmon_ring_slot *slot);

/* --- ring_event.c --- */
/* Like `base` (an event with process and modules, which must outlive this one). turn makes its id. */
int qmon__ring_event(const struct qmon_record *record, const struct qmon_event *base, const struct qmon_ring_slot *slot,
                     uint32_t turn, struct qmon__report *ret_report);

/* --- ring.c --- */
struct qmon__ring_tally {
    uint64_t consumed, skipped, dropped;
};
/* Makes events of what is in the ring. linger_ms: how long to wait for more, anew after each event. limit_ms
 * (CLOCK_MONOTONIC): ends then, whatever comes. live_pid: the process; 0 it is gone,
 * and `maps` is the text of its maps file as it was, or NULL.
* 0: the ring is empty; -EAGAIN somebody else consumes it; other negative errno: events stay in the ring. */
int qmon__ring_consume(struct qmon__pass *pass, struct qmon__record_file *file, uint32_t live_pid, const char *maps,
                       unsigned linger_ms, uint64_t limit_ms, struct qmon__ring_tally *ret_tally);

#endif

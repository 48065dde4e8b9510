/*
 * sites.h: the stack walk of a call that has been made very often just so.
 *
 * After 64 reports in a row from one place of the program, with the same words, at the same depth, that gave the same key, the key is
 * taken for granted, but for every 1024th report: as long as the return addresses above it are the same, as many as are kept and
 * lie in the page that the stack pointer is in (what lies behind may not be mapped). Texts that nobody can write to, where they
 * are the same, need not be read again.
 */
#ifndef QMON_CAPTURE_SITES_H
#define QMON_CAPTURE_SITES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent.h"
#include "repeats.h"
#include "steps.h"
#include "thread.h"

#define QMON__SITE_WALK 1024u /* so seldom is the stack of a report that is known walked all the same; a power of two */
#define QMON__SITE_ASK 4096u  /* repeats: the receiver of the first one may have failed (ring.c) */

/* The key of such a report; 0: not known. *ret_words: its words' key (repeats.h) where it was needed, else 0. THREADS: of the calling
 * thread, whose signal handlers may do the same. */
uint64_t qmon__site_recall(const struct qmon__report_text *text, const struct qmon__report_place *place,
                           uint64_t *ret_words);

/* Has somebody look at the ring again. Keeps errno. */
void qmon__site_ask(void);

/* The key has been counted at this turn of the ring: where the next such report is. THREADS: as above. */
void qmon__site_counted(uint64_t key, struct qmon_record_ring *ring, uint32_t turn);

static inline bool qmon__site_has_texts(const struct qmon__report_memory *last, const struct qmon__report_text *text) {
    return last->code == text->code && last->message == text->message && last->endpoint == text->endpoint &&
           last->user_id == text->user_id && last->severity == text->severity && text->extras == NULL &&
           last->age == qmon__steps_age();
}

__attribute__((no_sanitize("address"))) static inline bool
qmon__site_has_trail(const struct qmon__report_memory *last) {
    const char *const low = last->stack_pointer;
#pragma GCC unroll 8
    for (unsigned i = 0; i < QMON__SITE_TRAIL; i++)
        if (*(const uintptr_t *) (low + last->trail_distances[i]) != last->trail[i])
            return false;
    return true;
}

/* Counts a report that says the same as the last ones of this thread, from the same place, where it is known to wait, without a call or
 * a look at its texts: what a storm costs. False: the long way, for whatever reason. THREADS: as above. */
__attribute__((always_inline)) static inline bool qmon__site_counts(struct qmon__report_text text,
                                                                    struct qmon__report_place place) {
    struct qmon__report_memory *const last = &qmon__thread.last_report;
    const uint32_t turn = last->turn;
    atomic_signal_fence(memory_order_seq_cst);
    if (last->return_address != place.return_address || last->stack_pointer != place.stack_pointer ||
        last->counted_key != last->key || !qmon__site_has_texts(last, &text) || !qmon__site_has_trail(last) ||
        !qmon__repeats_owned() || last->ring != &qmon__agent.record->ring)
        return false;
    struct qmon_ring_slot *const slot = last->slot;
    const uint32_t slot_turn = last->slot_turn;
    atomic_signal_fence(memory_order_seq_cst);
    if (last->turn != turn || (last->streak + 1) % QMON__SITE_WALK == 0)
        return false;
    last->streak++;
    const uint32_t repeats = qmon__repeat_counted_at(slot, slot_turn);
    if (repeats == 0 || repeats % QMON__SITE_ASK != 0)
        return repeats != 0;
    qmon__site_ask();
    return true;
}

/* What a walk gave. trail: where its first return addresses lie. THREADS: as above. */
void qmon__site_note(const struct qmon__report_text *text, const struct qmon__report_place *place, uint64_t words,
                     uint64_t key, const struct qmon__trail *trail);

#endif

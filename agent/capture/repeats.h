/*
 * repeats.h: a report that says the same as one that still waits in the ring is counted there, and takes no slot.
 *
 * So a storm of one error costs the program a stack walk and an addition each time, and the receiver one event for all
 * that came while it was busy. The same means the same in everything: thread, severity, code, texts, extras and stack;
 * nothing that people could want to tell apart is lost but the moments.
 */
#ifndef QMON_CAPTURE_REPEATS_H
#define QMON_CAPTURE_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/record.h>

struct qmon__report_text {
    int severity;
    const char *code, *endpoint, *user_id, *message; /* any may be NULL but code */
    const char *const *extras;
};

/* Does this process know already that the ring is its own? owned: without a system call. own: it has made sure. */
bool qmon__repeats_owned(void);
void qmon__repeats_own(void);

/* What tells a report from others: its words, and with them its stack. A key is never 0. THREADS: any. */
uint64_t qmon__words_key(const struct qmon__report_text *text);
uint64_t qmon__report_key(uint64_t words, void *const *frames, size_t frame_count);

/* The stack walk of a call that has been made very often just so: after 64 calls in a row from one place, with the same words,
 * at the same depth, and with the same words on the stack above it, that gave the same key, the key is taken for granted, but for
 * every 64th call. site: the caller's return address and stack pointer as hashed with the words; 0: another than the last. recall: 0 not known.
 * note: what a walk gave. THREADS: of the calling thread. */
uint64_t qmon__report_site(uint64_t words, const void *return_address, const void *stack_pointer);
uint64_t qmon__site_recall(uint64_t site);
void qmon__site_note(uint64_t site, uint64_t key);

/* Counts the report with the one of this key that waits, if one does. Returns its repeats so far, 0 if none waits. THREADS:
 * any, without locks. */
uint32_t qmon__repeat_counted(struct qmon_record_ring *ring, uint64_t key);

/* The producer of a turn: makes its slot countable. begin: before the slot is published; offer: after. */
void qmon__repeats_begin(struct qmon_ring_slot *slot, uint32_t turn, uint64_t key);
void qmon__repeats_offer(uint32_t turn, uint64_t key);

#endif

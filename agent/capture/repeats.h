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

struct qmon__report_place {
    const void *return_address, *stack_pointer; /* of the program's call, as it will be after the return */
};

/* Does this process know already that the ring is its own? owned: without a system call. own: it has made sure. */
bool qmon__repeats_owned(void);
void qmon__repeats_own(void);

/* What tells a report from others: its words, and with them its stack. A key is never 0. THREADS: any. */
uint64_t qmon__words_key(const struct qmon__report_text *text);
uint64_t qmon__report_key(uint64_t words, void *const *frames, size_t frame_count);

/* Counts the report with the one of this key that waits, if one does. Returns its repeats so far, 0 if none waits. THREADS:
 * any, without locks. */
uint32_t qmon__repeat_counted(struct qmon_record_ring *ring, uint64_t key);

/* The producer of a turn: makes its slot countable. begin: before the slot is published; offer: after. */
void qmon__repeats_begin(struct qmon_ring_slot *slot, uint32_t turn, uint64_t key);
void qmon__repeats_offer(uint32_t turn, uint64_t key);

#endif

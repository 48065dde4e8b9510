/*
 * attendant.h: the receiver that tells of the start, made while the program goes on, which sees to an early end as well.
 *
 * A program that ends within moments would otherwise wait twice for a receiver to be executed, which takes longer than its whole
 * life. So the one for the start is loose (launch.h), and whether it is still there when the process ends is settled by two
 * words in the record (enum qmon_attendance). The program's end waits until it is executed (some 100 us after it was made): what
 * shares our memory keeps our file from being written to, and the file system that we lie on from being unmounted.
 *
 * SIGNAL SAFETY: everything here is async-signal-safe.
 */
#ifndef QMON_CAPTURE_ATTENDANT_H
#define QMON_CAPTURE_ATTENDANT_H

#include <stdbool.h>
#include <stdint.h>

#define QMON__ATTENDANT_LEAVES_MS 200u /* it does so within a fraction of a millisecond */

/* Starts it. why: "start" or "exec". Not where an orphan would be seen (kin.h). */
void qmon__attendant_start(const char *why);

/* The end is in the record, and its state STOPPED: will the attendant see to it? */
bool qmon__attendant_takes_end(void);

/* Waits until it shares no memory with us, at most within_ms: for what that would make fail, in us (unshare, setns) or in others when we
 * have ended (a write to our program's file, the unmounting of where it lies). */
void qmon__attendant_leave(uint64_t within_ms);

/* In the child of a fork. */
void qmon__attendant_forked(void);

#endif

/*
 * births.h: children of fork() that are killed before they can begin a record of their own, which takes a child some 100 us: a
 * program that makes a child and kills it at once is faster. And those that are killed after they have ended well and given it
 * up: on the way from there to the kernel, where libc writes out what is left of their output, which may wait for a reader for
 * ever. How far a child got is told by bits in memory that the two share; the parent, which learns from its wait call that the
 * child was killed, then makes the record in its place.
 *
 * Only the wait calls know that such a child is dead: nothing is found of one that nobody waits for, or that has run another
 * program before it left.
 */
#ifndef QMON_CAPTURE_BIRTHS_H
#define QMON_CAPTURE_BIRTHS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* In the parent, before and after fork(): a place for the child, and whose that is (0: nobody's, fork() has failed). A program that makes
 * more than 256 children without waiting for them is not told of the oldest. SIGNAL SAFETY: async-signal-safe. */
unsigned qmon__birth_expected(void);
void qmon__birth_over(unsigned place, int child);

/* In the child, once it has its record: it has begun. By its number, and, where its parent may know it by another, by its place.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__birth_begun(int pid);
void qmon__birth_begun_at(unsigned place);

/* In the child, which exits and has nothing to tell of that: it is about to remove its record. SIGNAL SAFETY: async-signal-safe. */
void qmon__birth_left(int pid);

enum qmon__birth_end {
    QMON__BIRTH_UNKNOWN, /* it has begun, or fork() did not make it */
    QMON__BIRTH_FAILED,  /* it never began */
    QMON__BIRTH_LEFT     /* it was exiting */
};

/* A child is dead, and its number free for another: how far had it come? SIGNAL SAFETY: async-signal-safe. */
enum qmon__birth_end qmon__birth_ended(int child);

/* Is this living child one that fork() has made? SIGNAL SAFETY: async-signal-safe. */
bool qmon__birth_known(int child);

/* Is this a child that fork() has made and that has not got that far yet? SIGNAL SAFETY: async-signal-safe. */
bool qmon__birth_awaited(int child);

/* The child that fork() made last; 0: none. SIGNAL SAFETY: async-signal-safe. */
int qmon__births_last(void);

/* How many children fork() has made, as counted by who asks. SIGNAL SAFETY: async-signal-safe. */
_Atomic uint32_t *qmon__births_count(void);

/* Visits the number of each child that fork() has made, of the last 256, and that was not asked about: some may be gone.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__births_visit(void (*visit)(int child, void *argument), void *argument);

#endif

/*
 * births.h: children of fork() that are killed before they can begin a record of their own, which takes a child some 100 us: a
 * program that makes a child and kills it at once is faster. Whether a child got that far is told by a byte in a page that the
 * two share; the parent, which learns from its wait call that the child was killed, then makes the record in its place.
 *
 * Only the wait calls know that such a child is dead: nothing is found of one that nobody waits for.
 */
#ifndef QMON_CAPTURE_BIRTHS_H
#define QMON_CAPTURE_BIRTHS_H

#include <stdbool.h>

/* In the parent, before and after fork(): a place for the child to say that it has begun, and whose that is (0: nobody's, fork()
 * has failed). They come in pairs, in one thread. A program that makes more than 256 children without waiting for them is not
 * told of the oldest. */
struct qmon__birth {
    unsigned place;
    void *outer; /* a signal handler that forks between the two */
};
void qmon__birth_expected(struct qmon__birth *ret_birth);
void qmon__birth_over(const struct qmon__birth *birth, int child);

/* In the child, once it has its record. SIGNAL SAFETY: async-signal-safe. */
void qmon__birth_begun(void);

/* Is this a child that never began? Answers so once. SIGNAL SAFETY: async-signal-safe. */
bool qmon__birth_failed(int child);

/* Visits the number of each child that fork() has made, of the last 256, and that was not asked about: some may be gone.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__births_visit(void (*visit)(int child, int argument), int argument);

#endif

/*
 * background.h: the background thread: starts receivers that the program must neither wait for nor see.
 *
 * It is made with clone(2), not pthread_create: libc does not know it, so a single-threaded program keeps libc's
 * single-threaded fast paths (a first pthread makes putc 7 times and malloc 2.5 times as slow for good). It runs no libc code,
 * touches no thread-local storage, has every signal blocked, and is gone as soon as there is nothing to do.
 */
#ifndef QMON_CAPTURE_BACKGROUND_H
#define QMON_CAPTURE_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

enum qmon__chore {
    QMON__CHORE_RING = 1u,  /* error reports wait in the ring */
    QMON__CHORE_FOUND = 4u, /* a child has died without a word */
    QMON__CHORE_START = 2u, /* the start is to be told, and an orphaned receiver would be seen by the host */
};

/* Asks for a chore; starts the thread if it does not run. Returns at once. SIGNAL SAFETY: async-signal-safe. */
void qmon__background_ask(unsigned chores);

/* Has a child that died without a word told while the program goes on (ends.c). SIGNAL SAFETY: async-signal-safe. */
void qmon__tell_found(void);

/* Waits until the thread is gone, at most within_ms. For what a second thread would make fail (unshare, setns). */
bool qmon__background_leave(uint64_t within_ms);

/* The process is about to end. Its receivers end with this thread or live on as orphans; where an ancestor would see these, this
 * waits for them. SIGNAL SAFETY: async-signal-safe. */
void qmon__background_settle(void);

/* Its number; 0: there is none. SIGNAL SAFETY: async-signal-safe. */
int qmon__background_tid(void);

/* The child of a fork has no such thread. */
void qmon__background_forked(void);

#endif

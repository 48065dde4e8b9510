/* thread_begins.h: what thread.c does for threads that libc makes past pthread_create. */
#ifndef QMON_HOOKS_THREAD_BEGINS_H
#define QMON_HOOKS_THREAD_BEGINS_H

/* There may be such threads from now on: what they need is looked up. */
void qmon__threads_expected(void);

/* The calling thread is one, and has done nothing yet: it gets an alternate stack, and faults come through its mask, which the
 * program goes on to read as libc has set it. */
void qmon__thread_begins(void);

#endif

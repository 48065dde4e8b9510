/* wait.h: for thread.c. */
#ifndef QMON_HOOKS_WAIT_H
#define QMON_HOOKS_WAIT_H

/* Finds the real wait functions while the process has one thread: a child of fork in a threaded one could find the loader's
 * lock held for ever. */
void qmon__resolve_waits(void);
/* The same for _Fork, which may be called where nothing can be looked up. */
void qmon__resolve_forks(void);

#endif

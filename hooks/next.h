/* next.h: the function that a hook stands in front of: libc's, or that of a preload behind ours. */
#ifndef QMON_HOOKS_NEXT_H
#define QMON_HOOKS_NEXT_H

/* Resolved on first use and kept; NULL when there is none. Not for places where the loader's lock may be held for ever (signal
 * handlers, the child of a fork in a threaded program). */
void *qmon__next(const char *name, void *_Atomic *kept);

#endif

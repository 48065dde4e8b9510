/* next.h: the function that a hook stands in front of: libc's, or that of a preload behind ours. */
#ifndef QMON_HOOKS_NEXT_H
#define QMON_HOOKS_NEXT_H

/* Resolved on first use and kept; NULL when there is none. THREADS: any. SIGNAL SAFETY: async-signal-safe, once the agent has started and
 * where the libraries have the usual tables (DT_GNU_HASH); else the loader is asked, whose lock may be held for ever. */
void *qmon__next(const char *name, void *_Atomic *kept);

#endif

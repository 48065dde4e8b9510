/* last_thread.h: threads that end by themselves, and the process with the last of them. */
#ifndef QMON_HOOKS_LAST_THREAD_H
#define QMON_HOOKS_LAST_THREAD_H

#include <stdbool.h>

/* Does the process end with the calling thread, but for one of ours? SIGNAL SAFETY: async-signal-safe. */
bool qmon__is_last_thread(void);

#endif

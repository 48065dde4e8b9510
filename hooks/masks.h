/* masks.h: what hooks/mask.c does for the other hooks. */
#ifndef QMON_HOOKS_MASKS_H
#define QMON_HOOKS_MASKS_H

#include <signal.h>

/* sigprocmask, with its results and errno. Not by that name: the link answers libunwind's calls of it by --wrap, and ours would
 * go the same way. SIGNAL SAFETY: async-signal-safe. */
int qmon__change_mask(int how, const sigset_t *wanted, sigset_t *old) __attribute__((visibility("hidden")));

#endif

/* restorer.h: where libc's handlers return to. */
#ifndef QMON_HOOKS_RESTORER_H
#define QMON_HOOKS_RESTORER_H

#include <signal.h>
#include <stdbool.h>

/* Libc says it nowhere, but gives it to the kernel with each disposition. So libc sets `action` for this signal for a moment; what the kernel
 * then has is looked at, and what it had is put back. *ret_restorer NULL: libc leaves it to the kernel (AArch64). False: it does not take the signal.
 * SIGNAL SAFETY: as qmon__next(). */
bool qmon__restorer_of_libc(int signal, const struct sigaction *action, void **ret_restorer);

#endif

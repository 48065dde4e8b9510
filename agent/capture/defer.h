/* defer.h: signals that come though the program believes them blocked (mask.h). SIGNAL SAFETY: everything here is async-signal-safe. */
#ifndef QMON_CAPTURE_DEFER_H
#define QMON_CAPTURE_DEFER_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

/* Does the program, where it was interrupted, believe this signal blocked? Only of fault signals and proxies it may be wrong. */
bool qmon__is_believed_blocked(int signal, const ucontext_t *context);

/* A signal that was sent while the program believes it blocked waits, as it would have, until it is unblocked: it is really blocked
 * now, and queued again, unless one waits already. One that was really blocked has been let through by a call that waits with a
 * mask of its own, made past us, and is not held back: false, as where it cannot be queued. */
bool qmon__defer(int signal, const siginfo_t *info, ucontext_t *context);

#endif

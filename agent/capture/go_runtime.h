/*
 * go_runtime.h: Go with cgo, whose runtime is not like other programs.
 *
 *   - It asks the kernel, not libc, for the alternate stack of a thread, finds ours, and takes it for its own: its handlers
 *     must run there, and nowhere else.
 *   - It ends the process by a bare exit_group. An end without a trace may be a good one (QMON_PROCESS_ENDS_RAW).
 *   - Its handler turns a fault on a goroutine's stack into a panic, which may be recovered from. A fault on a thread's own stack,
 *     where C code and the runtime itself run, is the end: it is reported before the handler, which does not come back.
 */
#ifndef QMON_CAPTURE_GO_RUNTIME_H
#define QMON_CAPTURE_GO_RUNTIME_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#include "sys.h"

/* The program has set `action` in place of `old`: takes note whether it is Go's. Reads memory that may not be there, guarded. */
void qmon__go_note(int signal, const struct qmon__kernel_action *action, const struct qmon__kernel_action *old);

/* Is the handler of this signal Go's? SIGNAL SAFETY: async-signal-safe, as what follows. */
bool qmon__go_handles(int signal);

/* Is this signal, which Go handles, the end of the process? */
bool qmon__go_ends(int signal, const siginfo_t *info, const ucontext_t *context);

/* Has Go set a handler? It changes masks by bare system calls, then. SIGNAL SAFETY: async-signal-safe. */
bool qmon__go_is_present(void);

#endif

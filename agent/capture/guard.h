/*
 * guard.h: running something that may fault or hang, and going on when it does.
 *
 * qmon__guarded(function, argument) returns true when the function returned, false when a fault signal or the guard's timer
 * ended it. Our signal entry finds the innermost guard of the thread and changes the interrupted context so that
 * it returns into the guard, which keeps the signal mask and the alternate stack in the state the kernel expects.
 * The function must hold no resource that its sudden end would leak. SIGNAL SAFETY: async-signal-safe.
 */
#ifndef QMON_CAPTURE_GUARD_H
#define QMON_CAPTURE_GUARD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* within_ms 0: no timer. */
bool qmon__guarded(void (*function)(void *argument), void *argument, uint64_t within_ms);

/* Is this signal for a guard of this thread? Then the context is changed and true returned. For the signal entry alone. */
bool qmon__guard_takes(int signal, const siginfo_t *info, ucontext_t *context);

/* Ends the innermost guarded function at once, as a fault would; returns only when there is none. */
void qmon__guard_leave(void);

/* Copies memory that may not be there. Returns false when any of it is unreadable (or unwritable at `to`). */
bool qmon__copy_guarded(void *to, const void *from, size_t bytes);

/* Is there code of libqmon.so's? */
bool qmon__is_own_code(uintptr_t pc);

#endif

/*
 * alternate_stack.h: a signal stack for every thread, so that a stack overflow can be reported in any of them.
 *
 * The main thread's is static; others come from a pool that never shrinks (as many as threads ran at once). A stack that
 * the program sets with sigaltstack takes the place of ours and is left alone; when it is disabled ours comes back. One that is too
 * small for our entry, and perhaps for the kernel's frame, is only remembered: the kernel keeps ours, so that a fault can be told,
 * and our entry moves the frame of a handler that asked for it there.
 */
#ifndef QMON_CAPTURE_ALTERNATE_STACK_H
#define QMON_CAPTURE_ALTERNATE_STACK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

/* For the thread that runs the constructor. */
void qmon__alternate_stack_of_main(void);

/* One from the pool; NULL when memory is short. `ret_bytes` is what the caller may use for itself at its low end. */
void *qmon__alternate_stack_take(void);
void qmon__alternate_stack_give(void *stack);
/* Makes it the calling thread's. */
void qmon__alternate_stack_use(void *stack);
/* The calling thread ends: takes it out of use and back to the pool. */
void qmon__alternate_stack_leave(void *stack);

/* sigaltstack as the program sees it: our own stacks are not there. Returns 0 or a negative errno. */
int qmon__alternate_stack_virtual(const stack_t *wanted, stack_t *ret_old);

/* Runs a function with room enough for our work: on the thread's alternate stack of ours, which is idle where the program has
 * set a (perhaps small) one of its own. Faults in the function land there too. Where the thread has none, or runs on it already,
 * it is just called. SIGNAL SAFETY: async-signal-safe, with asynchronous signals blocked. */
void qmon__on_own_stack(void (*function)(void *argument), void *argument);

/* Moves the kernel's frame (machine.h) to where a handler of the program's would have found it without us. `on_stack`: it asked for the
 * alternate stack. Returns where it is now; 0: there is no room, and the kernel would have ended the process. SIGNAL SAFETY:
 * async-signal-safe. */
uintptr_t qmon__frame_for_program(uintptr_t frame, const ucontext_t *context, bool on_stack);

/* Does the address lie in an alternate stack of ours that the calling thread uses? */
bool qmon__alternate_stack_holds(const void *address);

#endif

/*
 * faults.h: the faults that this thread has handed to handlers of the program, and whether one of them is being dealt with.
 *
 * A handler is over when its signal frame has changed or the stack no longer leads through it. It may also return with a
 * context of its own making, in which the program calls a function as if the instruction that faulted had called it. Mono
 * does so, to get off the alternate stack before it decides whether the fault is an exception or the end. Nothing is left
 * of the frame then; but the call's return address is the instruction that faulted, and lies below its stack pointer, where no
 * call of the program's own can have put it.
 *
 * SIGNAL SAFETY: everything here is async-signal-safe.
 */
#ifndef QMON_CAPTURE_FAULTS_H
#define QMON_CAPTURE_FAULTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "thread.h"

/* A fault is about to be handed to a handler of the program's, with the signal frame at `frame`. */
void qmon__fault_note(int signal, const siginfo_t *info, const ucontext_t *context, uintptr_t frame);

/* Is a handler of the program's for a fault still running on this thread? Then a copy of that fault; its context is borrowed
 * from the handler's frame. */
bool qmon__in_fault_handler(struct qmon__fault *ret_fault);

/* Has such a handler made the program call what is running now? Then a copy of that fault; its context is *ret_context, which has
 * the registers at the fault, and nothing else. */
bool qmon__in_call_from_fault(struct qmon__fault *ret_fault, ucontext_t *ret_context);

/* A handler that raises the signal again while it is blocked, and returns: the signal comes where the first one came, and in its place.
 * Where that was sent, too, only what the program raises is taken for it: a second one from outside has a sender of its own. */
bool qmon__resumes_fault(int signal, const siginfo_t *info, const ucontext_t *context, struct qmon__fault *ret_fault);

#endif

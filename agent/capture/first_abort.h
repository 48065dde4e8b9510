/*
 * first_abort.h: abort() of a first process. The kernel gives it no signal that it has no handler for, SIGABRT among them; so libc ends
 * it by an instruction that faults, and its status tells of that. The report tells of the abort.
 */
#ifndef QMON_CAPTURE_FIRST_ABORT_H
#define QMON_CAPTURE_FIRST_ABORT_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

/* A signal with the default action came to nothing, because this is a first process. */
void qmon__first_ignored(int signal, const siginfo_t *info);

/* Is this fault what libc, or our abort(), ends the process by? Then *ret_info is the SIGABRT that came to nothing. */
bool qmon__first_aborts(const siginfo_t *info, const ucontext_t *context, siginfo_t *ret_info);

#endif

/*
 * fatal.h: from a death that is certain to a sealed record and a receiver that has it.
 */
#ifndef QMON_CAPTURE_FATAL_H
#define QMON_CAPTURE_FATAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include <qmon/record.h>

struct qmon__death {
    int signal; /* which killed: the fault's own where a handler of the program's gave up on it */
    const siginfo_t *info;
    const ucontext_t *context;
    enum qmon_crash_origin origin;
    int exit_status; /* QMON_ORIGIN_HANDLER that called exit; 0 it raised a signal */
    bool by_signal;  /* nothing but a signal's default action is to come: no handler of exit(), no lock */
};

/*
 * Captures, seals, starts the receiver, waits for it under the deadline. Returns when the process may die; at once when this
 * thread is in here already. Other threads that die meanwhile wait here for the first one's end of the process.
 * Every signal but the faults is blocked meanwhile by the caller. SIGNAL SAFETY: async-signal-safe.
 */
void qmon__fatal(const struct qmon__death *death);

/* The same for a process that shares the memory of another (a child of vfork, a clone with CLONE_VM), whose record is not its
 * own: one is made for it, and the host's is left alone. Where both are dying, or two such guests, they go one after the other.
 * False: nothing could be done, the death is to be found by the parent. SIGNAL SAFETY: async-signal-safe. */
bool qmon__fatal_of_guest(const struct qmon__death *death);

/* The calling thread ends the process without a crash: one of another thread, from now on, waits for that end. Where another
 * thread's crash is being reported already, this waits for it to end the process. */
void qmon__claim_exit(void);
/* Has the calling thread done that? SIGNAL SAFETY: async-signal-safe. */
bool qmon__has_claimed_exit(void);

/* Does another thread end the process at this time, by a crash or not? SIGNAL SAFETY: async-signal-safe. */
bool qmon__ends_elsewhere(void);
/* Where another thread has crashed, waits as qmon__claim_exit() does: what would go on now is over. SIGNAL SAFETY: async-signal-safe. */
void qmon__await_crash_elsewhere(void);

/* The signal of a death is one that is reported as a crash (QMON_SIGNALS); otherwise it is just how the process stopped. */
bool qmon__is_crash(int signal);

/* The child of a fork starts anew. */
void qmon__fatal_forked(void);

#endif

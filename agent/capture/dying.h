/*
 * dying.h: a process that is sent SIGKILL while another signal is ending it.
 *
 * To the kernel a signal with the default action has ended a process the moment it is sent, and a SIGKILL right after it changes
 * nothing. Under the agent the signal's default action is a handler of ours, which must first be scheduled: SIGKILL would
 * overtake it, be what the parent's wait call sees, and be told. php-fpm stops its workers so, and whoever calls terminate()
 * and then kill(). So who is about to send it lets the other signal have its way first, where it is certain that the process dies
 * of that: it is known what waits for a process (/proc), and which signals a monitored program leaves their default action (its
 * record). A program that handles the other signal is killed at once, as it would be.
 *
 * SIGNAL SAFETY: everything here is async-signal-safe. THREADS: any.
 */
#ifndef QMON_CAPTURE_DYING_H
#define QMON_CAPTURE_DYING_H

#include <stdint.h>

/* The longest that SIGKILL is put off for all whom one call kills. A process that dies takes some 100 us as a rule; on a machine that
 * has far more to do than it can, it must first be its turn. */
#define QMON__LET_DIE_NS 1000000000ull

/* This process is about to send `signal` to process `target`, or to a group, as kill() has it. */
void qmon__ending_sent(int target, int signal);

/* Before SIGKILL is sent to process `pid`: returns at once where it is not dying of another signal, or the agent is not in it; else
 * when it has ended, at that time at the latest. */
void qmon__let_die(int pid, uint64_t until_boot_ns);

#endif

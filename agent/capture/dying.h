/*
 * dying.h: a process that is sent SIGKILL while another signal is ending it.
 *
 * To the kernel a signal with the default action has ended a process the moment it is sent, and a SIGKILL right after it changes
 * nothing. Under the agent the signal's default action is a handler of ours, which must first be scheduled: SIGKILL would
 * overtake it, be what the parent's wait call sees, and be told. php-fpm stops its workers so, and whoever calls terminate()
 * and then kill(). So who is about to send it lets the other signal have its way first, for a moment.
 *
 * SIGNAL SAFETY: everything here is async-signal-safe. THREADS: any.
 */
#ifndef QMON_CAPTURE_DYING_H
#define QMON_CAPTURE_DYING_H

/* This process is about to send `signal` to process `pid`, or to nobody (0) or many (negative), which is not remembered. */
void qmon__ending_sent(int pid, int signal);

/* Before SIGKILL is sent to process `pid`: returns at once where no other signal is on its way to it, or the agent is not in it;
 * else when it has ended, or has had its chance to (the program may have a handler of its own), in at most a tenth of a
 * second. */
void qmon__let_die(int pid);

#endif

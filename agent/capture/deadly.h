/*
 * deadly.h: calls that a system call filter may punish with death which was there before the program, as a service manager sets it.
 * Nothing of it can be read, so that a call of ours that may well be missing in one is tried by a process of ours first.
 */
#ifndef QMON_CAPTURE_DEADLY_H
#define QMON_CAPTURE_DEADLY_H

#include <stdbool.h>
#include <stdint.h>

/* Would this call, of timer_create, pipe2 and shmget, end the process? Costs one call where there is no filter, and once a process of
 * its own where there is one. SIGNAL SAFETY: async-signal-safe. */
bool qmon__call_is_deadly(long number);

/* In place of a timer: a process that shares our memory sends the calling thread `signal` as the timer would (SI_TIMER, with `value`),
 * first after within_ms, then every 20 ms. Returns its number, negative where there is none; it is to be stopped. SIGNAL SAFETY:
 * async-signal-safe. */
int qmon__watchdog_start(uint64_t within_ms, int signal, void *value);
void qmon__watchdog_stop(int watchdog);

#endif

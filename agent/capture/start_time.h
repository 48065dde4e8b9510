/* start_time.h: what /proc/PID/stat says: when this process began, and whose child another is. */
#ifndef QMON_CAPTURE_START_TIME_H
#define QMON_CAPTURE_START_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Did this process surely exist at that time of CLOCK_BOOTTIME? A thread, and so its process, is at least as old as the processor's
 * time that it has used: in a process that has hardly been kept waiting since, that is the answer, without /proc, which takes a
 * dozen times as long to ask. False: who knows. SIGNAL SAFETY: async-signal-safe. */
bool qmon__existed_at(uint64_t boot_ns);

/* CLOCK_BOOTTIME of this process's fork, rounded down to the kernel's tick of 10 ms as /proc/self/stat gives it; an exec
 * does not change it. UINT64_MAX unknown. SIGNAL SAFETY: async-signal-safe. */
uint64_t qmon__own_start_boot_ns(void);

/* The parent of process pid; 0 unknown. SIGNAL SAFETY: async-signal-safe. */
int qmon__parent_of(int pid);

#endif

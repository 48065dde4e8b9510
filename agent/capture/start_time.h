/* start_time.h: what /proc/PID/stat says: when this process began, and whose child another is. */
#ifndef QMON_CAPTURE_START_TIME_H
#define QMON_CAPTURE_START_TIME_H

#include <stdint.h>

/* CLOCK_BOOTTIME of this process's fork, rounded down to the kernel's tick of 10 ms as /proc/self/stat gives it; an exec
 * does not change it. UINT64_MAX unknown. SIGNAL SAFETY: async-signal-safe. */
uint64_t qmon__own_start_boot_ns(void);

/* The parent of process pid; 0 unknown. SIGNAL SAFETY: async-signal-safe. */
int qmon__parent_of(int pid);

#endif

/* clock.h: what time it is, ns. SIGNAL SAFETY: everything here is async-signal-safe. */
#ifndef QMON_CAPTURE_CLOCK_H
#define QMON_CAPTURE_CLOCK_H

#include <stdint.h>

/* Looks for the kernel's own clock function, which is as fast as libc's. Before others run; without it a system call is made. */
void qmon__clock_start(void);

uint64_t qmon__boot_ns(void);
uint64_t qmon__real_ns(void);

#endif

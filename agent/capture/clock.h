/* clock.h: what time it is, ns. SIGNAL SAFETY: everything here is async-signal-safe. */
#ifndef QMON_CAPTURE_CLOCK_H
#define QMON_CAPTURE_CLOCK_H

#include <stdint.h>

/* Notes where the kernel's own clock function is, which is as fast as libc's. Before others run; without it a system call is made for
 * each reading. */
void qmon__clock_start(void);

uint64_t qmon__boot_ns(void);
uint64_t qmon__real_ns(void);

#endif

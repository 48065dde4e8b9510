/*
 * moment.h: clocks and waiting.
 */
#ifndef QMON_RECEIVER_MOMENT_H
#define QMON_RECEIVER_MOMENT_H

#include <stdint.h>

uint64_t qmon__now_monotonic_ms(void);
uint64_t qmon__now_boot_ns(void);
uint64_t qmon__now_real_ns(void);
void qmon__pause_us(unsigned pause_us);

/* Whatever happens, this process ends by SIGALRM a moment after ms from now: the record stays for the next. A forked child
 * starts without. */
void qmon__die_in(uint64_t ms);

#endif

/*
 * moment.h: waiting. What time it is: <qmon/clock.h>.
 */
#ifndef QMON_RECEIVER_MOMENT_H
#define QMON_RECEIVER_MOMENT_H

#include <stdint.h>

#include <qmon/clock.h>

void qmon__pause_us(unsigned pause_us);

/* Whatever happens, this process ends by SIGALRM a moment after ms from now: the record stays for the next. A forked child
 * starts without. */
void qmon__die_in(uint64_t ms);

#endif

/*
 * exception.h: the C++ exception that nobody caught.
 */
#ifndef QMON_CAPTURE_EXCEPTION_H
#define QMON_CAPTURE_EXCEPTION_H

#include <stdint.h>

#include <qmon/record.h>

/* Fills in exception_*, origin and thrown where the thread deals with an exception. The program's own code runs (what()), guarded and
 * timed. qmon__modules_scan(), registers and stack come before it. SIGNAL SAFETY: async-signal-safe but for what(), whose end is
 * enforced. */
void qmon__keep_exception(struct qmon_record_crash *crash, uint64_t within_ms);

#endif

/*
 * cause.h: the words that a dying program left: glibc's abort message, the assertion, the exception nobody caught.
 */
#ifndef QMON_CAPTURE_CAUSE_H
#define QMON_CAPTURE_CAUSE_H

#include <stdint.h>

#include <qmon/record.h>

/* Notes a failed assertion for the abort that follows. Pointers are borrowed until the process ends. */
void qmon__note_assertion(const char *expression, const char *file, unsigned line, const char *function);

/* Notes the one-line summary of a sanitizer's report. */
void qmon__note_summary(const char *summary);

/* Where libc keeps the pointer to its abort message; 0 unknown. Scans the modules if nobody has, so not while another thread
 * crashes. SIGNAL SAFETY: async-signal-safe. */
uintptr_t qmon__abort_message_address(void);

/* Fills in abort_message, assertion*, exception_*; for exceptions the program's own code runs (what()), guarded and timed, so
 * it comes after everything else. qmon__modules_scan() comes before it. SIGNAL SAFETY: async-signal-safe but for what(),
 * whose end is enforced. */
void qmon__keep_words(struct qmon_record_crash *crash, uint64_t within_ms);

#endif

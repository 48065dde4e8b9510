/*
 * cause.h: the words that a dying program left: glibc's abort message, the assertion, the exception nobody caught.
 */
#ifndef QMON_CAPTURE_CAUSE_H
#define QMON_CAPTURE_CAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/record.h>

/* Notes a failed assertion for the abort that follows. Pointers are borrowed until the process ends. */
void qmon__note_assertion(const char *expression, const char *file, unsigned line, const char *function);

/* Notes the one-line summary of a sanitizer's report. Of ThreadSanitizer's only the first is kept. */
void qmon__note_summary(const char *summary);

/* Notes where ThreadSanitizer found the first of its problems: addresses, innermost first, up to a NULL. */
void qmon__note_report(void *const *addresses, size_t limit);

/* Has ThreadSanitizer reported something? Then it ends the process when all exit handlers have run, by a status of its own. */
bool qmon__sanitizer_ends_later(void);

/* The stack that was noted in place of that of the end. False: none was.
 * SIGNAL SAFETY: async-signal-safe. */
bool qmon__keep_reported_stack(struct qmon_record_crash *crash);

/* Where libc keeps the pointer to its abort message; 0 unknown. Scans the modules if nobody has, so not while another thread
 * crashes. SIGNAL SAFETY: async-signal-safe. */
uintptr_t qmon__abort_message_address(void);

/* Has libc left a message, as it does before it raises SIGABRT itself? With the reservation above. */
bool qmon__has_abort_message(void);

/* Fills in abort_message, assertion*, exception_*; for exceptions the program's own code runs (what()), guarded and timed, so
 * it comes after everything else. qmon__modules_scan() comes before it. SIGNAL SAFETY: async-signal-safe but for what(),
 * whose end is enforced. */
void qmon__keep_words(struct qmon_record_crash *crash, uint64_t within_ms);

#endif

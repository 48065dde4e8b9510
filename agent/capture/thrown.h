/*
 * thrown.h: where exceptions were thrown, for the one that is thrown on and never caught.
 */
#ifndef QMON_CAPTURE_THROWN_H
#define QMON_CAPTURE_THROWN_H

#include <qmon/record.h>

/* Notes the stack of the caller of the function that calls this as the place where the exception was made. Nothing is owned, and nothing
 * has to be freed: a later one takes its place. Not from a signal handler (steps.h). THREADS: any, without waiting. */
void qmon__note_thrown(const void *object, const void *type);

/* Fills in the record's `thrown`, where the place is known and is not the one that the crashing stack leads to anyway.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__keep_thrown(const void *object, const void *type, struct qmon_record_crash *crash);

#endif

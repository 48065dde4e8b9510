/*
 * panic.h: panics of Rust's, which unwind the stack and end the program by an exit status that says nothing.
 */
#ifndef QMON_CAPTURE_PANIC_H
#define QMON_CAPTURE_PANIC_H

#include <stdbool.h>

#include <qmon/record.h>

/* Notes an exception that is about to be thrown, if it is a panic: its message, and the stack of the caller of the
 * function that calls this. exception: the unwinder's header in front of it. Not from a signal handler (steps.h). THREADS: any. */
void qmon__note_panic(const void *exception);

/* The process ends by QMON_PANIC_STATUS: is it because the thread that calls this has panicked? Then the crash slot, which has no stage
 * (QMON_ORIGIN_PANIC), gets what was noted. */
bool qmon__panic_ends(struct qmon_record *record);

#endif

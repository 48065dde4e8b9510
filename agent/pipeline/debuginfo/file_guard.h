/*
 * file_guard.h: files are read through mappings, and somebody may cut one short while we do: a library is copied over the old
 * one, a build goes on. The kernel says so by SIGBUS. Between begin and end the thread jumps out of it.
 */
#ifndef QMON_PIPELINE_FILE_GUARD_H
#define QMON_PIPELINE_FILE_GUARD_H

#include <setjmp.h>
#include <signal.h>

struct qmon__file_guard {
    sigjmp_buf jump; /* the caller's: if (sigsetjmp(guard.jump, 1)) it happened, and the guard is gone */
    struct sigaction before;
    struct qmon__file_guard *outer;
};

/* Not for several threads at once: the action for a signal belongs to the process. */
void qmon__file_guard_begin(struct qmon__file_guard *guard);
void qmon__file_guard_end(struct qmon__file_guard *guard);

#endif

/*
 * launch_job.h: what launch.c and launch_child.c know of one start of a receiver. The waiter and, until it execs, the receiver see it
 * in the memory that they share with the host. SIGNAL SAFETY: everything here is async-signal-safe.
 */
#ifndef QMON_CAPTURE_LAUNCH_JOB_H
#define QMON_CAPTURE_LAUNCH_JOB_H

#include "launch.h"

#include <qmon/paths.h>
#include <qmon/record.h>

#define QMON__RECEIVER_PATH_BYTES 600u
#define QMON__EXEC_FAILED 127
#define QMON__RELEASE_FD 4 /* in the receiver; as in receive.c */

struct qmon__job {
    struct qmon__spawn_request request;
    int caller_pid;
    int result; /* what qmon__spawn_receiver returns */
    bool copied;
    int release; /* the pipe's end by which the receiver lets the caller go; -1: it cannot but end */
    char executable[2][QMON__RECEIVER_PATH_BYTES];
    char why[32], pid[32], deadline[48], record[QMON_PATH_BYTES + 80];
    char *arguments[12];
};

/* Closes all descriptors of this process, which has a table of its own, but for standard error where events are told there. */
void qmon__job_close_descriptors(void);

/* Where the record is that the receiver gets. */
const char *qmon__job_record_path(const struct qmon__job *job);

/* In the receiver's process: becomes the receiver. Returns only where it cannot. `argument`: the struct qmon__job. */
int qmon__job_run_receiver(void *argument);

#endif

/*
 * live_crash.h: a crash while its process waits for us.
 */
#ifndef QMON_RECEIVER_LIVE_CRASH_H
#define QMON_RECEIVER_LIVE_CRASH_H

#include "arguments.h"
#include "record_file.h"
#include "report.h"

/*
 * The event of the crash, with what only the process itself can tell: /proc, its other threads, and the symbols of files that must be
 * read through it. 0: ret_report->event is the caller's. Else the same, or NULL, and a negative errno: -EAGAIN, the process is to be
 * asked for its threads' stacks (arguments->may_ask), and nothing is to be done yet; others, the record is damaged or memory is out.
 */
int qmon__prepare_crash(struct qmon__record_file *file, const struct qmon__arguments *arguments,
                        struct qmon__report *ret_report);

#endif

/*
 * context.h: what the process of a crash was like: errno, memory, limits, descriptors, code at the program counter.
 */
#ifndef QMON_RECEIVER_CONTEXT_H
#define QMON_RECEIVER_CONTEXT_H

#include <qmon/event.h>
#include <qmon/record.h>

/* What the crash slot tells. `stage` is the one that it reached. */
void qmon__context_of_crash(struct qmon_event *event, const struct qmon_record_crash *crash, uint32_t stage,
                            uint64_t program_counter);
/* What /proc tells of a process that waits for us. What cannot be read is left out. */
void qmon__context_of_process(struct qmon_event *event, uint32_t live_pid);

/* --- for tests --- */
void qmon__parse_status(struct qmon_event *event, const char *text); /* of a status file */
void qmon__parse_limits(struct qmon_event *event, const char *text); /* of a limits file */
/* --- descriptors.c: open ones by kind, of at most a few thousand; the count is of all. */
void qmon__add_descriptors(struct qmon_event *event, uint32_t live_pid);
const char *qmon__descriptor_kind(const char *target); /* what a link in /proc/PID/fd says: static words, plural */

#endif

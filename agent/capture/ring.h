/* ring.h: error reports on their way to the receiver. */
#ifndef QMON_CAPTURE_RING_H
#define QMON_CAPTURE_RING_H

#include <stddef.h>

#include "repeats.h"

/* Puts a report with the caller's stack into the ring, or counts it with the same one that waits there (repeats.h), and sees
 * to it that somebody takes it out. `skip` frames of the stack are the caller's own. Never blocks. 0; 1 it was counted so; -EAGAIN no room
 * (counted); -ENODEV the agent does nothing here. */
int qmon__ring_report(const struct qmon__report_text *text, const struct qmon__report_place *place, size_t skip);

/* The process has a record: a new one, or one from before an exec, which may hold reports. SIGNAL SAFETY: async-signal-safe. */
void qmon__ring_begin(_Bool adopted);

/* Are there reports that nobody has taken? SIGNAL SAFETY: async-signal-safe. */
_Bool qmon__ring_has_events(void);

/* A timer is made whose threads the agent cannot watch: for `qmon stats`, which the process is to tell of when it ends.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__ring_count_unwatched_timer(void);
_Bool qmon__ring_has_counts(void);

/* Waits until what is in the ring now has been taken. 0 or -ETIMEDOUT. */
int qmon__ring_drain(int timeout_ms);

#endif

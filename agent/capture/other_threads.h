/*
 * other_threads.h: the stacks of the other threads of a process that is about to die, taken by itself where nobody may look into it
 * from outside.
 */
#ifndef QMON_CAPTURE_OTHER_THREADS_H
#define QMON_CAPTURE_OTHER_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include <qmon/record.h>

/*
 * Where the receiver will be refused ptrace, as far as can be told from here, or has been (`refused`), every other thread is stopped
 * for good, and its stack put into the record, once. Where it will not, nothing is done: it takes them better. The caller has made sure that this process ends by a
 * signal, whatever the other threads do or hold, and that it owns the record, which is good already without them. Returns after
 * within_ms and the time of one more stack (300 ms) at the latest. SIGNAL SAFETY: async-signal-safe.
 */
void qmon__keep_other_threads(struct qmon_record *record, uint64_t within_ms, bool refused);

#endif

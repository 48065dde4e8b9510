/*
 * segment.h: the record as a System V shared memory segment, where the process may make no file (RLIMIT_FSIZE): that limit binds
 * files on every file system and memfd, but no segment. It outlives the process as a file does; a receiver that is not so
 * bound makes a file of it (receiver/record/segments.c). Its key says whose it is (paths.h).
 *
 * SIGNAL SAFETY: everything here is async-signal-safe.
 */
#ifndef QMON_CAPTURE_SEGMENT_H
#define QMON_CAPTURE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the segment of process pid qmon__agent.record, or finds the one that it had before an exec. False: there is none to be had. */
bool qmon__segment_acquire(int pid, bool *ret_adopted);

/* Removes it; what is mapped stays until the process ends. */
void qmon__segment_remove(void);

/* The beginning of the record of process pid; live: only where somebody has it mapped. False: there is none. */
bool qmon__segment_read(int pid, bool live, void *ret_start, size_t bytes);

#endif

/*
 * threads.h: the other threads of a process that waits for us, their stacks taken from outside by ptrace.
 */
#ifndef QMON_RECEIVER_THREADS_H
#define QMON_RECEIVER_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qmon/event.h>
#include <qmon/record.h>

/*
 * Appends the other threads of the process to event->threads, frames as program counters for the symbolizer. All are stopped
 * before the first is looked at, and let go again, by until_ms (CLOCK_MONOTONIC) at the latest: threads that are left out,
 * and why, are told in a note of the event. Where the kernel refuses ptrace, names and states are taken from /proc, stacks
 * from what the process kept of them itself, and a note says so and why. The crashing thread, which waits in the kernel, is not
 * touched. While they stand still, what the process's interpreter says of its threads is read too (qmon_add_runtime). The record is
 * borrowed, its crash and threads are loaded. False: the kernel refuses, and the process has kept nothing.
 */
bool qmon__add_other_threads(struct qmon_event *event, uint32_t pid, const struct qmon_record *record,
                             uint64_t until_ms);

/* The same of a process that is gone: what it kept itself. */
void qmon__add_kept_threads(struct qmon_event *event, const struct qmon_record *record);

/* --- thread_stop.c --- */
#define QMON__THREADS_LIMIT 4096u

struct qmon__stopped {
    pid_t tid;
    char state; /* before it was stopped, as in /proc/PID/stat */
    char name[16];
    int error; /* 0 stopped; else why not: EPERM, ESRCH it ended, ETIMEDOUT */
};

/* Stops the threads of a process but one. Returns how many entries were filled, of *ret_total threads there are. */
size_t qmon__stop_threads(uint32_t pid, uint32_t except_tid, struct qmon__stopped *ret_threads, size_t limit,
                          uint64_t until_ms, size_t *ret_total);
void qmon__release_threads(const struct qmon__stopped *threads, size_t count);

/* --- thread_refusal.c: why ptrace of the process failed with this errno, as far as can be told. Static text. */
const char *qmon__refusal_reason(uint32_t pid, int error);
/* Another process is its tracer. */
bool qmon__is_traced(uint32_t pid);

#endif

/*
 * process_limit.h: how many processes a test's program may have at once.
 */
#ifndef QMON_TEST_PROCESS_LIMIT_H
#define QMON_TEST_PROCESS_LIMIT_H

#include <limits.h>

struct process_limit {
    char cgroup[PATH_MAX]; /* empty: none could be made, RLIMIT_NPROC serves where it can */
};

void process_limit_make(struct process_limit *ret_limit);
/* For the child between fork and exec. */
void process_limit_enter(const struct process_limit *limit);
/* Once all in it have ended. */
void process_limit_remove(const struct process_limit *limit);

#endif

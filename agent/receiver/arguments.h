/*
 * arguments.h: what the agent asks a receiver to do.
 */
#ifndef QMON_RECEIVER_ARGUMENTS_H
#define QMON_RECEIVER_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

enum qmon__why { QMON__WHY_START, QMON__WHY_STOP, QMON__WHY_EXEC, QMON__WHY_CRASH, QMON__WHY_RING, QMON__WHY_FOUND };

struct qmon__arguments {
    enum qmon__why why;
    uint32_t pid;
    const char *record; /* its path; "" it has none */
    uint64_t deadline_ms;
    bool hold;    /* the host, or its container or machine, ends when we do: all is to be done by then */
    bool release; /* a byte on descriptor 4 lets the host go, while we go on */
    bool stay;    /* the host waits, and no process of ours may live on after that */
    bool kept;    /* a thread of the host's waits for us, and a process of ours that lived on would be seen */
    bool may_ask; /* the host can take its threads' stacks, where we are refused a look, and start another of us */
    bool careful; /* one of us has been ended by a signal when it looked into the host */
};

/* Words without a leading "--" are passed over. 0; or -EINVAL: *ret_problem (static) says what is wrong. */
int qmon__parse_arguments(int argc, char *const *argv, struct qmon__arguments *ret_arguments, const char **ret_problem);

#endif

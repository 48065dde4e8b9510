/*
 * thread_stack.h: the stack of a thread that stands still, by libunwind from outside; where unwind tables end, by guess.h.
 */
#ifndef QMON_RECEIVER_THREAD_STACK_H
#define QMON_RECEIVER_THREAD_STACK_H

#include <stdint.h>
#include <sys/types.h>

#include <qmon/event.h>

#include "process_memory.h"

#define QMON__STACK_FRAMES 128u

struct qmon__stack_frame {
    uint64_t pc;
    bool exact, guess, signal; /* as in struct qmon_frame */
};

struct qmon__stack {
    size_t count;
    bool complete; /* its last frame is the outermost */
    bool cut;      /* it is deeper than what is kept */
    struct qmon__stack_frame frames[QMON__STACK_FRAMES];
};

/* One at a time: what was found out about places in the code serves all threads of the process. memory is borrowed until
 * qmon__stacks_end(). False: out of memory. */
bool qmon__stacks_begin(struct qmon__memory *memory);
void qmon__stacks_end(void);
/* The thread is stopped by ptrace, by us. */
void qmon__stack_take(pid_t tid, uint64_t until_ms, struct qmon__stack *ret_stack);

#endif

/*
 * thread.h: what the agent keeps for each thread. Initial-exec TLS: no allocation on first use, so it may be used in a
 * signal handler.
 */
#ifndef QMON_CAPTURE_THREAD_H
#define QMON_CAPTURE_THREAD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "sys.h"

#if defined(__x86_64__)
#define QMON__GENERAL_REGISTERS gregs
#elif defined(__aarch64__)
#define QMON__GENERAL_REGISTERS regs
#endif

struct qmon__guard;
struct qmon__wait;
struct qmon_record_ring;
struct qmon_ring_slot;

/* The last fault that was handed to a handler of the program. The handler's frame on the stack is where its siginfo and
 * context lie; what is copied here tells whether that frame is still what it was. */
struct qmon__fault {
    int signal;      /* 0: none */
    uintptr_t frame; /* the stack pointer at the handler's entry */
    const siginfo_t *info;
    const ucontext_t *context;
    siginfo_t info_copy;
    unsigned char registers_copy[sizeof((mcontext_t *) 0)->QMON__GENERAL_REGISTERS];
};

/* Of the mask that the thread set last (mask_code.h): by what it is known again, and the fault signals and proxies in it. */
struct qmon__belief {
    qmon__sigset marks, blocked;
};

#define QMON__FAULTS 4u

#define QMON__SITE_TRAIL 8u

/* What the last reports of this thread had in common (sites.h). */
struct qmon__report_memory {
    const void *return_address, *stack_pointer;
    uint64_t words, key;
    uint32_t streak, turn;
    bool fixed; /* the texts cannot have been written to */
    int severity;
    const char *code, *endpoint, *user_id, *message;
    uint64_t age; /* of the knowledge of modules (steps.h) */
    unsigned trail_count;
    uintptr_t trail[QMON__SITE_TRAIL]; /* what stands there; those that are too many say the same as the first */
    uint16_t trail_distances[QMON__SITE_TRAIL]; /* from the stack pointer */
    /* Where the next one is counted: at this turn of this slot of this ring, as long as `counted_key` is `key`. */
    uint64_t counted_key;
    struct qmon_ring_slot *slot;
    const struct qmon_record_ring *ring;
    uint32_t slot_turn;
};

struct qmon__thread {
    unsigned answering; /* signals that our entry is at, one interrupting the other; signal_entry.S has it first */
    unsigned nesting;   /* of our own code that is not to observe itself */
    volatile qmon__sigset put_off; /* sent while our entry was at another one, and blocked since (dispatch.c) */
    struct qmon__guard *guard;     /* innermost; NULL: a fault in our own code is a bug */
    uintptr_t stack_top;           /* near the start of its stack; 0 unknown */
    bool ending;                   /* it ends the process by a signal, and may be telling it still */
    bool exits;                    /* it has come to the end of exit(), and not as the first (fatal.c) */
    bool may_be_guest;             /* a child of vfork may be running here (sharers.h) */
    bool guest_untold;             /* its last child of vfork has not yet said how it goes on or ends */
    int guest;                     /* the child of vfork that borrows this thread to report its death; 0 none */
    bool aborting;                 /* in abort(): a SIGABRT handler that returns does not save the process */
    bool aborted_in_vain;          /* a SIGABRT that it raised came to nothing (first_abort.h) */
    void *alternate_stack;         /* ours, from the pool; NULL: none (main thread: static), or the program's own */
    stack_t small_stack;           /* the program's last one that ours stood in for (alternate_stack.h) */
    struct qmon__belief belief;
    struct qmon__wait *wait; /* the call with a mask of its own (mask_wait.h) that the thread is in; may be stale */
    struct qmon__report_memory last_report;
    unsigned fault_count; /* a handler may fault on purpose and recover while it deals with the first: innermost last */
    struct qmon__fault faults[QMON__FAULTS];
};

extern _Thread_local struct qmon__thread qmon__thread __attribute__((tls_model("initial-exec")));

#endif

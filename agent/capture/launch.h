/*
 * launch.h: starting the receiver, unseen by the host.
 *
 * Two processes are made: a waiter, which shares the host's memory, has no exit signal and never execs, so that no wait
 * call without __WALL or __WCLONE finds it; and, by the waiter, the receiver. The caller is suspended until the waiter
 * ends (CLONE_VFORK, which valgrind insists on), which for a loose receiver is before that is executed. The receiver gets the record on descriptor 3, /dev/null on 0 to 2, a
 * session of its own, every signal blocked, limits as wide as they go, and the forwarded environment.
 */
#ifndef QMON_CAPTURE_LAUNCH_H
#define QMON_CAPTURE_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

enum qmon__spawn_manner {
    /* The waiter ends at once: the receiver is an orphan and goes to init. Not where init or the nearest subreaper is the
     * host itself, which would see it. */
    QMON__SPAWN_DETACHED,
    /* The waiter stays until the receiver ends, at most wait_ms; then the receiver is killed. */
    QMON__SPAWN_AWAITED,
};

/* Stacks of the two processes, and what they are to do. Each caller that may run at the same time as another has its own. */
struct qmon__spawn_stacks {
    _Alignas(64) char job[4 * 1024];
    _Alignas(64) char waiter[8 * 1024];
    _Alignas(64) char receiver[16 * 1024];
};

/* A receiver that the caller does not wait for at all. No descriptor of the program's is open in it, so that a pipe, a port or a
 * lock is free when the program is gone; its memory is the program's until it is executed, a moment later. Under valgrind
 * it is waited for nevertheless. */
struct qmon__loose {
    _Atomic int pid;     /* 0: it does not share our memory any more, or never did */
    _Atomic bool failed; /* there will be no receiver, or one with a copy of the record */
};

/* Waits until it shares our memory no more, at most within_ms. SIGNAL SAFETY: async-signal-safe. */
void qmon__loose_leaves(struct qmon__loose *loose, uint64_t within_ms);

struct qmon__record_place;

struct qmon__spawn_request {
    const char *why; /* "crash", "start", ... : --why */
    enum qmon__spawn_manner manner;
    uint64_t wait_ms;
    bool dying;   /* the process makes no more children of its own */
    bool hold;    /* --hold: this process, its container or its machine ends with the report */
    bool stay;    /* --stay: nothing of ours may outlive the wait */
    bool kept;    /* --kept: the program goes on, and an orphan of the receiver's would be seen */
    bool may_ask; /* --may-ask: QMON_RECEIVER_ASKS would be an answer */
    bool careful; /* --careful: one that looked into this process has been ended by a signal */
    struct qmon__spawn_stacks *stacks;
    struct qmon__loose
        *loose; /* static; detached, and the caller goes on before the receiver has been executed. May be NULL */
    const struct qmon__record_place *guest; /* whose record it is; NULL: the calling process's own */
    bool *ret_copied; /* the receiver got a copy of the record, as its file could not be reached; may be NULL */
};

/* Returns the receiver's exit status when awaited, 0 when detached, -ETIMEDOUT when it had to be killed, -EIO when
 * a signal ended it, or another negative errno when it could not be started. Blocks every signal meanwhile. SIGNAL SAFETY: async-signal-safe. */
int qmon__spawn_receiver(const struct qmon__spawn_request *request);

/* Where `qmon` is, in the order tried: ../bin/qmon beside the library's directory, and in it. For the agent to know itself. */
void qmon__receiver_paths(char ret_first[static 600], char ret_second[static 600]);

/* clone(2) with a stack, for a function that never returns into its caller's frames; what it returns is the exit status.
 * The second form takes the address for CLONE_PARENT_SETTID and CLONE_CHILD_CLEARTID. In <arch>/clone.S. */
long qmon__clone(unsigned long flags, void *stack_top, int (*function)(void *), void *argument);
long qmon__clone_thread(unsigned long flags, void *stack_top, int (*function)(void *), void *argument, int *thread_id);

#endif

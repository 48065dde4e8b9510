/*
 * agent.h: what the agent knows about its process, and the doors through which the hooks reach it.
 *
 * One `qmon__agent` a process; written by the constructor and by the child of a fork before any other code runs there,
 * read everywhere. `pid` tells a process that shares this memory (a child of vfork) from the owner: whoever writes
 * to the record asks qmon__is_owner() first.
 */
#ifndef QMON_CAPTURE_AGENT_H
#define QMON_CAPTURE_AGENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <qmon/record.h>

#include "sys.h"

#define QMON_STATE_DIR_BYTES 512u

struct qmon__agent {
    bool active;                /* false: every hook passes through */
    _Atomic int pid;            /* owner of the record */
    struct qmon_record *record; /* never NULL while active: the mapping, or qmon__spare_record */
    bool contained;             /* not in the initial pid namespace */
    bool is_init;               /* PID 1 of its namespace */
    uint64_t pid_namespace;
    bool namespace_may_differ; /* for children: unshare or setns has been called */
    uint32_t page_bytes;
    char record_path[QMON_PATH_BYTES + 64]; /* empty: the record has no file */
    uint64_t record_device, record_inode;
    int record_segment; /* its identifier and 1, where it is a System V segment (segment.h); 0: it is none */
    char library[QMON_PATH_BYTES];
    const char *const *environment; /* as at start; borrowed, only for the constructor */
};

extern struct qmon__agent qmon__agent;

/* Does this process own the record? Costs one getpid. */
static inline bool qmon__is_owner(void) {
    const int pid = qmon__getpid();
    return pid == atomic_load_explicit(&qmon__agent.pid, memory_order_relaxed) ||
           pid < 0; /* a system call filter refuses to say: nobody installs one between vfork and exec */
}

static inline void qmon__set_state(uint32_t state) {
    atomic_store_explicit(&qmon__agent.record->header.state, state, memory_order_release);
}

/* --- life of the process (lifecycle.c, ends.c, children.c) --- */

/* As qmon__is_owner(), but a child that was made without libc's knowledge (a raw clone) and has memory of its own becomes
 * the owner of a record of its own first. False for a child of vfork. SIGNAL SAFETY: async-signal-safe. */
bool qmon__becomes_owner(void);

/* The constructor's work. */
void qmon__process_start(int argc, char **argv, char **envp);
/* In the child of a fork: a record of its own, no background thread. SIGNAL SAFETY: async-signal-safe. */
void qmon__process_forked(void);
/* exit() with this status reached its end, or _exit was called. Returns; the caller ends the process.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__process_exits(int status);
/* The same, by this system call; where a filter forbids it the process ends otherwise, and nothing is said. */
void qmon__process_exits_by(long call, int status);
/* So many threads come to the end of exit() between the moment in which one of them takes a handler off the list and that in which
 * it has put it back (ends.c). */
#define QMON__HOLDS 4u
/* exit() is told, from now on. For the constructor. */
void qmon__ends_start(void);
/* In the child of a fork: it has not ended. SIGNAL SAFETY: async-signal-safe. */
void qmon__ends_forked(void);
/* A sanitizer has printed its report and is about to end the process by a raw system call. */
void qmon__process_condemned(void);
/* A signal that is no crash is about to end the process. SIGNAL SAFETY: async-signal-safe. */
void qmon__process_stopped(int signal, int code, int sender_pid, int sender_uid);
/* execve is about to be called with these / has failed. Works in a child of vfork too. SIGNAL SAFETY: async-signal-safe. */
void qmon__process_execs(const char *path, char *const arguments[]);
void qmon__process_exec_failed(void);
/* A wait call has returned this child's end: one that could not tell it itself is told now. Keeps errno. */
void qmon__child_ended(int pid, int wait_status);
/* fork() has returned this child to its parent. SIGNAL SAFETY: async-signal-safe. */
void qmon__process_has_forked(int child);
/* setsid() has given the process a session of its own. SIGNAL SAFETY: async-signal-safe. */
void qmon__process_leaves_session(int session);
/* A child that posix_spawn made is ours, though it could not say so itself. */
void qmon__process_spawned(int pid, const char *path, char *const arguments[]);

#endif

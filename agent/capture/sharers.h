/*
 * sharers.h: processes that run in this one's memory (children of vfork, clones with CLONE_VM), and how to tell that one is not
 * asking, without a system call for each question.
 *
 * Such a process has the thread-local storage of the thread that made it. vfork and clone come by us (hooks/vfork.c, hooks/clone.c), and
 * leave a mark with that thread, under which the kernel is asked who runs here. The child finds it for as long as it lives; the
 * thread, which goes on only when the child has left, takes it away when it is the first to ask. One that goes on at once, or
 * whose child brings thread-local storage of its own, marks the process for ever.
 *
 * What is made past libc is not seen. libc's own posix_spawn, and runtimes that call the kernel (Go), set their signals by bare system
 * calls, too, and do not come here. A process that another function of somebody's makes so has a stack of its own, for it could
 * not return otherwise: away from the thread's stack, the kernel is asked. THREADS: any. SIGNAL SAFETY: async-signal-safe.
 */
#ifndef QMON_CAPTURE_SHARERS_H
#define QMON_CAPTURE_SHARERS_H

#include <stdbool.h>

/* The calling thread is about to make a process that shares its memory. waits: the thread goes on when that has left. */
void qmon__sharer_expected(bool waits);

/* --- how they end ---
 *
 * Such a process has no record. One that crashes makes one, or is marked, and so is one that execs; of any other end, SIGKILL above all,
 * its maker's wait call alone knows. Of the last 64 it is remembered here that they were made, so that the end is told then. */

/* libc's clone is about to make one / has made this one, or failed (-1). */
void qmon__sharer_making(void);
void qmon__sharer_made(int child);
/* One that nobody noted is about to be ended by SIGKILL: by its maker, or by itself, which calls. */
void qmon__sharer_killed(int pid, bool by_itself);
/* Whatever comes of it now has a record that tells it. For itself. */
void qmon__sharer_accounted(int pid);

/* vfork is about to make one, whose number its maker alone will know. Until that one is accounted for, or known to end by exit, a child
 * without a record that SIGKILL has ended is taken for it, in a wait call of the same thread as a rule. */
void qmon__sharer_without_number(void);
/* Is there one? Answers so once. */
bool qmon__sharer_take_without_number(void);

enum qmon__sharer_end {
    QMON__SHARER_NONE, /* it is none, or tells its end */
    QMON__SHARER_UNTOLD,
    QMON__SHARER_KILLED, /* as UNTOLD, where it was SIGKILL; another signal it has told */
    QMON__SHARER_SUICIDE,
};

/* A child is dead, or its number another's. Answers so once. */
enum qmon__sharer_end qmon__sharer_ended(int pid);

/* As qmon__is_owner(): does this process own the record, and all that is known of it? */
bool qmon__is_surely_owner(void);

#endif

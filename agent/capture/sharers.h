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

/* As qmon__is_owner(): does this process own the record, and all that is known of it? */
bool qmon__is_surely_owner(void);

#endif

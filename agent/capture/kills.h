/*
 * kills.h: who sent SIGKILL. A process that is killed cannot say by whom, and the kernel tells nobody else; but a monitored process
 * that is about to do it can. It notes itself in the record of the one that it kills, and remembers whom it killed: a child
 * that had no record yet gets one from the wait call.
 *
 * Only kill() and killpg() of libc are seen, and only between processes of one pid namespace and one state directory.
 *
 * SIGNAL SAFETY: everything here is async-signal-safe.
 */
#ifndef QMON_CAPTURE_KILLS_H
#define QMON_CAPTURE_KILLS_H

#include <stdbool.h>

#include <qmon/record.h>

/* Before kill(target, SIGKILL), with its meaning of zero and negative numbers; and after it, where it has failed. */
void qmon__kills_note(int target);
void qmon__kills_undo(int target);

/* Did this process kill child `pid`, which is ended by SIGKILL? Answers so once. */
bool qmon__kills_include(int pid);

/* The killer of a child: `pid` is this process, or the child itself, where it shares our memory. */
void qmon__kills_describe(int pid, struct qmon_record_killer *ret_killer);

/* There is a new child of this number: what was sent to another one is past. */
void qmon__kills_forget(int pid);

#endif

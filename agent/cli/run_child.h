/*
 * run_child.h: starting a program as if qmon were not between it and whoever started qmon, and ending as it ended.
 *
 * The child stays in our process group and session and inherits every descriptor, disposition and the signal mask as we
 * got them. While it runs we hold all signals that can be passed on blocked, and take them one by one:
 *   - sent by a process: sent on to the child. A signal to the whole group reaches it twice, once from the sender and once
 *     through us; nothing tells the two apart.
 *   - sent by the kernel (Ctrl-C, Ctrl-\, a hang-up): the terminal sent it to the whole group, so the child has it already.
 *   - stops (Ctrl-Z) are left to their default: both of us stop, both go on.
 * Once it is dead, SIGINT, SIGTERM, SIGHUP and SIGQUIT cut short what we still do; we end as it ended all the same.
 * Should we be killed by SIGKILL, the child gets one too, as it would have, had it been started without us.
 */
#ifndef QMON_CLI_RUN_CHILD_H
#define QMON_CLI_RUN_CHILD_H

#include <stdint.h>
#include <sys/types.h>

struct qmon__cli_child {
    pid_t pid;
    int wait_status;
    uint64_t start_ms, end_ms; /* CLOCK_REALTIME */
    uint64_t ran_ms;           /* by the monotonic clock */
};

/* Runs argv (as execvp, PATH from the environment) until it ends. `settings`: "NAME=VALUE", NULL-terminated, to be added to
 * its environment.
 * 0 and *ret_child; or the negative errno of what failed, execve above all. The child is not reaped yet: as long as it
 * is there, dead, its number is nobody else's, and other receivers leave its record to us, who know how it ended. Children
 * that we inherited are reaped by the way, so that it may run as process 1 of a container. */
int qmon__cli_run_child(char **argv, char *const *settings, struct qmon__cli_child *ret_child);

void qmon__cli_reap(const struct qmon__cli_child *child);

/* Ends this process as wait_status says: the same exit status, or the same signal (and no second core dump). Output must have
 * been flushed. SIGNAL SAFETY: async-signal-safe. */
_Noreturn void qmon__cli_end_as(int wait_status);

#endif

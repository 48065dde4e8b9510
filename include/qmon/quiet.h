/*
 * quiet.h: keeps a signal that a write can raise (SIGPIPE, SIGXFSZ) from this process for the time of that write: the write
 * then fails with an errno instead. Affects the calling thread only. Receiver side only.
 */
#ifndef QMON_QUIET_H
#define QMON_QUIET_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

struct qmon__quiet {
    sigset_t blocked, before;
    bool was_pending; /* one that came earlier is not ours to take away */
};

static inline void qmon__quiet_begin(struct qmon__quiet *quiet, int signal_number) {
    sigset_t pending;

    sigemptyset(&quiet->blocked);
    sigaddset(&quiet->blocked, signal_number);
    sigpending(&pending);
    quiet->was_pending = sigismember(&pending, signal_number) == 1;
    pthread_sigmask(SIG_BLOCK, &quiet->blocked, &quiet->before);
}

static inline void qmon__quiet_end(struct qmon__quiet *quiet) {
    const struct timespec at_once = {0};

    if (!quiet->was_pending)
        sigtimedwait(&quiet->blocked, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}

#endif

/*
 * mask_wait.h: calls that wait with a signal mask of their own (sigsuspend, ppoll, pselect, epoll_pwait).
 *
 * The mask that they are given gets proxies for fault signals like any other, so that a fault in a handler that runs meanwhile is
 * not lost. What is then different: a handler's context tells of the mask before the call, not of the one in force; and a
 * fault signal that is sent, and stays blocked during the call, comes to us, who put it back, and ends the call all the same.
 * So the call leaves word of its mask in the thread, and is made again when nothing but such a signal has ended it.
 */
#ifndef QMON_CAPTURE_MASK_WAIT_H
#define QMON_CAPTURE_MASK_WAIT_H

#include <stdbool.h>
#include <ucontext.h>

#include "sys.h"

struct qmon__wait {
    qmon__sigset mask;     /* as the program gave it */
    qmon__sigset before;   /* the thread's, as the program believes it; in force again when a handler returns */
    qmon__sigset deferred; /* fault signals that came meanwhile and wait again, really blocked */
    bool over;             /* a handler of the program's has been called: it ends the call */
    struct qmon__wait *outer;
};

/* Is there anything to do for a call with this mask? Then `before` is found out; all else but `mask` is zero. */
bool qmon__wait_matters(struct qmon__wait *wait);

/* Between the two the call is made, with the mask that the first gives. The object lies in the caller's frame; the second takes it
 * out of the thread and says whether the call is to be made again, which it must be with another qmon__wait_begin(). */
qmon__sigset qmon__wait_begin(struct qmon__wait *wait);
bool qmon__wait_end(struct qmon__wait *wait, bool interrupted);

/* The call that this context was interrupted in; NULL: none. SIGNAL SAFETY: async-signal-safe. */
struct qmon__wait *qmon__wait_of(const ucontext_t *context);

/* As qmon__mask_show(), for a handler that ends this call. */
bool qmon__wait_show(struct qmon__wait *wait, ucontext_t *context);

#endif

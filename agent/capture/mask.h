/*
 * mask.h: the signal mask as the program sees it. A fault whose signal is blocked kills without any handler being run, so fault
 * signals stay unblocked in the kernel, and proxies (signals.h, mask_code.h) carry what the program believes. A fault signal
 * is really blocked only while one that was sent waits for the program to unblock it.
 */
#ifndef QMON_CAPTURE_MASK_H
#define QMON_CAPTURE_MASK_H

#include <stdbool.h>
#include <ucontext.h>

#include "sys.h"

/* The inherited mask of a new image, or the mask that an attribute gave to a new thread: fault signals that are blocked in it
 * become proxies. */
void qmon__mask_start(void);

/* rt_sigprocmask(2) for the program. Returns 0 or a negative errno. SIGNAL SAFETY: async-signal-safe. */
int qmon__mask_virtual(int how, const qmon__sigset *wanted, qmon__sigset *ret_old);

/* The calling thread is about to exec or to make a process that does: the kernel's mask becomes what the program believes, and
 * what it ignores is ignored. Returns
 * the mask to give back to qmon__mask_restore() when the thread goes on after all. */
qmon__sigset qmon__mask_reveal(void);
void qmon__mask_restore(qmon__sigset mask);

/* This mask, as the program believes it, is about to come into force somewhere in the process.
 * SIGNAL SAFETY: async-signal-safe. */
void qmon__mask_note(qmon__sigset believed);

/* A handler of the program's is about to see this context: its mask becomes what the program believes. True if it had to be
 * changed; then qmon__mask_hide() is due when the handler returns, whatever it has made of it.
 * SIGNAL SAFETY: async-signal-safe. */
bool qmon__mask_show(ucontext_t *context);
void qmon__mask_hide(ucontext_t *context);

#endif

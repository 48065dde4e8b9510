/*
 * signals.h: which signals the agent stands in for, and their names.
 */
#ifndef QMON_CAPTURE_SIGNALS_H
#define QMON_CAPTURE_SIGNALS_H

#include <signal.h>

#include "sys.h"

#define QMON__SIGNALS 64

/* Raised by the faulting instruction itself. Our handler stays in the kernel's slot for these whatever the program sets,
 * and they are never really blocked: a fault while its signal is blocked is a silent death. */
#define QMON__FAULT_SIGNALS                                                                                            \
    (QMON__SIGNAL_BIT(SIGSEGV) | QMON__SIGNAL_BIT(SIGBUS) | QMON__SIGNAL_BIT(SIGILL) | QMON__SIGNAL_BIT(SIGFPE) |      \
     QMON__SIGNAL_BIT(SIGTRAP) | QMON__SIGNAL_BIT(SIGSYS))

/*
 * So what the program believes blocked of them is blocked in another signal's place: a real-time signal stands for each, in
 * the kernel's own mask. Whatever saves and restores masks, a handler's entry and return, siglongjmp, contexts, new threads,
 * fork, does it for these too without our seeing it. How a program's mask becomes a kernel's and back is in mask_code.h.
 */
extern unsigned char qmon__proxy_first; /* of six; fixed once the first is in use */
#define QMON__PROXIES (0x3full << (qmon__proxy_first - 1))
#define QMON__REAL_TIME_SIGNALS (~0ull << 33)

/* Ours whatever the program sets, because its handler is not the end of the matter: abort() goes on after it. */
#define QMON__KEPT_SIGNALS (QMON__FAULT_SIGNALS | QMON__SIGNAL_BIT(SIGABRT))

/* Their default action ends the process; ours only while the program has none of its own. Real-time signals, but the
 * two that libc keeps for itself (32, 33), end a process by default too. */
#define QMON__ENDING_SIGNALS                                                                                           \
    (QMON__SIGNAL_BIT(SIGTERM) | QMON__SIGNAL_BIT(SIGINT) | QMON__SIGNAL_BIT(SIGHUP) | QMON__SIGNAL_BIT(SIGQUIT) |     \
     QMON__SIGNAL_BIT(SIGXCPU) | QMON__SIGNAL_BIT(SIGXFSZ) | QMON__SIGNAL_BIT(SIGPIPE) | QMON__SIGNAL_BIT(SIGALRM) |   \
     QMON__SIGNAL_BIT(SIGVTALRM) | QMON__SIGNAL_BIT(SIGPROF) | QMON__SIGNAL_BIT(SIGUSR1) | QMON__SIGNAL_BIT(SIGUSR2) | \
     QMON__SIGNAL_BIT(SIGIO) | QMON__SIGNAL_BIT(SIGPWR) | QMON__SIGNAL_BIT(SIGSTKFLT) | QMON__REAL_TIME_SIGNALS)

#define QMON__CAUGHT_SIGNALS (QMON__KEPT_SIGNALS | QMON__ENDING_SIGNALS)

/* How somebody asks a program to stop, and how a pipeline ends: an end to tell of, but no crash. */
#define QMON__STOP_SIGNALS                                                                                             \
    (QMON__SIGNAL_BIT(SIGTERM) | QMON__SIGNAL_BIT(SIGINT) | QMON__SIGNAL_BIT(SIGHUP) | QMON__SIGNAL_BIT(SIGPIPE))

#define QMON__DEFAULT_CRASH_SIGNALS (QMON__CAUGHT_SIGNALS & ~QMON__STOP_SIGNALS)

#endif

#define QMON__FOR_PROGRAM
#include "mask.h"

#include <signal.h>

#include "agent.h"
#include "signals.h"
#include "thread.h"

static const unsigned char fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

#define FAULT_SIGNAL_COUNT (sizeof fault_signals / sizeof fault_signals[0])

/* Both neighbours of the proxies: a set that holds them was made by sigfillset, and means the proxies themselves too. */
#define NEIGHBOURS (QMON__SIGNAL_BIT(QMON__PROXY_FIRST - 1) | QMON__SIGNAL_BIT(QMON__PROXY_FIRST + FAULT_SIGNAL_COUNT))

qmon__sigset qmon__with_proxies(qmon__sigset set) {
    qmon__sigset proxies = 0;
    if ((set & QMON__FAULT_SIGNALS) == 0)
        return set;
    for (unsigned i = 0; i < FAULT_SIGNAL_COUNT; i++)
        if (set & QMON__SIGNAL_BIT(fault_signals[i]))
            proxies |= QMON__SIGNAL_BIT(QMON__PROXY_FIRST + i);
    return (set & ~QMON__FAULT_SIGNALS) | proxies;
}

qmon__sigset qmon__proxied(qmon__sigset set) {
    qmon__sigset faults = 0;
    if ((set & QMON__PROXIES) == 0)
        return 0;
    for (unsigned i = 0; i < FAULT_SIGNAL_COUNT; i++)
        if (set & QMON__SIGNAL_BIT(QMON__PROXY_FIRST + i))
            faults |= QMON__SIGNAL_BIT(fault_signals[i]);
    return faults;
}

/* What the program believes when the kernel has this. */
static qmon__sigset believed(qmon__sigset real) {
    const qmon__sigset own = (real & NEIGHBOURS) == NEIGHBOURS ? QMON__PROXIES : qmon__thread.own_proxies;
    return (real & ~(QMON__PROXIES & ~own)) | qmon__proxied(real);
}

static void note_own_proxies(int how, qmon__sigset asked) {
    const qmon__sigset proxies = asked & QMON__PROXIES;
    qmon__sigset *own = &qmon__thread.own_proxies;
    *own = how == SIG_BLOCK ? *own | proxies : how == SIG_UNBLOCK ? *own & ~proxies : proxies;
}

/* Setting: a proxy stands for each fault signal. Unblocking a fault signal lifts its proxy, and the signal itself, which is
 * blocked if one was sent; a proxy that the program itself unblocks stays while it stands for a fault signal. */
static qmon__sigset to_kernel(int how, qmon__sigset asked, qmon__sigset now) {
    if (how != SIG_UNBLOCK)
        return qmon__with_proxies(asked);
    const qmon__sigset lifted = qmon__with_proxies(asked & QMON__FAULT_SIGNALS);
    const qmon__sigset standing = now & QMON__PROXIES & ~lifted & ~qmon__thread.own_proxies;
    return (asked & ~standing) | lifted;
}

int qmon__mask_virtual(int how, const qmon__sigset *wanted, qmon__sigset *ret_old) {
    qmon__sigset old, real = 0, asked = 0;
    if (!qmon__agent.active)
        return (int) qmon__sigprocmask(how, wanted, ret_old);
    if (wanted != NULL) {
        asked = *wanted; /* may be the same object as ret_old */
        qmon__sigset now = 0;
        if (how == SIG_UNBLOCK && (asked & QMON__PROXIES) != 0)
            qmon__sigprocmask(SIG_BLOCK, NULL, &now);
        real = to_kernel(how, asked, now);
    }
    const long error = qmon__sigprocmask(how, wanted != NULL ? &real : NULL, &old);
    if (error != 0)
        return (int) error;
    if (ret_old != NULL)
        *ret_old = believed(old);
    if (wanted != NULL)
        note_own_proxies(how, asked);
    return 0;
}

void qmon__mask_start(void) {
    qmon__sigset now;
    if (qmon__sigprocmask(SIG_BLOCK, NULL, &now) != 0 || (now & QMON__FAULT_SIGNALS) == 0)
        return;
    qmon__thread.own_proxies = now & QMON__PROXIES;
    now = qmon__with_proxies(now);
    qmon__sigprocmask(SIG_SETMASK, &now, NULL);
}

qmon__sigset qmon__mask_reveal(void) {
    qmon__sigset now = 0;
    qmon__sigprocmask(SIG_BLOCK, NULL, &now);
    if (now & QMON__PROXIES) {
        const qmon__sigset plain = believed(now);
        qmon__sigprocmask(SIG_SETMASK, &plain, NULL);
    }
    return now;
}

void qmon__mask_restore(qmon__sigset mask) {
    if (mask & QMON__PROXIES)
        qmon__sigprocmask(SIG_SETMASK, &mask, NULL);
}

/*
 * sigaction and its relatives. What the program sets and reads is its own shadow; the rules are in dispositions.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include <agent.h>
#include <dispositions.h>
#include <signals.h>
#include <sys.h>

#include "masks.h"
#include "restorer.h"

int __sigaction(int signal, const struct sigaction *action, struct sigaction *old);
void (*bsd_signal(int number, void (*handler)(int)))(int);
void (*sysv_signal(int number, void (*handler)(int)))(int);
void (*__sysv_signal(int number, void (*handler)(int)))(int);

static int fail(int negative_errno) {
    errno = -negative_errno;
    return -1;
}

static struct qmon__kernel_action to_kernel(const struct sigaction *action) {
    struct qmon__kernel_action kernel = {.handler = (void *) action->sa_handler,
                                         .flags = (unsigned long) (unsigned) action->sa_flags | QMON__SA_RESTORER,
                                         .restorer = qmon__dispositions_restorer()};
    memcpy(&kernel.mask, &action->sa_mask, sizeof kernel.mask);
    return kernel;
}

static void from_kernel(const struct qmon__kernel_action *kernel, struct sigaction *ret_action) {
    memset(ret_action, 0, sizeof *ret_action);
    ret_action->sa_handler = (void (*)(int)) kernel->handler;
    ret_action->sa_flags = (int) (kernel->flags);
    ret_action->sa_restorer = (void (*)(void)) kernel->restorer;
    memcpy(&ret_action->sa_mask, &kernel->mask, sizeof kernel->mask);
}

static bool is_handler(const struct sigaction *action) {
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

/* Whoever prints the stack in a handler finds libc between it and what it interrupted, as without us. */
static void learn_restorer(int signal, const struct sigaction *action) {
    void *restorer;
    if (qmon__restorer_of_libc(signal, action, &restorer))
        qmon__dispositions_have_restorer(restorer);
}

int sigaction(int signal, const struct sigaction *action, struct sigaction *old) {
    struct qmon__kernel_action wanted, before;
    if (action != NULL && is_handler(action) && qmon__agent.active && !qmon__dispositions_know_restorer())
        learn_restorer(signal, action);
    if (signal == 32 || signal == 33) /* libc keeps these two for itself and says so */
        return fail(-EINVAL);
    if (action != NULL)
        wanted = to_kernel(action);
    const int error = qmon__disposition_virtual(signal, action != NULL ? &wanted : NULL, old != NULL ? &before : NULL);
    if (error != 0)
        return fail(error);
    if (old != NULL)
        from_kernel(&before, old);
    return 0;
}

int __sigaction(int signal, const struct sigaction *action, struct sigaction *old) {
    return sigaction(signal, action, old);
}

static void (*set(int number, void (*handler)(int), int flags, bool mask_itself))(int) {
    struct sigaction action, old;
    if (handler == SIG_ERR || number < 1 || number >= NSIG) {
        errno = EINVAL;
        return SIG_ERR;
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    if (mask_itself)
        sigaddset(&action.sa_mask, number);
    return sigaction(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

/* Signals that siginterrupt() made interrupt system calls: what signal() sets for them has no SA_RESTART. */
static qmon__sigset interrupting;

static bool is_interrupting(int number) {
    return number >= 1 && number <= QMON__SIGNALS &&
           (__atomic_load_n(&interrupting, __ATOMIC_RELAXED) & QMON__SIGNAL_BIT(number)) != 0;
}

void (*signal(int number, void (*handler)(int)))(int) {
    return set(number, handler, is_interrupting(number) ? 0 : SA_RESTART, true);
}

void (*bsd_signal(int number, void (*handler)(int)))(int) {
    return signal(number, handler);
}

void (*ssignal(int number, void (*handler)(int)))(int) {
    return signal(number, handler);
}

void (*__sysv_signal(int number, void (*handler)(int)))(int) {
    return set(number, handler, (int) (SA_RESETHAND | SA_NODEFER | SA_INTERRUPT), false);
}

void (*sysv_signal(int number, void (*handler)(int)))(int) {
    return __sysv_signal(number, handler);
}

int sigignore(int number) {
    return set(number, SIG_IGN, 0, false) == SIG_ERR ? -1 : 0;
}

int siginterrupt(int number, int interrupt) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0)
        return -1;
    if (interrupt != 0) {
        __atomic_fetch_or(&interrupting, QMON__SIGNAL_BIT(number), __ATOMIC_RELAXED);
        action.sa_flags &= ~SA_RESTART;
    } else {
        __atomic_fetch_and(&interrupting, ~QMON__SIGNAL_BIT(number), __ATOMIC_RELAXED);
        action.sa_flags |= SA_RESTART;
    }
    return sigaction(number, &action, NULL);
}

/* BSD's, which libc has taken out of its headers, and keeps for programs that were linked with it. */
struct sigvec {
    void (*handler)(int);
    unsigned mask; /* signals 1 to 32 */
    int flags;
};
enum { ON_STACK = 1, INTERRUPT = 2, RESET_HANDLER = 4 };
int sigvec(int number, const struct sigvec *wanted, struct sigvec *ret_old);

int sigvec(int number, const struct sigvec *wanted, struct sigvec *ret_old) {
    struct sigaction action, old;
    if (wanted != NULL) {
        memset(&action, 0, sizeof action);
        action.sa_handler = wanted->handler;
        memcpy(&action.sa_mask, &wanted->mask, sizeof wanted->mask);
        action.sa_flags = (int) (((wanted->flags & ON_STACK) != 0 ? SA_ONSTACK : 0u) |
                                 ((wanted->flags & INTERRUPT) == 0 ? SA_RESTART : 0u) |
                                 ((wanted->flags & RESET_HANDLER) != 0 ? SA_RESETHAND : 0u));
    }
    if (sigaction(number, wanted != NULL ? &action : NULL, &old) != 0)
        return -1;
    if (ret_old == NULL)
        return 0;
    ret_old->handler = old.sa_handler;
    memcpy(&ret_old->mask, &old.sa_mask, sizeof ret_old->mask);
    ret_old->flags = ((old.sa_flags & SA_ONSTACK) != 0 ? ON_STACK : 0) |
                     ((old.sa_flags & SA_RESTART) == 0 ? INTERRUPT : 0) |
                     ((old.sa_flags & (int) SA_RESETHAND) != 0 ? RESET_HANDLER : 0);
    return 0;
}

void (*sigset(int number, void (*handler)(int)))(int) {
    sigset_t one, before;
    struct sigaction action, old;
    if (handler == SIG_ERR || number < 1 || number >= NSIG) {
        errno = EINVAL;
        return SIG_ERR;
    }
    sigemptyset(&one);
    sigaddset(&one, number);
    if (handler == SIG_HOLD) {
        if (qmon__change_mask(SIG_BLOCK, &one, &before) != 0)
            return SIG_ERR;
        if (sigismember(&before, number))
            return SIG_HOLD;
        return sigaction(number, NULL, &old) == 0 ? old.sa_handler : SIG_ERR;
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    if (sigaction(number, &action, &old) != 0 || qmon__change_mask(SIG_UNBLOCK, &one, &before) != 0)
        return SIG_ERR;
    return sigismember(&before, number) ? SIG_HOLD : old.sa_handler;
}

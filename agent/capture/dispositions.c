#define QMON__FOR_PROGRAM
#include "dispositions.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "agent.h"
#include "go_runtime.h"
#include "mask.h"
#include "mask_code.h"
#include "sharers.h"
#include "signals.h"

#define VERSIONS 4u
#define SA_EXPOSE_TAGBITS_FLAG 0x800ul
#define KNOWN_FLAGS                                                                                                    \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | (unsigned long) SA_RESETHAND |  \
     SA_EXPOSE_TAGBITS_FLAG | QMON__SA_RESTORER)

static struct {
    _Atomic unsigned current;
    struct qmon__kernel_action versions[VERSIONS];
} shadows[QMON__SIGNALS + 1];

static bool is_caught(int signal) {
    return (QMON__CAUGHT_SIGNALS & QMON__SIGNAL_BIT(signal)) != 0;
}

/* Has a shadow: all but those that nobody can catch and libc's own two. */
static bool is_virtual(int signal) {
    return signal >= 1 && signal <= QMON__SIGNALS && signal != SIGKILL && signal != SIGSTOP && signal != 32 &&
           signal != 33;
}

static bool is_kept(int signal) {
    return (QMON__KEPT_SIGNALS & QMON__SIGNAL_BIT(signal)) != 0;
}

/* PID 1 of a namespace is not ended by a signal with its default action unless a fault raises it; with our entry in the
 * slot the kernel would deliver it. */
static bool catches_default(int signal) {
    return is_kept(signal) || (is_caught(signal) && !qmon__agent.is_init);
}

struct qmon__kernel_action qmon__disposition_of(int signal) {
    const unsigned at = atomic_load_explicit(&shadows[signal].current, memory_order_acquire);
    return shadows[signal].versions[at % VERSIONS];
}

static _Atomic bool veiled QMON__HOT;

bool qmon__dispositions_are_veiled(void) {
    return atomic_load_explicit(&veiled, memory_order_relaxed);
}

static _Atomic qmon__sigset handled QMON__HOT;

qmon__sigset qmon__dispositions_handled(void) {
    return atomic_load_explicit(&handled, memory_order_relaxed);
}

qmon__sigset qmon__dispositions_of_ours(void) {
    if (!qmon__agent.active || qmon__agent.is_init || !qmon__is_surely_owner() || qmon__go_is_present())
        return 0;
    return QMON__CAUGHT_SIGNALS & ~qmon__dispositions_handled() & ~QMON__SIGNAL_BIT(SIGINT) &
           ~QMON__SIGNAL_BIT(SIGQUIT);
}

/* In the record others can see it (dying.h). */
static void note_handled(int signal, bool is_handled) {
    const qmon__sigset bit = QMON__SIGNAL_BIT(signal);
    _Atomic uint64_t *const shown = &qmon__agent.record->process.handled_signals;
    if (((atomic_load_explicit(&handled, memory_order_relaxed) & bit) != 0) == is_handled)
        return;
    if (is_handled) {
        atomic_fetch_or_explicit(&handled, bit, memory_order_relaxed);
        atomic_fetch_or_explicit(shown, bit, memory_order_relaxed);
    } else {
        atomic_fetch_and_explicit(&handled, ~bit, memory_order_relaxed);
        atomic_fetch_and_explicit(shown, ~bit, memory_order_relaxed);
    }
}

static void publish(int signal, const struct qmon__kernel_action *action) {
    note_handled(signal, action->handler != (void *) SIG_DFL);
    const unsigned next = atomic_load_explicit(&shadows[signal].current, memory_order_relaxed) + 1;
    shadows[signal].versions[next % VERSIONS] = *action;
    atomic_store_explicit(&shadows[signal].current, next, memory_order_release);
}

static void *_Atomic restorer QMON__HOT; /* NULL: ours, and libc's is not known yet */

void *qmon__dispositions_restorer(void) {
    void *const other = atomic_load_explicit(&restorer, memory_order_relaxed);
    return other != NULL ? other : (void *) qmon__restore_rt;
}

bool qmon__dispositions_know_restorer(void) {
    return atomic_load_explicit(&restorer, memory_order_relaxed) != NULL;
}

void qmon__dispositions_have_restorer(void *libc_s) {
    atomic_store_explicit(&restorer, libc_s != NULL ? libc_s : (void *) qmon__restore_rt, memory_order_relaxed);
}

/* What goes into the kernel's table for a wish of the program's. */
static struct qmon__kernel_action in_kernel(int signal, const struct qmon__kernel_action *wanted) {
    struct qmon__kernel_action action = *wanted;
    action.mask = qmon__mask_encode(action.mask);
    const bool is_fault = (QMON__FAULT_SIGNALS & QMON__SIGNAL_BIT(signal)) != 0;
    const bool is_ignored = wanted->handler == (void *) SIG_IGN;
    if (is_ignored && !is_fault)
        return action;
    const bool is_default = wanted->handler == (void *) SIG_DFL;
    const bool moved = is_kept(signal) || (wanted->flags & (SA_ONSTACK | (unsigned long) SA_RESETHAND)) != 0;
    const bool shown = qmon__dispositions_are_veiled() || (QMON__PROXIES & QMON__SIGNAL_BIT(signal)) != 0;
    if (is_default ? !catches_default(signal) : !moved && !shown)
        return action;
    action.handler = (void *) qmon__signal_entry;
    action.flags = (wanted->flags & ~(unsigned long) (SA_RESETHAND)) | SA_SIGINFO | QMON__SA_RESTORER;
    if (is_default || moved)
        action.flags |= SA_ONSTACK;
    action.restorer = qmon__dispositions_restorer();
    if (is_default || is_ignored) {
        action.flags |= SA_RESTART;
        action.mask = ~QMON__FAULT_SIGNALS;
    }
    if (is_fault) { /* a fault in the program's handler must reach us */
        if ((wanted->flags & SA_NODEFER) == 0)
            action.mask |= qmon__proxy_of(signal);
        action.flags |= SA_NODEFER;
    }
    return action;
}

/* Of a signal that we have had nothing to do with so far, the kernel knows. */
static struct qmon__kernel_action present(int signal) {
    if (!is_caught(signal) && atomic_load_explicit(&shadows[signal].current, memory_order_relaxed) == 0)
        qmon__sigaction(signal, NULL, &shadows[signal].versions[0]);
    return qmon__disposition_of(signal);
}

/* A child of vfork: the kernel's table is its own, the shadow is its parent's. */
static int pass_translated(int signal, const struct qmon__kernel_action *wanted, struct qmon__kernel_action *ret_old) {
    struct qmon__kernel_action old;
    long error = qmon__sigaction(signal, wanted, &old);
    if (error == 0 && ret_old != NULL)
        *ret_old = old.handler == (void *) qmon__signal_entry ? qmon__disposition_of(signal) : old;
    return (int) error;
}

static _Atomic bool has_ignored_fault QMON__HOT;

static bool is_ignored_fault(int signal, const struct qmon__kernel_action *action) {
    return action->handler == (void *) SIG_IGN && (QMON__FAULT_SIGNALS & QMON__SIGNAL_BIT(signal)) != 0;
}

/* The real ones end the program all the same, and our entry is there for these. What waits is thrown away, as it would be. */
static void note_ignored(int signal, const struct qmon__kernel_action *action) {
    atomic_store_explicit(&has_ignored_fault, true, memory_order_relaxed);
    qmon__sigaction(signal, action, NULL);
}

static void swap_ignored(const void *present, bool reveal) {
    struct qmon__kernel_action now;
    if (!atomic_load_explicit(&has_ignored_fault, memory_order_relaxed))
        return;
    for (int signal = 1; signal < 32; signal++) {
        const struct qmon__kernel_action shadow = qmon__disposition_of(signal);
        if (!is_ignored_fault(signal, &shadow) || qmon__sigaction(signal, NULL, &now) != 0 || now.handler != present)
            continue;
        const struct qmon__kernel_action action = reveal ? shadow : in_kernel(signal, &shadow);
        qmon__sigaction(signal, &action, NULL);
    }
}

void qmon__dispositions_reveal(void) {
    swap_ignored((void *) qmon__signal_entry, true);
}

void qmon__dispositions_restore(void) {
    swap_ignored((void *) SIG_IGN, false);
}

static void note_handler(int signal, const struct qmon__kernel_action *action) {
    qmon__dispositions_avoid(QMON__SIGNAL_BIT(signal));
    qmon__mask_note(action->mask);
    if (qmon__proxy_of(signal) != 0 && (action->flags & SA_NODEFER) == 0)
        qmon__proxies_use();
}

int qmon__disposition_virtual(int signal, const struct qmon__kernel_action *wanted,
                              struct qmon__kernel_action *ret_old) {
    if (!qmon__agent.active || !is_virtual(signal))
        return (int) qmon__sigaction(signal, wanted, ret_old);
    if (!qmon__is_surely_owner())
        return pass_translated(signal, wanted, ret_old);
    const struct qmon__kernel_action old = present(signal);
    if (wanted != NULL) {
        struct qmon__kernel_action asked = *wanted;
        asked.flags &= KNOWN_FLAGS; /* as the kernel does, so that a program can find out what is supported */
        asked.mask &= ~(QMON__SIGNAL_BIT(SIGKILL) | QMON__SIGNAL_BIT(SIGSTOP));
        if (asked.handler != (void *) SIG_DFL && asked.handler != (void *) SIG_IGN)
            note_handler(signal, &asked);
        const struct qmon__kernel_action action = in_kernel(signal, &asked);
        qmon__go_note(signal, &asked, &old);
        if (is_ignored_fault(signal, &asked))
            note_ignored(signal, &asked);
        publish(signal, &asked); /* first: our entry may be called for it as soon as the kernel has it */
        const long error = qmon__sigaction(signal, &action, NULL);
        if (error != 0) {
            publish(signal, &old);
            return (int) error;
        }
    }
    if (ret_old != NULL)
        *ret_old = old;
    return 0;
}

static long set_unasked(int signal, const struct qmon__kernel_action *action) {
    return qmon__sys6_own(SYS_rt_sigaction, signal, (long) action, 0, sizeof(qmon__sigset), 0, 0);
}

void qmon__disposition_reset(int signal) {
    struct qmon__kernel_action action = qmon__disposition_of(signal);
    action.handler = (void *) SIG_DFL;
    action.flags &= ~(unsigned long) SA_SIGINFO;
    const struct qmon__kernel_action kernel = in_kernel(signal, &action);
    publish(signal, &action);
    set_unasked(signal, &kernel);
}

/* Whoever sets a handler meanwhile, in another thread or in a handler, publishes it before it goes to the kernel: so that what is
 * published does not change means that the kernel has it. */
static void install_again(int signal) {
    unsigned at;
    do {
        at = atomic_load_explicit(&shadows[signal].current, memory_order_acquire);
        const struct qmon__kernel_action action = qmon__disposition_of(signal);
        if (action.handler == (void *) SIG_DFL || action.handler == (void *) SIG_IGN)
            return;
        const struct qmon__kernel_action kernel = in_kernel(signal, &action);
        set_unasked(signal, &kernel);
    } while (atomic_load_explicit(&shadows[signal].current, memory_order_acquire) != at);
}

void qmon__dispositions_avoid(qmon__sigset used) {
    if ((used & QMON__PROXIES) == 0 || !qmon__is_surely_owner() || !qmon__proxies_avoid(used))
        return;
    for (int signal = 1; signal < 32; signal++)
        if ((QMON__FAULT_SIGNALS & QMON__SIGNAL_BIT(signal)) != 0)
            install_again(signal);
}

void qmon__dispositions_veil(void) {
    if (qmon__dispositions_are_veiled() || !qmon__is_owner() ||
        atomic_exchange_explicit(&veiled, true, memory_order_acq_rel))
        return;
    for (int signal = 1; signal <= QMON__SIGNALS; signal++)
        if (is_virtual(signal))
            install_again(signal);
}

static _Atomic qmon__sigset hardened; /* signals whose entry serves once */

void qmon__dispositions_harden(bool hard) {
    if (!qmon__agent.active || !qmon__is_owner())
        return;
    for (int signal = 1; signal <= QMON__SIGNALS; signal++) {
        const qmon__sigset bit = QMON__SIGNAL_BIT(signal);
        const struct qmon__kernel_action shadow = qmon__disposition_of(signal);
        if (!is_caught(signal) || (QMON__FAULT_SIGNALS & bit) != 0 || shadow.handler != (void *) SIG_DFL)
            continue;
        struct qmon__kernel_action action = in_kernel(signal, &shadow);
        if (action.handler != (void *) qmon__signal_entry)
            continue;
        if (hard) {
            action.flags |= SA_RESETHAND;
            atomic_fetch_or_explicit(&hardened, bit, memory_order_relaxed);
        } else {
            atomic_fetch_and_explicit(&hardened, ~bit, memory_order_relaxed);
        }
        set_unasked(signal, &action);
    }
}

void qmon__dispositions_return_by(void *libc_s) {
    struct qmon__kernel_action action;
    atomic_store_explicit(&restorer, libc_s, memory_order_relaxed);
    for (int signal = 1; signal <= QMON__SIGNALS; signal++) {
        if (qmon__sigaction(signal, NULL, &action) != 0 || action.restorer != (void *) qmon__restore_rt)
            continue;
        action.restorer = libc_s;
        qmon__sigaction(signal, &action, NULL);
    }
}

bool qmon__disposition_default(int signal) {
    const struct qmon__kernel_action action = {.handler = (void *) SIG_DFL};
    return set_unasked(signal, &action) == 0 ||
           (atomic_load_explicit(&hardened, memory_order_relaxed) & QMON__SIGNAL_BIT(signal)) != 0;
}

void qmon__dispositions_start(void) {
    const qmon__sigset all = ~(qmon__sigset) 0;
    qmon__sigset before;
    atomic_store_explicit(&qmon__agent.record->process.handled_signals, 0, memory_order_relaxed); /* another image's */
    qmon__sigprocmask(SIG_SETMASK, &all, &before);
    const struct qmon__kernel_action plain = {.handler = (void *) SIG_DFL};
    for (int signal = 1; signal <= QMON__SIGNALS; signal++) {
        if (!is_caught(signal))
            continue;
        const struct qmon__kernel_action action = in_kernel(signal, &plain);
        struct qmon__kernel_action old;
        if (action.handler != (void *) qmon__signal_entry || qmon__sigaction(signal, &action, &old) != 0)
            continue;
        if (memcmp(&old, &plain, sizeof old) != 0) /* zeros are what stands there; most processes never touch them */
            shadows[signal].versions[0] = old;
        if (old.handler != (void *) SIG_DFL) { /* ignored by who started us, or set by an earlier constructor */
            note_handled(signal, true);
            const struct qmon__kernel_action kept = in_kernel(signal, &old);
            if (is_ignored_fault(signal, &old))
                note_ignored(signal, &old);
            qmon__sigaction(signal, &kept, NULL);
        }
    }
    qmon__sigprocmask(SIG_SETMASK, &before, NULL);
}

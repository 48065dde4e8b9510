#define QMON__FOR_PROGRAM
#include "mask.h"

#include <signal.h>
#include <string.h>

#include "agent.h"
#include "dispositions.h"
#include "mask_code.h"
#include "signals.h"
#include "thread.h"

/* With everything blocked no handler runs but those that our entry calls anyway. */
static bool is_full(qmon__sigset believed) {
    const qmon__sigset never =
        QMON__SIGNAL_BIT(SIGKILL) | QMON__SIGNAL_BIT(SIGSTOP) | QMON__SIGNAL_BIT(32) | QMON__SIGNAL_BIT(33);
    return (believed | never | QMON__FAULT_SIGNALS | QMON__PROXIES) == ~(qmon__sigset) 0;
}

void qmon__mask_note(qmon__sigset believed) {
    qmon__dispositions_avoid(believed);
    if (qmon__mask_differs(believed) && !is_full(believed))
        qmon__dispositions_veil();
}

static qmon__sigset mask_of(const ucontext_t *context) {
    qmon__sigset mask;
    memcpy(&mask, &context->uc_sigmask, sizeof mask);
    return mask;
}

bool qmon__mask_show(ucontext_t *context) {
    const qmon__sigset mask = mask_of(context), shown = qmon__mask_decode(mask);
    if (shown == mask)
        return false;
    memcpy(&context->uc_sigmask, &shown, sizeof shown);
    return true;
}

/* A signal that waits for being unblocked is let through by this, comes to us, and is put back. */
void qmon__mask_hide(ucontext_t *context) {
    const qmon__sigset believed = mask_of(context), mask = qmon__mask_encode(believed);
    memcpy(&context->uc_sigmask, &mask, sizeof mask);
    qmon__mask_remember(believed, mask);
}

/* What is unblocked by this may come before the call returns: the thread knows its new mask by then. */
static int set_whole(qmon__sigset believed, qmon__sigset kept, qmon__sigset *ret_old) {
    const struct qmon__belief before = qmon__thread.belief;
    qmon__sigset old;
    qmon__mask_note(believed); /* before a handler can run with it */
    const qmon__sigset kernel = qmon__mask_encode(believed) | kept;
    qmon__mask_remember(believed, kernel);
    const long error = qmon__sigprocmask(SIG_SETMASK, &kernel, &old);
    if (error != 0)
        qmon__thread.belief = before;
    else if (ret_old != NULL)
        *ret_old = qmon__mask_decode_by(&before, old);
    return (int) error;
}

/* Does the change concern only signals that stand for nothing? */
static bool is_plain(qmon__sigset asked) {
    return (asked & (QMON__FAULT_SIGNALS | QMON__REAL_TIME_SIGNALS)) == 0 &&
           (!qmon__mask_has_differed() || qmon__dispositions_are_veiled());
}

int qmon__mask_virtual(int how, const qmon__sigset *wanted, qmon__sigset *ret_old) {
    qmon__sigset old;
    if (!qmon__agent.active)
        return (int) qmon__sigprocmask(how, wanted, ret_old);
    const qmon__sigset asked = wanted != NULL ? *wanted : 0; /* may be the same object as ret_old */
    if (wanted != NULL && how == SIG_SETMASK)
        return set_whole(asked, 0, ret_old);
    const bool whole = wanted != NULL && (how == SIG_BLOCK || how == SIG_UNBLOCK) && !is_plain(asked);
    long error = qmon__sigprocmask(how, whole ? NULL : wanted, &old);
    if (error != 0)
        return (int) error;
    const qmon__sigset believed = qmon__mask_decode(old);
    if (whole) {
        const qmon__sigset changed = how == SIG_BLOCK ? believed | asked : believed & ~asked;
        error = set_whole(changed, old & changed & QMON__FAULT_SIGNALS, NULL);
    }
    if (error == 0 && ret_old != NULL)
        *ret_old = believed;
    return (int) error;
}

void qmon__mask_start(void) {
    qmon__sigset now;
    if (qmon__sigprocmask(SIG_BLOCK, NULL, &now) != 0)
        return;
    qmon__proxies_avoid(now);
    if (qmon__mask_encode(now) != now)
        set_whole(now, 0, NULL);
}

qmon__sigset qmon__mask_reveal(void) {
    qmon__sigset now = 0;
    qmon__dispositions_reveal();
    if (!qmon__proxies_are_in_use())
        return 0;
    qmon__sigprocmask(SIG_BLOCK, NULL, &now);
    const qmon__sigset plain = qmon__mask_decode(now);
    if (plain != now)
        qmon__sigprocmask(SIG_SETMASK, &plain, NULL);
    return now;
}

void qmon__mask_restore(qmon__sigset mask) {
    qmon__dispositions_restore();
    if (qmon__mask_decode(mask) != mask)
        qmon__sigprocmask(SIG_SETMASK, &mask, NULL);
}

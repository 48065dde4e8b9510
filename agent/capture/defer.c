#include "defer.h"

#include <signal.h>
#include <string.h>

#include "agent.h"
#include "go_runtime.h"
#include "mask_code.h"
#include "mask_wait.h"
#include "signals.h"

static qmon__sigset mask_of(const ucontext_t *context) {
    qmon__sigset mask;
    memcpy(&mask, &context->uc_sigmask, sizeof mask);
    return mask;
}

bool qmon__is_believed_blocked(int signal, const ucontext_t *context) {
    const qmon__sigset bit = QMON__SIGNAL_BIT(signal);
    const struct qmon__wait *wait = qmon__wait_of(context);
    if ((bit & (QMON__FAULT_SIGNALS | QMON__PROXIES)) == 0)
        return false;
    /* Go unblocks a fault signal past us before it raises it to end the process, with the proxies still blocked by its handler. */
    if ((bit & QMON__FAULT_SIGNALS) != 0 && qmon__go_is_present())
        return false;
    return ((wait != NULL ? wait->mask : qmon__mask_decode(mask_of(context))) & bit) != 0;
}

bool qmon__defer(int signal, const siginfo_t *info, ucontext_t *context) {
    const qmon__sigset bit = QMON__SIGNAL_BIT(signal);
    const qmon__sigset before = mask_of(context), believed = qmon__mask_decode(before);
    qmon__sigset pending = 0;
    struct qmon__wait *wait = qmon__wait_of(context);
    if (wait == NULL && (before & bit) != 0)
        return false;
    if (wait != NULL)
        wait->deferred |= bit;
    else
        qmon__mask_remember(believed, before | bit);
    sigaddset(&context->uc_sigmask, signal);
    qmon__sigprocmask(SIG_BLOCK, &bit, NULL);
    if (signal < SIGRTMIN && qmon__sys_2(SYS_rt_sigpending, &pending, sizeof pending) == 0 && (pending & bit) != 0)
        return true;
    if (info->si_code == SI_TKILL)
        return qmon__sys_4(SYS_rt_tgsigqueueinfo, qmon__getpid(), qmon__gettid(), signal, info) == 0;
    if (qmon__sys_3(SYS_rt_sigqueueinfo, qmon__getpid(), signal, info) == 0)
        return true;
    /* only the first thread may say that somebody else sent it */
    return info->si_code == SI_USER && qmon__sys_2(SYS_kill, qmon__getpid(), signal) == 0;
}

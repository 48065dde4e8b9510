#include "mask_wait.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "agent.h"
#include "machine.h"
#include "mask.h"
#include "mask_code.h"
#include "signals.h"
#include "thread.h"

/* The call is a few frames of libc's below ours. */
#define DEPTH_BYTES 1024u

bool qmon__wait_matters(struct qmon__wait *wait) {
    qmon__sigset now = 0;
    if (!qmon__agent.active || (!qmon__mask_has_differed() && qmon__mask_encode(wait->mask) == wait->mask) ||
        qmon__sigprocmask(SIG_BLOCK, NULL, &now) != 0)
        return false;
    wait->before = qmon__mask_decode(now);
    return qmon__mask_encode(wait->mask) != wait->mask || wait->before != now;
}

qmon__sigset qmon__wait_begin(struct qmon__wait *wait) {
    qmon__mask_note(wait->mask);
    const qmon__sigset kernel = qmon__mask_encode(wait->mask);
    qmon__mask_remember(wait->mask, kernel);
    wait->outer = qmon__thread.wait;
    qmon__thread.wait = wait;
    return kernel | wait->deferred;
}

/* What was deferred, and is not blocked any more, comes when the mask is set. */
bool qmon__wait_end(struct qmon__wait *wait, bool interrupted) {
    const qmon__sigset kernel = qmon__mask_encode(wait->before);
    qmon__thread.wait = wait->outer;
    if (interrupted && wait->deferred != 0 && !wait->over)
        return true;
    qmon__mask_remember(wait->before, kernel);
    if (wait->deferred != 0 && !wait->over)
        qmon__sigprocmask(SIG_SETMASK, &kernel, NULL);
    return false;
}

/* A handler that leaves by a jump leaves a stale one behind: told by the place of its frame, and by what the call returns. */
struct qmon__wait *qmon__wait_of(const ucontext_t *context) {
    struct qmon__wait *wait = qmon__thread.wait;
    const uintptr_t sp = qmon__stack_pointer(context), at = (uintptr_t) wait;
    if (wait == NULL || sp >= at || at - sp > DEPTH_BYTES || qmon__result_of_call(context) != -EINTR || wait->over)
        return NULL;
    return wait;
}

bool qmon__wait_show(struct qmon__wait *wait, ucontext_t *context) {
    wait->over = true;
    memcpy(&context->uc_sigmask, &wait->before, sizeof wait->before);
    return qmon__mask_encode(wait->before) != wait->before;
}

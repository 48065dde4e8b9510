#define QMON__FOR_PROGRAM
#include "raw_signals.h"

#include <errno.h>
#include <signal.h>

#include "agent.h"
#include "alternate_stack.h"
#include "dispositions.h"
#include "guard.h"
#include "mask.h"

/* An argument that may be none, read before anything is done. False: it cannot be read. */
static bool take(void *ret_copy, long from, size_t bytes) {
    return from == 0 || qmon__copy_guarded(ret_copy, (const void *) from, bytes);
}

static long give(long to, const void *copy, size_t bytes, long result) {
    return result == 0 && to != 0 && !qmon__copy_guarded((void *) to, copy, bytes) ? -EFAULT : result;
}

static long change_action(int signal, long wanted, long ret_old) {
    struct qmon__kernel_action asked, old;
    if (!take(&asked, wanted, sizeof asked))
        return -EFAULT;
    const int result = qmon__disposition_virtual(signal, wanted != 0 ? &asked : NULL, ret_old != 0 ? &old : NULL);
    return give(ret_old, &old, sizeof old, result);
}

static long change_mask(int how, long wanted, long ret_old) {
    qmon__sigset asked, old;
    if (!take(&asked, wanted, sizeof asked))
        return -EFAULT;
    const int result = qmon__mask_virtual(how, wanted != 0 ? &asked : NULL, ret_old != 0 ? &old : NULL);
    return give(ret_old, &old, sizeof old, result);
}

static long change_stack(long wanted, long ret_old) {
    stack_t asked, old;
    if (!take(&asked, wanted, sizeof asked))
        return -EFAULT;
    const int result = qmon__alternate_stack_virtual(wanted != 0 ? &asked : NULL, ret_old != 0 ? &old : NULL);
    return give(ret_old, &old, sizeof old, result);
}

long qmon__signal_call(long number, long a, long b, long c, long d) {
    const bool is_known = number == SYS_sigaltstack || d == (long) sizeof(qmon__sigset);
    if (!qmon__agent.active || !is_known)
        return qmon__sys6_program(number, a, b, c, d, 0, 0);
    if (number == SYS_sigaltstack)
        return change_stack(a, b);
    return number == SYS_rt_sigaction ? change_action((int) a, b, c) : change_mask((int) a, b, c);
}

/* sigprocmask and its relatives; the rules are in mask.h. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <agent.h>
#include <guard.h>
#include <mask.h>

#include "masks.h"

static int change(int how, const sigset_t *wanted, sigset_t *old) {
    qmon__sigset set, before;
    if (wanted != NULL) {
        memcpy(&set, wanted, sizeof set);
        set &= ~(QMON__SIGNAL_BIT(32) | QMON__SIGNAL_BIT(33)); /* libc's own two are never blocked by a program */
    }
    if (!qmon__agent.active)
        return (int) qmon__sigprocmask(how, wanted != NULL ? &set : NULL, (qmon__sigset *) old);
    const int error = qmon__mask_virtual(how, wanted != NULL ? &set : NULL, old != NULL ? &before : NULL);
    /* No more than libc writes: a caller may have room for the kernel's set only. A place that is none the kernel refuses. */
    if (error == 0 && old != NULL && !qmon__copy_guarded(old, &before, sizeof before))
        return -EFAULT;
    return error;
}

int qmon__change_mask(int how, const sigset_t *wanted, sigset_t *old) {
    const int error = change(how, wanted, old);
    if (error == 0)
        return 0;
    errno = -error;
    return -1;
}

int sigprocmask(int how, const sigset_t *restrict wanted, sigset_t *restrict old) {
    return qmon__change_mask(how, wanted, old);
}

int pthread_sigmask(int how, const sigset_t *restrict wanted, sigset_t *restrict old) {
    return -change(how, wanted, old);
}

static int change_one(int how, int number) {
    sigset_t one;
    sigemptyset(&one);
    return sigaddset(&one, number) != 0 ? -1 : qmon__change_mask(how, &one, NULL);
}

int sighold(int number) {
    return change_one(SIG_BLOCK, number);
}

int sigrelse(int number) {
    return change_one(SIG_UNBLOCK, number);
}

/* The BSD functions know signals 1 to 31, as bits of an int. */
static int change_low(int how, int mask) {
    sigset_t wanted, old;
    int before;
    sigemptyset(&wanted);
    memcpy(&wanted, &mask, sizeof mask);
    if (qmon__change_mask(how, &wanted, &old) != 0)
        return -1;
    memcpy(&before, &old, sizeof before);
    return before;
}

int sigblock(int mask) {
    return change_low(SIG_BLOCK, mask);
}

int sigsetmask(int mask) {
    return change_low(SIG_SETMASK, mask);
}

int siggetmask(void) {
    return change_low(SIG_BLOCK, 0);
}

/*
 * abort() and failed assertions.
 *
 * abort() is done here and not passed on: libc's goes round our sigaction to set the default action after a handler has
 * returned, and the death would go unseen. An assertion that fails aborts inside libc; here its parts are noted.
 */
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <agent.h>
#include <cause.h>
#include <dispositions.h>
#include <thread.h>

#include "next.h"

const char *strerrordesc_np(int error) __attribute__((weak)); /* other libcs lack it */
void __assert_fail(const char *expression, const char *file, unsigned line, const char *function)
    __attribute__((noreturn));
void __assert_perror_fail(int error, const char *file, unsigned line, const char *function) __attribute__((noreturn));
void __assert(const char *expression, const char *file, int line) __attribute__((noreturn));

static void raise_abort(void) {
    qmon__sys_3(SYS_tgkill, qmon__getpid(), qmon__gettid(), SIGABRT);
}

__attribute__((noreturn)) void abort(void) {
    const qmon__sigset bit = QMON__SIGNAL_BIT(SIGABRT);
    const struct qmon__kernel_action plain = {.handler = (void *) SIG_DFL};
    const bool owner = qmon__agent.active &&
                       qmon__becomes_owner(); /* a child of vfork is not to change what its parent's thread is doing */
    if (owner)
        qmon__thread.aborting = true;
    qmon__sigprocmask(SIG_UNBLOCK, &bit, NULL);
    raise_abort();
    if (owner)
        qmon__thread.fault_count = 0; /* a handler returned, or the signal was ignored */
    qmon__disposition_virtual(SIGABRT, &plain, NULL);
    raise_abort();
    qmon__disposition_default(SIGABRT);
    raise_abort();
    for (;;) { /* PID 1 is still here: as libc does it */
#if defined(__x86_64__)
        __asm__ volatile("hlt");
#else
        __asm__ volatile("brk #1000");
#endif
    }
}

typedef void (*assert_fail_function)(const char *, const char *, unsigned, const char *);
typedef void (*assert_perror_function)(int, const char *, unsigned, const char *);
typedef void (*assert_function)(const char *, const char *, int);

/* libc's abort() overrides an ignored SIGABRT by the default action, past us; so it is made the default here, which is ours. */
static void note(const char *expression, const char *file, unsigned line, const char *function) {
    struct qmon__kernel_action now;
    const struct qmon__kernel_action plain = {.handler = (void *) SIG_DFL};
    qmon__note_assertion(expression, file, line, function);
    if (qmon__agent.active && qmon__disposition_virtual(SIGABRT, NULL, &now) == 0 && now.handler == (void *) SIG_IGN)
        qmon__disposition_virtual(SIGABRT, &plain, NULL);
}

void __assert_fail(const char *expression, const char *file, unsigned line, const char *function) {
    static void *_Atomic next;
    note(expression, file, line, function);
    const assert_fail_function real = (assert_fail_function) qmon__next("__assert_fail", &next);
    if (real != NULL)
        real(expression, file, line, function);
    abort();
}

void __assert_perror_fail(int error, const char *file, unsigned line, const char *function) {
    static void *_Atomic next;
    note(strerrordesc_np != NULL ? strerrordesc_np(error) : NULL, file, line, function);
    const assert_perror_function real = (assert_perror_function) qmon__next("__assert_perror_fail", &next);
    if (real != NULL)
        real(error, file, line, function);
    abort();
}

void __assert(const char *expression, const char *file, int line) {
    static void *_Atomic next;
    note(expression, file, (unsigned) line, NULL);
    const assert_function real = (assert_function) qmon__next("__assert", &next);
    if (real != NULL)
        real(expression, file, line);
    abort();
}

/* The ends that pass no exit handler. exit() and return from main are seen by the handler that lifecycle.c registers, which runs
 * last of all. */
#include <stdlib.h>
#include <unistd.h>

#include <agent.h>
#include <fatal.h>

#include "next.h"

__attribute__((noreturn)) static void end(int status) {
    qmon__process_exits(status);
    for (;;)
        qmon__sys_1(SYS_exit_group, status);
}

__attribute__((noreturn)) void _exit(int status) {
    end(status);
}

__attribute__((noreturn)) void _Exit(int status) {
    end(status);
}

static int quick_status;

/* Weak: other libcs lack it. */
extern void *__dso_handle __attribute__((visibility("hidden")));
int __cxa_at_quick_exit(void (*function)(void *), void *handle) __attribute__((weak));

/* Keeps a thread that comes when another one ends the process, as in ends.c. */
static void hold(void *unused) {
    if (qmon__has_claimed_exit() || !qmon__ends_elsewhere())
        return;
    (void) unused;
    __cxa_at_quick_exit(hold, &__dso_handle);
    qmon__claim_exit();
}

static void at_quick_exit_end(void *unused) {
    (void) unused;
    qmon__process_exits(quick_status);
}

typedef void (*quick_exit_function)(int);

/* Its handlers are told no status: it is kept for ours, which runs last because it is registered first. */
__attribute__((constructor)) static void register_quick_exit(void) {
    if (__cxa_at_quick_exit == NULL)
        return;
    for (unsigned i = 0; i < QMON__HOLDS; i++)
        __cxa_at_quick_exit(hold, &__dso_handle);
    __cxa_at_quick_exit(at_quick_exit_end, &__dso_handle);
}

__attribute__((noreturn)) void quick_exit(int status) {
    static void *_Atomic next;
    quick_status = status;
    const quick_exit_function real = (quick_exit_function) qmon__next("quick_exit", &next);
    if (real != NULL)
        real(status);
    end(status);
}

/*
 * PR_SET_SYSCALL_USER_DISPATCH, by which emulators have the system calls of the code that they run sent to them as SIGSYS. What they need
 * themselves they make from a range of addresses that is exempt: where that is libc's code, ours is outside of it, and a call that
 * we make in libc's place would come to a program that did not make it. So libc makes them for us from then on, and handlers return
 * by its code: that is a call, too.
 */
#include "user_dispatch.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dispositions.h>
#include <filters.h>
#include <sys.h>

#include "next.h"

#define SIGNAL_OF_NOBODY 64 /* SIGRTMAX; of what it is set to nothing changes */

typedef int (*sigaction_function)(int, const struct sigaction *, struct sigaction *);
typedef long (*syscall_function)(long, ...);
typedef void (*restorer_function)(void);

/* Libc says it nowhere, but gives it to the kernel with each disposition. */
static restorer_function libc_s_restorer(void) {
    static void *_Atomic next_sigaction;
    struct sigaction present;
    struct qmon__kernel_action given = {0};
    const sigaction_function real = (sigaction_function) qmon__next("sigaction", &next_sigaction);
    if (real == NULL || real(SIGNAL_OF_NOBODY, NULL, &present) != 0 || real(SIGNAL_OF_NOBODY, &present, NULL) != 0 ||
        qmon__sigaction(SIGNAL_OF_NOBODY, NULL, &given) != 0)
        return NULL;
    return (restorer_function) given.restorer;
}

void qmon__user_dispatch_comes(unsigned long begin, unsigned long bytes) {
    static void *_Atomic next_syscall;
    const syscall_function call = (syscall_function) qmon__next("syscall", &next_syscall);
    if (call == NULL || (unsigned long) (uintptr_t) call - begin >= bytes ||
        (unsigned long) (uintptr_t) qmon__user_dispatch_comes - begin < bytes)
        return;
    const restorer_function restorer = libc_s_restorer();
    qmon__filters_call_by(call);
    if (restorer != NULL && (unsigned long) (uintptr_t) restorer - begin < bytes)
        qmon__dispositions_return_by(restorer);
}

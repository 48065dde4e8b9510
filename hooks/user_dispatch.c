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
#include "restorer.h"

#define SIGNAL_OF_NOBODY 64 /* SIGRTMAX; of what it is set to nothing changes */

typedef long (*syscall_function)(long, ...);

static void *libc_s_restorer(void) {
    struct sigaction present;
    void *restorer = NULL;
    if (sigaction(SIGNAL_OF_NOBODY, NULL, &present) == 0)
        qmon__restorer_of_libc(SIGNAL_OF_NOBODY, &present, &restorer);
    return restorer;
}

void qmon__user_dispatch_comes(unsigned long begin, unsigned long bytes) {
    static void *_Atomic next_syscall;
    const syscall_function call = (syscall_function) qmon__next("syscall", &next_syscall);
    if (call == NULL || (unsigned long) (uintptr_t) call - begin >= bytes ||
        (unsigned long) (uintptr_t) qmon__user_dispatch_comes - begin < bytes)
        return;
    void *const restorer = libc_s_restorer();
    qmon__filters_call_by(call);
    if (restorer != NULL && (unsigned long) (uintptr_t) restorer - begin < bytes)
        qmon__dispositions_return_by(restorer);
}

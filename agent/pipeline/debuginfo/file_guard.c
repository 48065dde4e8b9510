/* file_guard.c: see file_guard.h. */
#include "file_guard.h"

#include <stddef.h>

static _Thread_local struct qmon__file_guard *volatile innermost;

static void on_bus_error(int signal, siginfo_t *info, void *context) {
    struct qmon__file_guard *guard = innermost;
    (void) context;
    if (guard && info->si_code == BUS_ADRERR) {
        qmon__file_guard_end(guard);
        siglongjmp(guard->jump, 1);
    }
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL); /* not ours: it comes again, and ends the process as it would have */
}

void qmon__file_guard_begin(struct qmon__file_guard *guard) {
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    guard->outer = innermost;
    innermost = guard;
    sigaction(SIGBUS, &action, &guard->before);
}

void qmon__file_guard_end(struct qmon__file_guard *guard) {
    sigaction(SIGBUS, &guard->before, NULL);
    innermost = guard->outer;
}

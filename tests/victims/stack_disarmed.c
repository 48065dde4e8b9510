/* An alternate stack with SS_AUTODISARM: it is free again while the handler runs, which may leave by swapcontext; a second overflow. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char stack[65536];
static sigjmp_buf way_out;

static void show(const char *what) {
    stack_t now;
    sigaltstack(NULL, &now);
    printf("%s: %s, flags %x, %zu bytes\n", what,
           now.ss_sp == stack  ? "ours"
           : now.ss_sp == NULL ? "none"
                               : "another",
           (unsigned) now.ss_flags, now.ss_size);
}

static void handler(int number, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    char here;
    show("in the handler");
    printf("%s, context says %s\n", &here >= stack && &here < stack + sizeof stack ? "on it" : "elsewhere",
           uc->uc_stack.ss_sp == stack ? "ours" : "another");
    if (number == SIGSEGV)
        siglongjmp(way_out, 1);
}

static int deeper(int n) {
    volatile char room[200];
    room[n % 200] = n;
    return deeper(n + 1) + room[0];
}

int main(void) {
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack, .ss_flags = SS_AUTODISARM};
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    printf("%d\n", sigaltstack(&own, NULL));
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    show("set");
    raise(SIGUSR1);
    show("after USR1");
    raise(SIGFPE);
    show("after FPE");
    for (volatile int i = 0; i < 3; i++) {
        sigaltstack(&own, NULL); /* a handler that is left by a jump leaves it disarmed */
        if (sigsetjmp(way_out, 1) == 0)
            deeper(0);
        show("after an overflow");
    }
    return 0;
}

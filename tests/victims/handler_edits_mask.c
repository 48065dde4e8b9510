/* A handler changes the mask that will be in force after it, by the context and by sigprocmask; fault signals too. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static int add;

static void edit(int number, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    if (add)
        sigaddset(&uc->uc_sigmask, SIGSEGV), sigaddset(&uc->uc_sigmask, SIGUSR2);
    else
        sigdelset(&uc->uc_sigmask, SIGSEGV), sigdelset(&uc->uc_sigmask, SIGUSR2);
}

static void temporary(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGBUS);
    sigprocmask(SIG_BLOCK, &set, NULL); /* gone when the handler returns */
}

static void print(const char *what) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    printf("%s: SEGV %d USR2 %d BUS %d USR1 %d\n", what, sigismember(&set, SIGSEGV), sigismember(&set, SIGUSR2),
           sigismember(&set, SIGBUS), sigismember(&set, SIGUSR1));
}

int main(void) {
    struct sigaction action = {.sa_sigaction = edit, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    for (int i = 0; i < 2; i++) {
        int number = i == 0 ? SIGUSR1 : SIGFPE;
        add = 1;
        raise(number);
        print("added");
        add = 0;
        raise(number);
        print("removed");
    }
    signal(SIGUSR1, temporary);
    raise(SIGUSR1);
    print("after the handler");
    signal(SIGTRAP, temporary);
    raise(SIGTRAP);
    print("after the handler");
    return 0;
}

/* A handler without SA_ONSTACK runs on the interrupted stack, though an alternate one is set; with it, on the other. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static char *other;
static volatile char *interrupted;
static int line;

static void where(int number, siginfo_t *info, void *context) {
    char here;
    ucontext_t *uc = context;
    stack_t now;
    sigaltstack(NULL, &now);
    printf("%d: %s, %s, flags %d, link flags %d\n", ++line,
           &here >= other && &here < other + 65536 ? "alternate" : "not alternate",
           interrupted - &here > 0 && interrupted - &here < 20000 ? "close" : "far", now.ss_flags,
           uc->uc_stack.ss_flags);
}

static void try(int number, int flags) {
    struct sigaction action = {.sa_sigaction = where, .sa_flags = SA_SIGINFO | flags};
    char here;
    interrupted = &here;
    sigaction(number, &action, NULL);
    raise(number);
}

int main(void) {
    static const int numbers[] = {SIGSEGV, SIGABRT, SIGTERM, SIGUSR1, SIGTRAP};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5; i++) {
            try(numbers[i], 0);
            try(numbers[i], SA_ONSTACK);
            try(numbers[i], SA_RESETHAND);
            try(numbers[i], SA_RESETHAND | SA_ONSTACK);
        }
        other = malloc(65536);
        stack_t stack = {.ss_sp = other, .ss_size = 65536};
        sigaltstack(&stack, NULL);
    }
    return 0;
}

/*
 * A program with a sigaction of its own, under both names that libc has for it, as some virtual machines have to see to it that all
 * handlers run on their own stacks. It calls the next one. The handler of a fault sees to it that it is the right one.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

typedef int (*action_function)(int, const struct sigaction *, struct sigaction *);

static sigjmp_buf back;
static int calls, depth;

int __sigaction(int signal, const struct sigaction *action, struct sigaction *old);

int sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    static action_function next;
    struct sigaction changed;
    if (next == NULL)
        next = (action_function) dlsym(RTLD_NEXT, "__sigaction");
    if (depth > 3)
        abort();
    calls++;
    depth++;
    if (action != NULL) {
        changed = *action;
        changed.sa_flags |= SA_ONSTACK;
    }
    const int result = next(number, action != NULL ? &changed : NULL, old);
    depth--;
    return result;
}

int __sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    return sigaction(number, action, old);
}

static void on_fault(int number) {
    siglongjmp(back, number);
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = on_fault}, now;
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGSEGV, NULL, &now);
    signal(SIGUSR1, SIG_IGN);
    for (int i = 0; i < 10; i++)
        if (sigsetjmp(back, 1) == 0)
            *(volatile int *) 8 = 1;
    printf("%d calls, on stack %d\n", calls, (now.sa_flags & SA_ONSTACK) != 0);
    fflush(stdout);
    if (argc > 1) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile int *) 8 = 1;
    }
    return 0;
}

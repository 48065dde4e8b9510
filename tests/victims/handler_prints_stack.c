/* A handler prints whose code it finds on the stack, as a C++ server's does, and lets the signal end the program. */
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_stack(int number) {
    void *frames[32];
    const int count = backtrace(frames, 32);
    for (int i = 0; i < count; i++) {
        Dl_info info;
        const char *name = dladdr(frames[i], &info) != 0 ? strrchr(info.dli_fname, '/') : NULL;
        dprintf(1, "%d %s\n", i, name != NULL ? name + 1 : "?");
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void fault_below(volatile int *place) {
    *place = 1;
}

int main(int count, char **arguments) {
    struct sigaction action = {.sa_handler = print_stack};
    const int number = strcmp(arguments[1], "fault") == 0 ? SIGSEGV : SIGUSR1;
    void *frames[1];
    backtrace(frames, 1); /* it loads what it needs */
    if (strcmp(arguments[1], "stack") == 0) {
        static char bytes[65536];
        const stack_t stack = {.ss_sp = bytes, .ss_size = sizeof bytes};
        sigaltstack(&stack, NULL);
        action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    }
    sigaction(number, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    if (number == SIGUSR1)
        raise(strcmp(arguments[1], "stack") == 0 ? SIGSEGV : SIGUSR1);
    else
        fault_below(NULL);
    return count;
}

/* Handlers become default through exec, ignored signals stay ignored; then one that was handled comes. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void handler(int number) {
}

int main(int argc, char **argv) {
    struct sigaction action;
    if (argc == 1) {
        signal(SIGSEGV, handler);
        signal(SIGTERM, handler);
        signal(SIGBUS, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        execl("/proc/self/exe", argv[0], "again", NULL);
    }
    for (int number = 1; number < 32; number++) {
        sigaction(number, NULL, &action);
        printf("%d: %s %x\n", number,
               action.sa_handler == SIG_DFL   ? "default"
               : action.sa_handler == SIG_IGN ? "ignored"
                                              : "handler",
               action.sa_flags);
    }
    fflush(stdout);
    raise(SIGSEGV);
    return 0;
}

/* A real fault while its signal is blocked: the kernel ends the process and asks no handler. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void never(int number) {
    write(1, "ran\n", 4);
    _exit(6);
}

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    sigset_t set;
    sigfillset(&set);
    if (strcmp(argv[1], "handler") == 0)
        signal(SIGSEGV, never);
    if (strcmp(argv[1], "mask") == 0) { /* blocked by the mask of another signal's handler */
        struct sigaction action = {.sa_handler = (void (*)(int)) fault_here};
        signal(SIGSEGV, never);
        sigfillset(&action.sa_mask);
        sigaction(SIGUSR1, &action, NULL);
        raise(SIGUSR1);
    }
    sigprocmask(SIG_SETMASK, &set, NULL);
    fault_here();
    return 0;
}

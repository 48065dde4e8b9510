/* victim: -rdynamic */
/* A crash reporter of the program's own: it prints a trace with backtrace(), puts the old action back and lets the fault happen
 * again. Its trace shows the program's functions and nothing else between handler and fault. */
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct sigaction before;

void reporter(int number, siginfo_t *info, void *context) {
    void *frames[32];
    int count = backtrace(frames, 32);
    for (int i = 0; i < count; i++) {
        Dl_info found;
        if (dladdr(frames[i], &found) != 0 && found.dli_sname != NULL)
            dprintf(1, "%s\n", found.dli_sname);
        else
            dprintf(1, "?\n");
    }
    sigaction(number, &before, NULL);
}

void original_fault(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = reporter, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, &before);
    printf("before: default %d flags %x\n", before.sa_handler == SIG_DFL, before.sa_flags);
    fflush(stdout);
    original_fault();
    return 0;
}

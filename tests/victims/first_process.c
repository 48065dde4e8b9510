/* The first process of a pid namespace: a fault or an abort ends it; signals that it sends itself do not; one it handles is
 * handled. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fault_here(void) {
    *(volatile int *) 4 = 1;
}

static void handler(int number) {
    printf("handler of %d\n", number);
}

int main(int argc, char **argv) {
    printf("pid %d\n", getpid());
    fflush(stdout);
    if (strcmp(argv[1], "fault") == 0)
        fault_here();
    if (strcmp(argv[1], "abort") == 0)
        abort();
    assert(strcmp(argv[1], "assert") != 0);
    if (strcmp(argv[1], "kill") == 0) {
        static const int numbers[] = {SIGSEGV, SIGABRT, SIGTERM, SIGBUS, SIGKILL, SIGUSR1, SIGQUIT};
        for (int i = 0; i < 7; i++) {
            kill(getpid(), numbers[i]);
            raise(numbers[i]);
        }
        printf("still here\n");
    }
    if (strcmp(argv[1], "handle") == 0) {
        signal(SIGTERM, handler);
        signal(SIGSEGV, handler);
        raise(SIGTERM);
        raise(SIGSEGV);
    }
    return argc > 2 ? atoi(argv[2]) : 0;
}

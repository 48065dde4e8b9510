/* A fatal signal is sent while it is blocked, and unblocked later: that is when the process dies. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void unblock(const sigset_t *set) {
    sigprocmask(SIG_UNBLOCK, set, NULL);
}

int main(int argc, char **argv) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, atoi(argv[1]));
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), atoi(argv[1]));
    printf("still here\n");
    fflush(stdout);
    unblock(&set);
    printf("not reached\n");
    return 0;
}

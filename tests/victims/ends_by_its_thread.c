/*
 * A child that keeps its orphans, as the first process of a container does, waits for one that was killed, and then ends by the bare end
 * of its only thread. With an argument that is the return from the function that it was made to run by clone. Prints its status.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[256 * 1024] __attribute__((aligned(16)));

static int lose_one(void *unused) {
    (void) unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t below = fork();
    if (below == 0) {
        kill(getpid(), SIGKILL);
        _exit(1);
    }
    waitpid(below, NULL, 0);
    return 3;
}

int main(int argc, char **argv) {
    int status = 0;
    (void) argv;
    const pid_t child = argc > 1 ? clone(lose_one, stack + sizeof stack, SIGCHLD, NULL) : fork();
    if (child == 0)
        syscall(SYS_exit, lose_one(NULL));
    waitpid(child, &status, 0);
    printf("%x\n", (unsigned) status);
    return 0;
}

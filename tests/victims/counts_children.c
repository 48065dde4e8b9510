/*
 * A host that looks for children it does not know: it forks some, one of which crashes, and waits for any of them, with
 * SIGCHLD counted, ignored, or by waitid with every option; as an ordinary process or as a subreaper.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int seen;

static void on_child(int number) {
    seen++;
}

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

static int has(int argc, char **argv, const char *word) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv) {
    pid_t children[3], pid;
    int unknown = 0, known = 0, status, options = has(argc, argv, "all") ? __WALL : 0;
    if (has(argc, argv, "subreaper"))
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (has(argc, argv, "ignore"))
        signal(SIGCHLD, SIG_IGN);
    else
        sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_child, .sa_flags = SA_RESTART}, NULL);
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            usleep(1000 * i);
            if (i == 1)
                fault_in_child();
            _exit(0);
        }
        pid = has(argc, argv, "any") ? -1 : children[i];
        while (waitpid(-1, &status, options) == -1 && errno == EINTR) {
        }
    }
    for (int i = 0; i < 60; i++) {
        usleep(10000);
        pid = waitpid(-1, &status, WNOHANG | options);
        if (pid > 0)
            unknown++;
        else if (pid == 0)
            known = 1;
    }
    printf("%d more children, some alive %d, SIGCHLD %d\n", unknown, known, seen);
    return 0;
}

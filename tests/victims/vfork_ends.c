/* A vfork child ends in a way that must not touch its parent, whose memory it shares: _exit, fault, abort, kill, exec, failed exec;
 * and then the parent itself ends well or crashes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

void fault_in_parent(void) {
    *(volatile int *) 4 = 1;
}

static void be_child(const char *how) {
    if (strcmp(how, "fault") == 0)
        fault_in_child();
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "kill") == 0)
        kill(getpid(), SIGTERM);
    if (strcmp(how, "kill for good") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(how, "exec") == 0)
        execl("/bin/sh", "sh", "-c", "exit 7", NULL);
    if (strcmp(how, "crash") == 0)
        execl("/bin/sh", "sh", "-c", "kill -SEGV $$", NULL);
    if (strcmp(how, "missing") == 0)
        execl("/no/such/program", "none", NULL);
    if (strcmp(how, "signals") == 0) {
        signal(SIGSEGV, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        execl("/bin/true", "true", NULL);
    }
    _exit(6);
}

int main(int argc, char **argv) {
    struct sigaction action;
    int status;
    for (int i = 0; i < 3; i++) {
        pid_t child = vfork();
        if (child == 0)
            be_child(argv[1]);
        waitpid(child, &status, 0);
        printf("child %x\n", status);
    }
    sigaction(SIGSEGV, NULL, &action);
    printf("SEGV default %d\n", action.sa_handler == SIG_DFL);
    fflush(stdout);
    if (argc > 2)
        fault_in_parent();
    return 0;
}

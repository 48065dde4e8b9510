/* A vfork child ends in a way that must not touch its parent, whose memory it shares: _exit, fault, abort, kill, exec, failed exec;
 * and then the parent itself ends well or crashes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

void fault_in_parent(void) {
    *(volatile int *) 4 = 1;
}

/* A stranger to qmon: the bare call. */
static int start_killer(void) {
    int ends[2], child;
    if (pipe(ends) != 0 || fork() != 0)
        return close(ends[0]), ends[1];
    close(ends[1]);
    _exit(read(ends[0], &child, sizeof child) != sizeof child || syscall(SYS_kill, child, SIGKILL) != 0);
}

static void be_child(const char *how, int killer) {
    const int self = getpid();
    if (strcmp(how, "stranger") == 0 && write(killer, &self, sizeof self) == sizeof self)
        for (;;)
            pause();
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
        const int killer = strcmp(argv[1], "stranger") == 0 ? start_killer() : -1;
        pid_t child = vfork();
        if (child == 0)
            be_child(argv[1], killer);
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

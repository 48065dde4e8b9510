/* A child is ended in a way that it cannot see, SIGKILL, a bare exit_group, or by a signal whose number is given; the parent waits for it by each of the calls there are. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_by(const char *how, pid_t child) {
    int status = 0;
    siginfo_t info = {0};
    struct rusage usage;
    if (strcmp(how, "wait") == 0)
        return wait(&status) == child ? status : -1;
    if (strcmp(how, "waitpid") == 0)
        return waitpid(child, &status, 0) == child ? status : -1;
    if (strcmp(how, "wait4") == 0)
        return wait4(-1, &status, 0, &usage) == child ? status : -1;
    if (strcmp(how, "null") == 0)
        return waitpid(child, NULL, 0) == child ? 0 : -1;
    if (strcmp(how, "waitid") == 0) {
        waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT);
        memset(&info, 0, sizeof info);
        waitid(P_ALL, 0, &info, WEXITED);
        return info.si_pid == child ? info.si_code * 1000 + info.si_status : -1;
    }
    signal(SIGCHLD, SIG_IGN);
    usleep(50000);
    return 0;
}

int main(int argc, char **argv) {
    if (strcmp(argv[2], "ignore") == 0)
        signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        if (strcmp(argv[1], "exit") == 0)
            syscall(SYS_exit_group, 3);
        for (;;)
            pause();
    }
    usleep(20000);
    if (strcmp(argv[1], "kill") == 0)
        kill(child, SIGKILL);
    if (atoi(argv[1]) > 0)
        kill(child, atoi(argv[1]));
    printf("%d\n", wait_by(argv[2], child));
    return 0;
}

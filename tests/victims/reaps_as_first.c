/* The first process of a pid namespace does its duty: it forks a child that crashes and one that leaves an orphan, and reaps until
 * there are none. It must see those three and no other. */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

void fault_in_child(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    int count = 0, crashed = 0, status;
    if (fork() == 0)
        fault_in_child();
    if (fork() == 0) {
        if (fork() == 0) {
            usleep(30000);
            _exit(0);
        }
        _exit(0);
    }
    for (int quiet = 0; quiet < 30;) {
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) {
            count++;
            crashed += WIFSIGNALED(status);
        } else {
            quiet++;
            usleep(10000);
        }
    }
    printf("%d reaped, %d of them crashed\n", count, crashed);
    return 0;
}

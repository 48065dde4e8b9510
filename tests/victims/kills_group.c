/*
 * SIGKILL to more than one: to a group by killpg or by a negative number, or to the own group, of which the killer is. Prints how
 * many were ended by it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t make_child(pid_t group) {
    const pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    setpgid(child, group);
    return child;
}

static void kill_own_group(void) {
    setpgid(0, 0);
    fork();
    usleep(30000);
    kill(0, SIGKILL);
    pause();
}

int main(int argc, char **argv) {
    int killed = 0, status;
    pid_t first = 0;
    if (strcmp(argv[1], "own") == 0) {
        first = fork();
        if (first == 0)
            kill_own_group();
    } else {
        first = make_child(0);
        make_child(first);
        make_child(first);
        usleep(30000);
        if (strcmp(argv[1], "killpg") == 0)
            killpg(first, SIGKILL);
        else
            kill(-first, SIGKILL);
    }
    while (wait(&status) > 0)
        killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    /* Of the own group an orphan may be left, for init to reap. */
    printf("%d killed, then %d %d\n", killed, strcmp(argv[1], "own") ? kill(-first, SIGKILL) : 0, killpg(-5, SIGKILL));
    return 0;
}

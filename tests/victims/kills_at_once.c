/*
 * Children are killed before they can begin anything: by fork, by _Fork, by fork and exec, by posix_spawn. Prints how many were ended by
 * SIGKILL. kills_at_once HOW [GENERATIONS]: they are children of a child of ... of the program.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
pid_t _Fork(void);

static pid_t make_child(const char *how) {
    char *const sleeper[] = {"sleep", "30", NULL};
    pid_t child = -1;
    if (strcmp(how, "spawn") == 0)
        return posix_spawnp(&child, "sleep", NULL, NULL, sleeper, environ) == 0 ? child : -1;
    child = strcmp(how, "bare") == 0 ? _Fork() : fork();
    if (child != 0)
        return child;
    if (strcmp(how, "exec") == 0)
        execvp(sleeper[0], sleeper);
    for (;;)
        pause();
}

int main(int argc, char **argv) {
    int killed = 0;
    for (int i = argc > 2 ? atoi(argv[2]) : 0; i > 0; i--) {
        int status;
        const pid_t below = fork();
        if (below != 0)
            return waitpid(below, &status, 0) == below && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    for (int i = 0; i < 10; i++) {
        int status = 0;
        const pid_t child = make_child(argv[1]);
        if (child <= 0 || kill(child, SIGKILL) != 0 || waitpid(child, &status, 0) != child)
            return 1;
        killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    printf("%d killed\n", killed);
    return 0;
}

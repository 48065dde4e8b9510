/* Children are sent SIGTERM and at once SIGKILL, as php-fpm stops its workers. They have its default action, a handler of their own,
 * or block it; or each is the one of a group that is sent both, or is sent both as soon as it is made, by fork or to exec. Prints by which of the two they were ended. */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void stay(int number) {
    for (;;)
        pause();
}

static pid_t make_child(const char *how) {
    int ready[2];
    sigset_t terminate;
    char byte, *const arguments[] = {"sleep", "9", NULL};
    pid_t spawned;
    if (strcmp(how, "spawned") == 0)
        return posix_spawn(&spawned, "/bin/sleep", NULL, NULL, arguments, environ) == 0 ? spawned : -1;
    pipe(ready);
    const pid_t child = fork();
    if (child == 0) {
        sigemptyset(&terminate);
        sigaddset(&terminate, SIGTERM);
        if (strcmp(how, "handled") == 0)
            signal(SIGTERM, stay);
        if (strcmp(how, "blocked") == 0)
            sigprocmask(SIG_BLOCK, &terminate, NULL);
        if (strcmp(how, "group") == 0)
            setpgid(0, 0);
        write(ready[1], "", 1);
        stay(0);
    }
    if (strcmp(how, "young") != 0)
        read(ready[0], &byte, 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

int main(int argc, char **argv) {
    int terminated = 0, killed = 0;
    for (int i = 0; i < 10; i++) {
        int status = 0;
        const pid_t child = make_child(argv[1]), target = strcmp(argv[1], "group") == 0 ? -child : child;
        if (kill(target, SIGTERM) != 0 || kill(target, SIGKILL) != 0 || waitpid(child, &status, 0) != child)
            return 1;
        terminated += WTERMSIG(status) == SIGTERM;
        killed += WTERMSIG(status) == SIGKILL;
    }
    printf("%d terminated, %d killed\n", terminated, killed);
    return 0;
}

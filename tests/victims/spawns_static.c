/* Starts programs that no agent can be in, by posix_spawn and by vfork; they end well, or find nothing to exec. */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char path[600];
static char *arguments[] = {path, NULL};

static pid_t by_spawn(void) {
    pid_t child = -1;
    return posix_spawn(&child, path, NULL, NULL, arguments, environ) == 0 ? child : -1;
}

static pid_t by_vfork(const char *program) {
    const pid_t child = vfork();
    if (child == 0) {
        execve(program, arguments, environ);
        _exit(7);
    }
    return child;
}

static int status_of(pid_t child) {
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[argc - 1], '/');
    snprintf(path, sizeof path, "%.*s/static_crash", (int) (slash - argv[0]), argv[0]);
    for (int i = 0; i < 3; i++)
        printf("%x ", status_of(by_spawn()));
    printf("%x %x\n", status_of(by_vfork(path)), status_of(by_vfork("/no/such/program")));
    return 0;
}

/* posix_spawn and posix_spawnp: a program that ends well, one that crashes, one that is not there; with attributes. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void run(const char *command, const posix_spawnattr_t *attributes) {
    char *arguments[] = {"sh", "-c", (char *) command, NULL};
    pid_t child = -7;
    int status = 0, error = posix_spawnp(&child, "sh", NULL, attributes, arguments, environ);
    if (error == 0)
        waitpid(child, &status, 0);
    printf("%d %d %x\n", error, child > 0, status);
}

int main(void) {
    posix_spawnattr_t attributes;
    char *none[] = {"none", NULL};
    sigset_t set;
    pid_t child = -7;
    run("exit 0", NULL);
    run("exit 3", NULL);
    run("kill -SEGV $$", NULL);
    printf("%d\n", posix_spawn(&child, "/no/such/program", NULL, NULL, none, environ));
    printf("%d\n", posix_spawn(NULL, "/bin/true", NULL, NULL, none, environ));
    wait(NULL);
    posix_spawnattr_init(&attributes);
    sigfillset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    signal(SIGTERM, SIG_IGN);
    fflush(stdout);
    run("grep -E 'Sig(Blk|Ign)' /proc/self/status", &attributes);
    return 0;
}

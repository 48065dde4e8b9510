/* SIGSEGV, SIGTERM and 49 are blocked, SIGFPE is ignored: every way to start a program hands that on, or what an attribute says; and the parent still has
 * it afterwards. */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *again[] = {"children_inherit_mask", "child", NULL};
static char command[600];

static void show(const char *what) {
    sigset_t set;
    unsigned long word;
    struct sigaction action;
    sigprocmask(SIG_BLOCK, NULL, &set);
    memcpy(&word, &set, sizeof word);
    sigaction(SIGFPE, NULL, &action);
    raise(SIGFPE);
    printf("%s %016lx, FPE ignored %d\n", what, word, action.sa_handler == SIG_IGN);
    fflush(stdout);
}

static void spawn(const posix_spawnattr_t *attributes) {
    pid_t child;
    posix_spawn(&child, command, NULL, attributes, again, environ);
    waitpid(child, NULL, 0);
}

int main(int argc, char **argv) {
    posix_spawnattr_t attributes;
    char line[100];
    sigset_t set;
    if (argc > 1) {
        show("  child");
        return 0;
    }
    readlink("/proc/self/exe", command, sizeof command - 10);
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, 49);
    sigprocmask(SIG_SETMASK, &set, NULL);
    signal(SIGFPE, SIG_IGN);
    show("parent");
    spawn(NULL);
    show("after posix_spawn");
    sigemptyset(&set);
    sigaddset(&set, SIGBUS);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &set);
    spawn(&attributes);
    show("after posix_spawn with a mask");
    if (fork() == 0) {
        show("forked");
        execv(command, again);
    }
    wait(NULL);
    show("after fork");
    if (vfork() == 0) {
        execv(command, again);
        _exit(1);
    }
    wait(NULL);
    show("after vfork");
    strcat(command, " child");
    system(command);
    show("after system");
    system("env -u LD_PRELOAD grep -E 'Sig(Blk|Ign)' /proc/self/status"); /* as the kernel has it */
    FILE *pipe = popen(command, "r");
    while (fgets(line, sizeof line, pipe))
        printf("%s", line);
    pclose(pipe);
    show("after popen");
    return 0;
}

/*
 * posix_spawn with each of its attributes and file actions: the child says what it has got. spawns_with ATTRIBUTE...; "crash" has
 * the child end by SIGSEGV afterwards.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void fault_in_spawned(void) {
    *(volatile int *) 4 = 1;
}

static void say(int crash, pid_t parent) {
    sigset_t mask;
    struct sigaction action;
    char directory[256] = "", line[16] = "";
    struct sched_param param;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int number = 1; number < 32; number++) {
        sigaction(number, NULL, &action);
        if (sigismember(&mask, number) || action.sa_handler != SIG_DFL)
            printf("%d%s%s ", number, sigismember(&mask, number) ? " blocked" : "",
                   action.sa_handler == SIG_IGN   ? " ignored"
                   : action.sa_handler != SIG_DFL ? " handled"
                                                  : "");
    }
    sched_getparam(0, &param);
    getcwd(directory, sizeof directory);
    const long count = read(7, line, sizeof line - 1);
    printf("group %s, session %s, policy %d %d, uid %d %d, in %s, 7 says %.*s, 8 is %s\n",
           getpgrp() == getpid() ? "own" : "parent's", getsid(0) == getpid() ? "own" : "parent's",
           sched_getscheduler(0), param.sched_priority, getuid(), geteuid(),
           strcmp(directory, "/") == 0 ? "/" : "the same", (int) (count > 0 ? count : 0), line,
           fcntl(8, F_GETFD) < 0 ? "closed" : "open");
    fflush(stdout);
    if (crash)
        fault_in_spawned();
}

static pid_t spawn(char **attributes, char **words) {
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;
    sigset_t some, fewer;
    short flags = 0;
    pid_t child = -1;
    struct sched_param param = {0};
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_init(&actions);
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGSEGV);
    sigaddset(&some, SIGTERM);
    sigemptyset(&fewer);
    sigaddset(&fewer, SIGINT);
    sigaddset(&fewer, SIGFPE);
    for (; *attributes != NULL; attributes++) {
        const char *name = *attributes;
        if (strcmp(name, "setsigdef") == 0)
            flags |= POSIX_SPAWN_SETSIGDEF, posix_spawnattr_setsigdefault(&attr, &some);
        if (strcmp(name, "setsigmask") == 0)
            flags |= POSIX_SPAWN_SETSIGMASK, posix_spawnattr_setsigmask(&attr, &fewer);
        if (strcmp(name, "setpgroup") == 0)
            flags |= POSIX_SPAWN_SETPGROUP, posix_spawnattr_setpgroup(&attr, 0);
        if (strcmp(name, "setsid") == 0)
            flags |= POSIX_SPAWN_SETSID;
        if (strcmp(name, "resetids") == 0)
            flags |= POSIX_SPAWN_RESETIDS;
        if (strcmp(name, "setscheduler") == 0)
            flags |= POSIX_SPAWN_SETSCHEDULER, posix_spawnattr_setschedpolicy(&attr, SCHED_OTHER),
                posix_spawnattr_setschedparam(&attr, &param);
        if (strcmp(name, "actions") == 0) {
            posix_spawn_file_actions_addopen(&actions, 7, "input", O_RDONLY, 0);
            posix_spawn_file_actions_adddup2(&actions, 7, 8);
            posix_spawn_file_actions_addchdir_np(&actions, "/");
            posix_spawn_file_actions_addclosefrom_np(&actions, 8);
        }
    }
    posix_spawnattr_setflags(&attr, flags);
    posix_spawn(&child, "/proc/self/exe", &actions, &attr, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return child;
}

int main(int argc, char **argv) {
    char *words[] = {"spawned", strcmp(argv[argc - 1], "crash") == 0 ? "crash" : "-", NULL};
    sigset_t before;
    int status = 0;
    if (strcmp(argv[0], "spawned") == 0) {
        say(strcmp(argv[1], "crash") == 0, getppid());
        return 0;
    }
    close(open("input", O_CREAT | O_WRONLY, 0600));
    int fd = open("input", O_WRONLY);
    write(fd, "hello", 5);
    close(fd);
    /* What a child has from its parent where no attribute says otherwise. */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGSEGV, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&before);
    sigaddset(&before, SIGBUS);
    sigaddset(&before, SIGUSR2);
    sigprocmask(SIG_BLOCK, &before, NULL);
    const pid_t child = spawn(argv + 1, words);
    waitpid(child, &status, 0);
    printf("%x\n", status);
    return 0;
}

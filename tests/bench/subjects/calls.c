/*
 * calls.c: calls CALL COUNT. Makes a call COUNT times, after a rest in which the agent gets its start over, and prints the
 * ns that each took.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static char directory[512]; /* of this program, with a slash */

static void beside(char *ret_path, size_t bytes, const char *name) {
    snprintf(ret_path, bytes, "%s%s", directory, name);
}

static void call_putc(unsigned long count) {
    FILE *nowhere = fopen("/dev/null", "w");
    while (nowhere != NULL && count-- > 0)
        putc('x', nowhere);
}

static void call_malloc(unsigned long count) {
    while (count-- > 0) {
        void *volatile block = malloc(64);
        free(block);
    }
}

static void *nothing(void *argument) {
    return argument;
}

static void call_thread(unsigned long count) {
    pthread_t thread;
    while (count-- > 0) {
        if (pthread_create(&thread, NULL, nothing, NULL) == 0)
            pthread_join(thread, NULL);
    }
}

static void call_fork(unsigned long count) {
    while (count-- > 0) {
        pid_t pid = fork();
        if (pid == 0)
            exit(0);
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
}

static void call_spawn(unsigned long count) {
    char path[600];
    char *arguments[] = {path, NULL};
    pid_t pid;

    beside(path, sizeof path, "empty");
    while (count-- > 0) {
        if (posix_spawn(&pid, path, NULL, NULL, arguments, environ) == 0)
            waitpid(pid, NULL, 0);
    }
}

static void call_query(unsigned long count) {
    struct sigaction action;
    while (count-- > 0)
        sigaction(SIGSEGV, NULL, &action);
}

static void handler(int number) {
    (void) number;
}

static void call_set(unsigned long count) {
    struct sigaction action = {.sa_handler = handler};
    while (count-- > 0)
        sigaction(SIGSEGV, &action, NULL);
}

static void call_mask(unsigned long count) {
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    while (count-- > 0)
        sigprocmask(count % 2 ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void call_dlopen(unsigned long count) {
    char path[600];

    beside(path, sizeof path, "libsmall.so");
    while (count-- > 0) {
        void *object = dlopen(path, RTLD_NOW);
        if (object != NULL)
            dlclose(object);
    }
}

static const struct {
    const char *name;
    void (*make)(unsigned long count);
} calls[] = {
    {"putc", call_putc}, {"malloc", call_malloc}, {"thread", call_thread},
    {"fork", call_fork}, {"spawn", call_spawn},   {"query", call_query},
    {"set", call_set},   {"mask", call_mask},     {"dlopen", call_dlopen},
};

static double now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

int main(int count, char **arguments) {
    unsigned long times = count == 3 ? strtoul(arguments[2], NULL, 10) : 0;
    char *slash = strrchr(arguments[0], '/');

    if (times == 0 || slash == NULL)
        return 2;
    snprintf(directory, sizeof directory, "%.*s", (int) (slash + 1 - arguments[0]), arguments[0]);
    nanosleep(&(struct timespec){.tv_nsec = 40000000}, NULL);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i].name, arguments[1]) == 0) {
            double start = now_ns();
            calls[i].make(times);
            printf("%.3f\n", (now_ns() - start) / (double) times);
            return 0;
        }
    }
    return 2;
}

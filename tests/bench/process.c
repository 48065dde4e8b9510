/* process.c: starting programs with or without the agent, and timing them. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define ENVIRONMENT 16

double bench_now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

void bench_rest_ms(unsigned ms) {
    struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000};

    while (nanosleep(&rest, &rest) < 0 && errno == EINTR) {
    }
}

pid_t bench_start(const struct bench_process *process, int output_fd) {
    char preload[512], directory[128];
    const char *environment[ENVIRONMENT] = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    size_t count = 2;
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;

    if (process->preload != NULL) {
        snprintf(preload, sizeof preload, "LD_PRELOAD=%s", process->preload);
        environment[count++] = preload;
    }
    snprintf(directory, sizeof directory, "QMON_STATE_DIR=%s/state", bench.directory);
    environment[count++] = directory;
    for (size_t i = 0; i < 8 && process->settings[i] != NULL; i++)
        environment[count++] = process->settings[i];
    posix_spawn_file_actions_init(&actions);
    if (output_fd >= 0)
        posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
    else
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, process->arguments[0], &actions, NULL, (char *const *) process->arguments,
                    (char *const *) environment) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

void bench_numbers(const struct bench_process *process, double *ret_numbers, unsigned count) {
    int ends[2];
    pid_t pid;
    FILE *output;
    char text[128];

    for (unsigned i = 0; i < count; i++)
        ret_numbers[i] = NAN;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    pid = bench_start(process, ends[1]);
    close(ends[1]);
    output = fdopen(ends[0], "r");
    if (output == NULL) {
        close(ends[0]);
    } else {
        for (unsigned i = 0; fgets(text, sizeof text, output) != NULL; i++)
            if (i < count)
                ret_numbers[i] = strtod(text, NULL);
        fclose(output);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

double bench_number(const struct bench_process *process, unsigned line) {
    double numbers[8];

    bench_numbers(process, numbers, line + 1);
    return numbers[line];
}

double bench_lifetime(const struct bench_process *process) {
    double start = bench_now_ns();
    pid_t pid = bench_start(process, -1);
    int status;

    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        return NAN;
    return bench_now_ns() - start;
}

void bench_pair(struct bench_row *row, double (*measure)(const struct bench_process *process),
                const struct bench_process *baseline, const struct bench_process *measured, unsigned repeats,
                unsigned pause_ms) {
    for (unsigned i = 0; i < repeats * 2; i++) {
        bool own = (i & 1) != ((i >> 1) & 1); /* b m m b b m m b */
        bench_rest_ms(pause_ms);
        if (own)
            bench_add(&row->measured, measure(measured));
        else
            bench_add(&row->baseline, measure(baseline));
    }
}

static pid_t spared; /* a server of the bench's own, which stays */

void bench_spare(pid_t pid) {
    spared = pid;
}

/* The processes that were started and are not waited for yet, receivers included: the bench is their subreaper. Returns how many
 * there are; each gets the signal (0: none). */
static unsigned signal_children(int number) {
    char path[64];
    int pid;
    unsigned count = 0;
    FILE *list;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int) getpid());
    list = fopen(path, "re");
    while (list != NULL && fscanf(list, "%d", &pid) == 1) {
        if (pid == spared)
            continue;
        count++;
        if (number != 0)
            kill(pid, number);
    }
    if (list != NULL)
        fclose(list);
    return count;
}

void bench_settle(unsigned timeout_ms) {
    double limit = bench_now_ns() + timeout_ms * 1e6;

    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        bool late = bench_now_ns() > limit;
        if ((pid < 0 && errno == ECHILD) || (pid == 0 && signal_children(late ? SIGKILL : 0) == 0))
            return;
        if (pid == 0)
            bench_rest_ms(1);
    }
}

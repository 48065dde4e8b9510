/*
 * program.c: credentials that a profile has from a program of its owner's (credential_process). It is run by the shell, as AWS' own
 * tools do, without our descriptors, and is ended where it is not done in time. What it says on standard error is nobody's to read:
 * it may hold secrets.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "search.h"

#define MOST_MS 5000u
#define ANSWER_BYTES 32768u

static int start(const char *command, int output, pid_t *ret_pid) {
    char shell[] = "sh", option[] = "-c";
    char *const arguments[] = {shell, option, (char *) command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int r;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all); /* a receiver ignores some */
    posix_spawnattr_setpgroup(&attributes, 0);        /* to be ended with whatever it starts */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    r = posix_spawn(ret_pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

/* Up to its end, or the deadline. 0, -ETIMEDOUT, -EMSGSIZE. */
static int read_all(int input, uint64_t deadline_ms, char ret_answer[ANSWER_BYTES]) {
    size_t used = 0;

    for (;;) {
        uint64_t now_ms = qmon_monotonic_ms();
        struct pollfd one = {.fd = input, .events = POLLIN};
        int ready = now_ms < deadline_ms ? poll(&one, 1, (int) (deadline_ms - now_ms)) : 0;
        if (ready == 0)
            return -ETIMEDOUT;
        if (ready < 0 && errno == EINTR) /* a read would wait as long as it takes */
            continue;
        ssize_t got = read(input, ret_answer + used, ANSWER_BYTES - 1 - used);
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got == 0) {
            ret_answer[used] = '\0';
            return 0;
        }
        used += got > 0 ? (size_t) got : 0;
        if (used == ANSWER_BYTES - 1)
            return -EMSGSIZE;
    }
}

/* As the shell tells it. */
static int status_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : -ECHILD;
}

/* The exit status; or -ETIMEDOUT: we ended it. It may close its output and go on. */
static int finish(pid_t pid, bool give_up, uint64_t deadline_ms) {
    int status = -1;

    for (;;) {
        pid_t done = waitpid(pid, &status, give_up ? 0 : WNOHANG);
        if (done == pid || (done < 0 && errno != EINTR))
            return give_up ? -ETIMEDOUT : done == pid ? status_of(status) : -ECHILD;
        if (qmon_monotonic_ms() >= deadline_ms && !give_up) {
            kill(-pid, SIGKILL);
            give_up = true;
        }
        poll(NULL, 0, 2);
    }
}

static int take(struct qmon__aws_search *search, const char *name, const char *answer, int status) {
    char what[96];

    snprintf(what, sizeof what, "profile %.64s: its credential_process", name);
    if (status == -ETIMEDOUT)
        return qmon__aws_fail(search, -ETIMEDOUT, "%s was not done in time", what);
    if (status < 0) /* somebody else in this process waited for it */
        return qmon__aws_fail(search, status, "%s has ended, and it is not known how", what);
    if (status != 0)
        return qmon__aws_fail(search, -ECHILD, "%s failed with exit status %d", what, status);
    return qmon__aws_read_json(search, what, answer);
}

int qmon__aws_program(struct qmon__aws_search *search, const char *name, const char *command) {
    uint64_t deadline_ms = qmon_monotonic_ms() + qmon__aws_left_ms(search, MOST_MS);
    char *answer = malloc(ANSWER_BYTES);
    int ends[2], r;
    pid_t pid;

    if (answer == NULL || pipe2(ends, O_CLOEXEC) < 0) {
        free(answer);
        return qmon__aws_fail(search, -ENOMEM, "out of memory or descriptors");
    }
    r = start(command, ends[1], &pid);
    close(ends[1]);
    if (r == 0) {
        r = read_all(ends[0], deadline_ms, answer);
        if (r < 0)
            kill(-pid, SIGKILL);
        int status = finish(pid, r < 0, deadline_ms);
        r = r == -EMSGSIZE ? qmon__aws_fail(search, r, "profile %.64s: its credential_process says too much", name)
                           : take(search, name, answer, status);
    } else {
        r = qmon__aws_fail(search, r, "profile %.64s: its credential_process cannot be run: %s", name, strerror(-r));
    }
    close(ends[0]);
    explicit_bzero(answer, ANSWER_BYTES);
    free(answer);
    if (r == 0)
        snprintf(search->access->source, sizeof search->access->source, "profile %.64s, its credential_process", name);
    return r;
}

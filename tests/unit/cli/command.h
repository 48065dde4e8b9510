/*
 * command.h: the built `qmon`, run once, with a state directory of the test's own and an environment that is known.
 */
#ifndef QMON_TEST_CLI_COMMAND_H
#define QMON_TEST_CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "scratch.h"

#define COMMAND_MS 30000u

struct command {
    const struct scratch *scratch;  /* state in "state", home, working directory */
    const char *const *environment; /* NAME=value, before PATH, HOME, LANG, TZ, QMON_STATE_DIR; NULL none */
    void (*prepare)(void);          /* in the child before exec; NULL none */
    int wait_status;
    char *out, *err;
    /* While it runs: */
    pid_t pid;
    int out_fd, err_fd;
};

/* Makes the scratch directory; from then on, what `qmon` leaves running comes to this process. */
struct scratch command_setup(void);
/* Waits until nothing of it runs any more, and removes the directory and the records in /dev/shm that belong to it. */
void command_teardown(const struct scratch *scratch);

/* Starts it; its stdin is /dev/null. arguments: after "qmon", NULL-terminated. */
void command_start(struct command *command, const char *const *arguments);
/* Reads stdout until it has `text`; fails the test when that does not come. */
void command_await_output(struct command *command, const char *text);
/* Waits for its end (killed after COMMAND_MS, which fails the test) and collects what it wrote. */
void command_finish(struct command *command);
void command_free(struct command *command);

/* Both; then expects the exit status. */
void command_run(struct command *command, int exit_status, const char *const *arguments);
#define COMMAND(command, exit_status, ...)                                                                             \
    command_run(command, exit_status, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Expects a text in what it wrote. */
void command_expect_out(const struct command *command, const char *text);
void command_expect_err(const struct command *command, const char *text);

/* How often `text` is in `in`. */
unsigned occurrences_of(const char *in, const char *text);

#endif

/*
 * run_report.h: what `qmon run` does and says after the program's death.
 */
#ifndef QMON_CLI_RUN_REPORT_H
#define QMON_CLI_RUN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "program.h"
#include "run_child.h"

struct qmon__cli_run {
    char **argv;
    struct qmon__cli_program program;
    bool inspected;       /* `program` is filled */
    const char *obstacle; /* why the agent is not in it; NULL: it should be */
    bool left_alone;      /* QMON_DISABLE or QMON_EXCLUDE say so */
    uint64_t wait_ms;     /* longest time to wait for the receiver */
    bool quiet, json;
};

/* Recovers what the child left, waits until its receiver is done, and prints the new events of it and its descendants to
 * stderr, unless it is to be quiet. Nothing is printed either when it ended well and nothing happened. */
void qmon__cli_run_report(const struct qmon__cli_run *run, const struct qmon__cli_child *child);

/* "exited with status 3", "was killed by SIGSEGV (core dumped)". Returns ret_text. */
char *qmon__cli_end_words(int wait_status, char *ret_text, size_t bytes);

#endif

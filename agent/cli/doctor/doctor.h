/*
 * doctor.h: findings, one a line, each with what to do next; and the checks, a file for each thing that is checked.
 */
#ifndef QMON_CLI_DOCTOR_H
#define QMON_CLI_DOCTOR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <qmon/config.h>
#include <qmon/store.h>

#include "terminal.h"

enum qmon__cli_verdict {
    QMON_FINDING_GOOD,
    QMON_FINDING_NOTE,    /* nothing to do */
    QMON_FINDING_WARNING, /* works, but not as one may think */
    QMON_FINDING_BAD,     /* does not work */
};

struct qmon__cli_doctor {
    struct qmon__cli_style style;
    unsigned counts[QMON_FINDING_BAD + 1];
    const struct qmon_config *config;
    char state_dir[PATH_MAX]; /* empty: there is none */
    struct qmon_store *store; /* NULL: none that lasts */
    char library[PATH_MAX];   /* empty: not found */
};

/* Prints a finding. `advice` is what to do next; NULL nothing. */
void qmon__cli_finding(struct qmon__cli_doctor *doctor, enum qmon__cli_verdict verdict, const char *what,
                       const char *advice, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* doctor_setup.c: configuration, state directory, store, outbox. Fills config-dependent members; opens the store. */
void qmon__cli_check_configuration(struct qmon__cli_doctor *doctor);
void qmon__cli_check_state(struct qmon__cli_doctor *doctor);

/* doctor_agent.c: the library is there, loads, and catches a crash. */
void qmon__cli_check_agent(struct qmon__cli_doctor *doctor);

/* doctor_channels.c: Redis, sinks; and a test alert through each of them. */
void qmon__cli_check_redis(struct qmon__cli_doctor *doctor);
void qmon__cli_check_sinks(struct qmon__cli_doctor *doctor);
void qmon__cli_send_test(struct qmon__cli_doctor *doctor);

/* doctor_program.c: can the agent be loaded into this program, and what will it see? */
void qmon__cli_check_program(struct qmon__cli_doctor *doctor, const char *name);

#endif

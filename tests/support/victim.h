/*
 * victim.h: a program that fails, run once as it is and once under the agent.
 *
 * With and without the agent everything that can be seen of it from outside must be the same: wait status with signal and core
 * flag, stdout, stderr, nothing left running, and no more time than a report takes. Besides that the run under the agent gives
 * exactly the reports that the row says, and none when `qmon flush` looks for more.
 */
#ifndef QMON_TEST_VICTIM_H
#define QMON_TEST_VICTIM_H

#include <stdbool.h>

#define VICTIM_ARGUMENTS 8
#define VICTIM_ENVIRONMENT 6

struct victim {
    const char *program;                         /* of build/victims; with a slash: a path */
    const char *arguments[VICTIM_ARGUMENTS];     /* after the program's name */
    const char *environment[VICTIM_ENVIRONMENT]; /* NAME=value, besides PATH, HOME and LANG */
    const char *needs[2];                        /* files, named as `program` is; skipped where one is not there */
    const char *preload_before,
        *preload_after;    /* libraries preloaded with and without the agent, on either side of it */
    void (*prepare)(void); /* in the child before exec: limits, masks, ... */

    const char *death;       /* how the program itself ends: "SIGSEGV", "exit 3"; NULL: as `code` says, else "exit 0" */
    const char *other_death; /* how it may end as well, being a race; with a report if it is by a signal */
    const char *prints;      /* is in its output, without the agent too; NULL: not looked for */

    const char *code;     /* of its reports: "SIGSEGV", "exit:3"; NULL: there is none */
    const char *kind;     /* of them; NULL: "exit" where the code says so, else "crash" */
    const char *origin;   /* is in the name of their origin's function; NULL: not looked at */
    const char *tells[5]; /* each is somewhere in the first of them */
    unsigned reports;     /* how many; 0: one if there is a code, else none */
    unsigned afterwards;  /* up to so many of them are found only by `qmon flush` */

    unsigned other_kinds; /* reports besides these */
    bool any_others;      /* as many of them as there may be */
    int starts;           /* lifecycle events of each phase; 0: one, NO_STARTS: none */
    const char *stops;    /* is in the event of its stop */

    unsigned slower_ms; /* than twice the time without the agent; 0: VICTIM_SLOWER_MS */
    unsigned limit_ms;  /* for a run; 0: VICTIM_LIMIT_MS */
    bool racy;          /* run VICTIM_REPEAT times, or as often as QMON_TEST_REPEAT says */
    bool open_place;    /* other users may write where qmon keeps its state and events */
    bool any_errors;    /* stderr differs from run to run */
    bool any_output;    /* stdout too: only what `prints` says is looked for */
    bool any_lifecycle; /* not one start and one stop */
};

#define NO_STARTS (-1)
#define VICTIM_SLOWER_MS 2500u
#define VICTIM_LIMIT_MS 15000u
#define VICTIM_REPEAT 20u

void victim_check(const struct victim *victim);
/* What is wrong, or NULL; valid until the next call. */
const char *victim_problems(const struct victim *victim);

/* One row: a test named as a sentence. */
#define VICTIM(suite, sentence, ...)                                                                                   \
    Test(suite, sentence) {                                                                                            \
        victim_check(&(const struct victim){__VA_ARGS__});                                                             \
    }

#endif

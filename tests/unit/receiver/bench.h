/*
 * bench.h: a state directory with its store, a configuration that alerts into a file, and what came of it.
 */
#ifndef QMON_TEST_RECEIVER_BENCH_H
#define QMON_TEST_RECEIVER_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <qmon/config.h>
#include <qmon/event.h>
#include <qmon/store.h>

#include "pass.h"
#include "record_maker.h"
#include "scratch.h"

struct bench {
    struct scratch scratch;
    char records[256], alerts[256], log[256];
    struct qmon_config *config;
    struct qmon_store *store;
    struct qmon__pass pass;
};

/* `setting`: one more "NAME=value", or NULL. Also sets this process's environment, for receivers that read it. */
void bench_open(struct bench *bench, const char *setting);
void bench_close(struct bench *bench);

/* Opens a made record as a receiver does, locked. */
struct qmon__record_file bench_record(const struct made_record *made);

/* How many lines of the alerts' file contain all of these words (the second may be NULL). */
size_t bench_alerts(const struct bench *bench, const char *word, const char *other);
/* The line number, from 1, of the first that does; 0 none. */
size_t bench_alert_line(const struct bench *bench, const char *word, const char *other);
/* How many events the store has in this state ("alerted", "suppressed", ...; NULL any) whose JSON contains word. */
size_t bench_events(struct bench *bench, const char *state, const char *word);
uint64_t bench_counter(struct bench *bench, const char *name);
/* Lets the leases of deliverers that died run out, and delivers what is due. */
void bench_run_out(struct bench *bench);
bool bench_exists(const char *path);

/* The same of a crash, with the pipe by which it lets its host go: a byte comes from *ret_release, to be closed by the caller. */
pid_t bench_receive_with_release(const struct made_record *made, int *ret_release);

/* Runs `qmon receive` in a child with the record on descriptor 3, as the agent does. Returns its pid, or -1
 * where the file is gone: another receiver, doing more than its own, may have seen to it. path "" gives a sealed copy
 * without a file. */
pid_t bench_receive(const struct made_record *made, const char *why, const char *path, unsigned deadline_ms, bool hold);
/* Waits for it; its wait status, 0 for -1. */
int bench_wait(pid_t receiver);

#endif

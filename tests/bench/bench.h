/*
 * bench.h: what the rows of the bench share: samples, the table, and processes started with or without the agent.
 */
#ifndef QMON_BENCH_H
#define QMON_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_DIRECTORY QMON_BUILD_DIR "/bench/"
#define BENCH_AGENT QMON_BUILD_DIR "/libqmon.so"
#define BENCH_NOTHING BENCH_DIRECTORY "libnothing.so"

/* Peers' programs, of tests/bench/peers; not there where their libraries are not. */
#define BENCH_GLOG BENCH_DIRECTORY "peer-glog"
#define BENCH_BOOST BENCH_DIRECTORY "peer-boost"
#define BENCH_LIBBACKTRACE BENCH_DIRECTORY "peer-libbacktrace"

#define BENCH_SAMPLES 1024

struct bench_samples {
    size_t count;
    double value[BENCH_SAMPLES];
};

void bench_add(struct bench_samples *samples, double value);          /* values that are not finite are left out */
double bench_quantile(const struct bench_samples *samples, double q); /* q 0 to 1; NaN where there are none */

/* What a row is held against: its ratio to the baseline, or the measured value itself. */
enum bench_goal {
    BENCH_NO_GOAL,
    BENCH_RATIO_AT_MOST,
    BENCH_RATIO_AT_LEAST,
    BENCH_VALUE_AT_MOST,
    BENCH_VALUE_AT_LEAST,
    BENCH_MORE_AT_MOST, /* measured minus baseline */
};

struct bench_row {
    const char *name, *baseline_name; /* baseline_name NULL: there is none */
    const char *unit;                 /* "ns" (shown as ns, us or ms), "/s", "KiB", "" */
    enum bench_goal goal_kind;
    double goal;
    struct bench_samples baseline, measured;
};

/* "1.25 us". */
void bench_value_text(char *ret_text, size_t bytes, double value, const char *unit);
/* Prints the row, and keeps it for the JSON. */
void bench_publish(const struct bench_row *row);
void bench_heading(void);
/* 0, or a negative errno. */
int bench_write_json(const char *path);

/* A process to start in a clean environment. `settings`: NULL-terminated NAME=VALUE strings besides PATH, HOME, LD_PRELOAD
 * and QMON_STATE_DIR (the bench's own directory). */
struct bench_process {
    const char *preload;
    const char *settings[8];
    const char *arguments[9]; /* arguments[0]: the path; NULL-terminated */
};

/* Starts it with its output going to output_fd (-1: nowhere). Gives the pid, or -1. */
pid_t bench_start(const struct bench_process *process, int output_fd);
/* Starts it, waits for it and gives the number that it printed as its line `line` (0 the first, at most 7), or those of its first
 * `count` lines; NaN if it gave none. */
void bench_numbers(const struct bench_process *process, double *ret_numbers, unsigned count);
double bench_number(const struct bench_process *process, unsigned line);
/* The time from before the start to after the wait, ns. */
double bench_lifetime(const struct bench_process *process);

/* Takes repeats samples of each, by turns, changing who comes first. pause_ms: rest before each. */
void bench_pair(struct bench_row *row, double (*measure)(const struct bench_process *process),
                const struct bench_process *baseline, const struct bench_process *measured, unsigned repeats,
                unsigned pause_ms);

double bench_now_ns(void); /* CLOCK_MONOTONIC */
void bench_rest_ms(unsigned ms);

struct bench {
    bool quick;
    char directory[64]; /* for this run; removed afterwards */
};
extern struct bench bench;
/* A number of repeats: less of it with --quick. */
unsigned bench_repeats(unsigned full);
/* Waits until the receivers that were started are gone; ends those that are still there after timeout_ms. */
void bench_settle(unsigned timeout_ms);
/* Leaves this child alone; 0: none. */
void bench_spare(pid_t pid);
/* Empties the state directory that processes are given. */
void bench_forget(void);

/* A web server that answers POST with 200. */
struct bench_sink;
struct bench_sink *bench_sink_open(void);
uint16_t bench_sink_port(const struct bench_sink *sink);
/* When the next request was there as a whole, ns of bench_now_ns(); NaN if none came within timeout_ms. */
double bench_sink_next(struct bench_sink *sink, unsigned timeout_ms);
void bench_sink_close(struct bench_sink *sink);

/* rows_death.c: from the fault that the process tells of to the end of the wait for it, ns. */
double bench_death(const struct bench_process *process);
/* rows_events.c: so many errors with codes of their own, from a stack so deep; NaN where not all of them arrived. */
double bench_events_per_s(unsigned wanted, const char *depth, double *ret_cpu_ns); /* of all processes, for each */

/* quoted.c: figures of peers that are not measured here. */
struct json_object;
void bench_print_quoted(void);
struct json_object *bench_quoted_json(void);

/* The groups of rows. */
void bench_rows_start(void);
void bench_rows_idle(void);
void bench_rows_calls(void);
void bench_rows_faults(void);
void bench_rows_death(void);
void bench_rows_report(void);
void bench_rows_events(void);
void bench_rows_decisions(void);
void bench_rows_symbols(void);
void bench_rows_receiver(void);
void bench_rows_fleet(void);
void bench_rows_instructions(void);
/* rows_instructions.c: does a piece of work and nothing else, so that it can be counted. False: there is none of that name. */
bool bench_work(const char *name, const char *count);

#endif

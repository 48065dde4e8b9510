/* rows_report.c: what a report costs the thread that makes it. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define PROGRAM BENCH_DIRECTORY "reports"

static void measure(const char *preload, const char *what, const char *groups, struct bench_samples *ret_samples) {
    struct bench_process process = {
        .preload = preload, .settings = {"QMON_LIFECYCLE=off"}, .arguments = {PROGRAM, what, groups}};

    if (what[0] == '/') /* a peer's program */
        process.arguments[0] = what, process.arguments[1] = groups, process.arguments[2] = NULL;
    if (strcmp(what, BENCH_GLOG) == 0)
        process.arguments[1] = "log", process.arguments[2] = groups, process.arguments[3] = bench.directory;
    if (access(process.arguments[0], X_OK) == 0)
        bench_add(ret_samples, bench_number(&process, 0));
}

/* One measurement of qmon's, beside several others'. */
static void compare(const char *name, const char *what, const char *groups, bool held, unsigned repeats) {
    static const struct {
        const char *what, *name;
        double goal;
    } peers[] = {{"unwind", "unw_backtrace", 1.25},
                 {"backtrace", "glibc backtrace", 0},
                 {BENCH_BOOST, "boost::stacktrace", 0},
                 {BENCH_GLOG, "glog LOG(ERROR)", 0},
                 {"write", "write of 200 B", 0}};
    enum { PEERS = sizeof peers / sizeof *peers };
    static struct bench_row rows[PEERS];

    memset(rows, 0, sizeof rows);
    bench_forget();
    for (unsigned i = 0; i < repeats; i++) {
        for (size_t peer = 0; peer < PEERS; peer++)
            measure(BENCH_NOTHING, peers[peer].what, "100", &rows[peer].baseline);
        measure(BENCH_AGENT, what, groups, &rows[0].measured);
        bench_settle(5000);
    }
    for (size_t peer = 0; peer < PEERS; peer++) {
        rows[peer].name = name;
        rows[peer].baseline_name = peers[peer].name;
        rows[peer].unit = "ns";
        rows[peer].goal_kind = held && peers[peer].goal > 0 ? BENCH_RATIO_AT_MOST : BENCH_NO_GOAL;
        rows[peer].goal = peers[peer].goal;
        rows[peer].measured = rows[0].measured;
        if (rows[peer].baseline.count > 0)
            bench_publish(&rows[peer]);
    }
}

static void storm(void) {
    static struct bench_row row = {.name = "the same past 64 repeats of a call site",
                                   .baseline_name = "unw_backtrace",
                                   .unit = "ns",
                                   .goal_kind = BENCH_VALUE_AT_MOST,
                                   .goal = 10};

    bench_forget();
    for (unsigned i = bench.quick ? 3 : 8; i > 0; i--) {
        measure(BENCH_NOTHING, "unwind", "100", &row.baseline);
        measure(BENCH_AGENT, "storm", "20", &row.measured);
        bench_settle(5000);
    }
    bench_publish(&row);
}

/* The stack alone, and nothing made of it. */
static void capture(void) {
    static struct bench_row row = {.name = "stack capture, warm, depth 32, CPU",
                                   .baseline_name = "unw_backtrace",
                                   .unit = "ns",
                                   .goal_kind = BENCH_RATIO_AT_MOST,
                                   .goal = 1.15};
    static const struct bench_process own = {.preload = BENCH_NOTHING,
                                             .arguments = {BENCH_DIRECTORY "captures", "300"}};

    for (unsigned i = bench.quick ? 5 : 20; i > 0; i--) {
        measure(BENCH_NOTHING, "unwind", "300", &row.baseline);
        bench_add(&row.measured, bench_number(&own, 0));
    }
    bench_publish(&row);
}

static double took(const struct bench_process *process) {
    return bench_number(process, 0);
}

static double left(const struct bench_process *process) {
    return bench_number(process, 1);
}

/* What the first report of each thread costs, and what it leaves behind with the thread. */
static void first_on_threads(void) {
    static const char program[] = BENCH_DIRECTORY "threads";
    static const struct bench_process own = {
        .preload = BENCH_AGENT, .settings = {"QMON_LIFECYCLE=off"}, .arguments = {program, "report", "48"}};
    static const struct bench_process glibc = {.preload = BENCH_NOTHING, .arguments = {program, "backtrace", "48"}};
    static const struct bench_process unwind = {.preload = BENCH_NOTHING, .arguments = {program, "unwind", "48"}};
    static struct bench_row beside_glibc = {.name = "first report of a thread, depth 32, CPU",
                                            .baseline_name = "glibc backtrace",
                                            .unit = "ns",
                                            .goal_kind = BENCH_RATIO_AT_MOST,
                                            .goal = 1.3};
    static struct bench_row beside_unwind = {
        .name = "first report of a thread, depth 32, CPU", .baseline_name = "unw_backtrace", .unit = "ns"};
    static struct bench_row memory = {.name = "memory that it leaves with the thread",
                                      .baseline_name = "unw_backtrace",
                                      .unit = "KiB",
                                      .goal_kind = BENCH_VALUE_AT_MOST,
                                      .goal = 16};

    bench_pair(&beside_glibc, took, &glibc, &own, bench_repeats(12), 20);
    bench_publish(&beside_glibc);
    bench_pair(&beside_unwind, took, &unwind, &own, bench_repeats(12), 20);
    bench_publish(&beside_unwind);
    bench_pair(&memory, left, &unwind, &own, bench_repeats(8), 20);
    bench_publish(&memory);
    bench_settle(5000);
}

void bench_rows_report(void) {
    capture();
    compare("qmon_report, duplicate, depth 32, CPU", "duplicates", "100", true, bench.quick ? 3 : 12);
    storm();
    first_on_threads();
}

/* curve_load.c: what a host keeps up with: errors a second, processes in one state directory, events in the store. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/store.h>

#include "bench.h"
#include "curves.h"

#define REPORTS BENCH_DIRECTORY "reports"
#define SLEEPER BENCH_DIRECTORY "sleeper"
#define PROCESSES 10000

/* Offered for a second, evenly. What finds no room is dropped, and counted. */
void bench_curve_rate(bool full) {
    static const char *const rates[] = {"1", "10", "100", "1000", "10000", "30000", "100000"};
    static struct bench_curve kept = {.name = "rate",
                                      .x = "errors reported a second, each a new problem",
                                      .y = "errors taken a second",
                                      .unit = "/s",
                                      .bound = "a ring of 64; what finds no room is dropped, counted and told"};
    static struct bench_curve cost = {.name = "rate-cost",
                                      .x = "errors reported a second, each a new problem",
                                      .y = "CPU of the reporting thread, per call",
                                      .unit = "ns",
                                      .more_is_worse = true};

    (void) full;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const struct bench_process own = {
            .preload = BENCH_AGENT, .settings = {"QMON_LIFECYCLE=off"}, .arguments = {REPORTS, "rate", rates[i], "4"}};
        static struct bench_samples taken, spent;
        taken.count = spent.count = 0;
        for (unsigned n = 0; n < 3; n++) {
            bench_forget();
            double both[2];
            bench_numbers(&own, both, 2);
            bench_add(&taken, both[0]);
            bench_add(&spent, both[1]);
            bench_settle(20000);
        }
        bench_point(&kept, atof(rates[i]), bench_quantile(&taken, 1));
        bench_point(&cost, atof(rates[i]), bench_quantile(&spent, 0));
    }
    bench_publish_curve(&kept);
    bench_publish_curve(&cost);
}

void bench_curve_processes(bool full) {
    static const unsigned counts[] = {1, 10, 50, 200, 800, 2500, PROCESSES};
    static struct bench_curve curve = {.name = "processes",
                                       .x = "live processes in the state directory",
                                       .y = "a look at all of them (qmon flush)",
                                       .unit = "ns",
                                       .more_is_worse = true};
    const struct bench_process sleeper = {
        .preload = BENCH_AGENT, .settings = {"QMON_LIFECYCLE=off"}, .arguments = {SLEEPER}};
    const struct bench_process flush = {.arguments = {QMON_BUILD_DIR "/qmon", "flush"}};
    static pid_t started[PROCESSES];
    unsigned there = 0;

    bench_forget();
    for (size_t i = 0; i < sizeof counts / sizeof *counts - (full ? 0 : 2); i++) {
        static struct bench_samples samples;
        while (there < counts[i] && (started[there] = bench_start(&sleeper, -1)) > 0)
            there++;
        if (there < counts[i]) {
            printf("(no more than %u processes may be started here)\n", there);
            break;
        }
        bench_rest_ms(300);
        samples.count = 0;
        for (unsigned n = 0; n < 7; n++)
            bench_add(&samples, bench_lifetime(&flush));
        bench_point(&curve, counts[i], bench_quantile(&samples, 0));
    }
    while (there > 0) {
        kill(started[--there], SIGKILL);
        waitpid(started[there], NULL, 0);
    }
    bench_forget();
    bench_publish_curve(&curve);
}

static int save(struct qmon_store *store, unsigned number) {
    struct qmon_event event = {.kind = QMON_KIND_ERROR, .severity = QMON_SEVERITY_ERROR, .origin = SIZE_MAX};

    snprintf(event.id, sizeof event.id, "%08x-0000-7000-8000-%012x", number, number);
    snprintf(event.fingerprint, sizeof event.fingerprint, "%032x", number % 5000);
    event.time_ns = 1800000000000000000ull + number * 1000000ull;
    event.title = event.message = "an error";
    event.code = "404";
    event.service.name = "bench";
    return qmon_store_save(store, &event, "suppressed", NULL, 0);
}

/* Decides and saves one by one, as it is for a crash. */
static double one_by_one(struct qmon_store *store, unsigned *number) {
    static struct bench_samples samples;

    samples.count = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct qmon_decision decision;
        char key[64];
        struct qmon_decision_request request = {
            .key = key, .limit = 1, .window_s = 3600, .now_ms = 1800000000000, .count = 1};
        double start = bench_now_ns();
        snprintf(key, sizeof key, "%032u|bench|test", *number % 5000);
        if (qmon_store_decide(store, &request, &decision) < 0 || save(store, (*number)++) < 0)
            return NAN;
        bench_add(&samples, bench_now_ns() - start);
    }
    return bench_quantile(&samples, 0.5);
}

static bool fill(struct qmon_store *store, unsigned *number, unsigned to) {
    while (*number < to) {
        qmon_store_begin(store);
        for (unsigned i = 0; i < 1000 && *number < to; i++)
            save(store, (*number)++);
        if (qmon_store_commit(store) < 0)
            return false;
    }
    return true;
}

void bench_curve_store(bool full) {
    static const unsigned sizes[] = {0, 100, 1000, 10000, 50000, 200000, 1000000};
    static struct bench_curve curve = {.name = "store",
                                       .x = "events in the local store",
                                       .y = "a decision and a saved event",
                                       .unit = "ns",
                                       .bound = "30 days and 256 MiB are kept, 512 MiB is the most",
                                       .more_is_worse = true};
    char directory[128];
    const char *problem = NULL;
    struct qmon_store *store;
    unsigned number = 0;

    bench_forget();
    snprintf(directory, sizeof directory, "%s/state", bench.directory);
    store = qmon_store_open(directory, &problem);
    for (size_t i = 0; store != NULL && i < sizeof sizes / sizeof *sizes - (full ? 0 : 2); i++) {
        if (!fill(store, &number, sizes[i])) {
            printf("(the store is full at %u events)\n", number);
            break;
        }
        bench_point(&curve, sizes[i], one_by_one(store, &number));
    }
    qmon_store_close(store);
    bench_forget();
    bench_publish_curve(&curve);
}

/*
 * rows_events.c: how many errors a second go through all stages: symbolized, filtered, fingerprinted, deduplicated, stored, routed
 * and appended to a file. And what a storm of one problem asks of Redis.
 */
#include <hiredis/hiredis.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <qmon/store.h>

#include "bench.h"
#include "redis.h"

#define PROGRAM BENCH_DIRECTORY "reports"

/* What is left of a run: events in the store, lines in the file, counters. */
struct outcome {
    unsigned stored, lines;
    uint64_t batches;
};

static bool count_error(void *context, const struct qmon_event_row *row) {
    ((struct outcome *) context)->stored += strcmp(row->kind, "error") == 0;
    return true;
}

static void take_counter(void *context, const struct qmon_counter *counter) {
    if (strcmp(counter->name, "ring.batches") == 0)
        ((struct outcome *) context)->batches += counter->value;
}

static void look(const char *file, struct outcome *ret_outcome) {
    struct qmon_event_query query = {.kind = -1, .limit = 1000000};
    char directory[128];
    const char *problem = NULL;
    FILE *lines = fopen(file, "re");
    struct qmon_store *store;

    *ret_outcome = (struct outcome){0};
    for (int c; lines != NULL && (c = getc_unlocked(lines)) != EOF;)
        ret_outcome->lines += c == '\n';
    if (lines != NULL)
        fclose(lines);
    snprintf(directory, sizeof directory, "%s/state", bench.directory);
    store = qmon_store_open(directory, &problem);
    if (store == NULL)
        return;
    qmon_store_query(store, &query, count_error, ret_outcome);
    qmon_store_counters(store, take_counter, ret_outcome);
    qmon_store_close(store);
}

static double cpu_of_children_ns(void) {
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
           (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

double bench_events_per_s(unsigned wanted, const char *depth, double *ret_cpu_ns) {
    char count[16], file[128], setting[160];
    struct bench_process own = {.preload = BENCH_AGENT,
                                .settings = {"QMON_LIFECYCLE=off", setting},
                                .arguments = {PROGRAM, "events", count, depth}};
    struct outcome outcome;
    double seconds, cpu_ns = cpu_of_children_ns();

    bench_forget();
    snprintf(count, sizeof count, "%u", wanted);
    snprintf(file, sizeof file, "%s/events", bench.directory);
    snprintf(setting, sizeof setting, "QMON_EVENTS_FILE=%s", file);
    remove(file);
    seconds = bench_number(&own, 0);
    bench_settle(20000);
    *ret_cpu_ns = (cpu_of_children_ns() - cpu_ns) / wanted;
    look(file, &outcome);
    remove(file);
    if (outcome.stored == wanted && outcome.lines == wanted)
        return wanted / seconds;
    printf("(of %u events, %u were stored and %u in the file: not counted)\n", wanted, outcome.stored, outcome.lines);
    return NAN;
}

static void through_the_pipeline(const char *name, const char *cpu_name, const char *depth) {
    static struct bench_row row, cpu;

    row = (struct bench_row){.name = name, .unit = "/s", .goal_kind = BENCH_VALUE_AT_LEAST, .goal = 20000};
    cpu = (struct bench_row){.name = cpu_name, .unit = "ns"};
    for (unsigned i = bench.quick ? 3 : 9; i > 0; i--) {
        double cpu_ns;
        bench_add(&row.measured, bench_events_per_s(bench.quick ? 4000 : 10000, depth, &cpu_ns));
        bench_add(&cpu.measured, cpu_ns);
    }
    bench_publish(&row);
    bench_publish(&cpu);
}

static double calls_of(redisContext *redis) {
    redisReply *reply = redisCommand(redis, "INFO commandstats");
    const char *line = reply != NULL && reply->str != NULL ? strstr(reply->str, "cmdstat_evalsha:calls=") : NULL;
    double calls = line != NULL ? strtod(strchr(line, '=') + 1, NULL) : 0;

    freeReplyObject(reply);
    return calls;
}

/* One code, so one problem; words of their own, so that the ring cannot count them as one. */
static void storm(const struct bench_redis *redis) {
    char setting[64], count[16], nowhere[] = "";
    struct bench_process own = {.preload = BENCH_AGENT,
                                .settings = {"QMON_LIFECYCLE=off", setting},
                                .arguments = {PROGRAM, "storm-of-words", count, "4"}};
    static struct bench_row row = {.name = "Redis operations of a storm, per problem and batch",
                                   .unit = "",
                                   .goal_kind = BENCH_VALUE_AT_MOST,
                                   .goal = 1};
    redisContext *client = bench_redis_reach(redis);

    snprintf(setting, sizeof setting, "REDIS_URL=redis://127.0.0.1:%u", redis->port);
    snprintf(count, sizeof count, "%u", bench.quick ? 2000 : 10000);
    for (unsigned i = bench.quick ? 2 : 5; i > 0 && client != NULL; i--) {
        struct outcome outcome;
        double before = calls_of(client);
        bench_forget();
        bench_number(&own, 0);
        bench_settle(20000);
        look(nowhere, &outcome);
        if (outcome.batches > 0)
            bench_add(&row.measured, (calls_of(client) - before) / (double) outcome.batches);
    }
    if (client != NULL)
        redisFree(client);
    bench_publish(&row);
}

void bench_rows_events(void) {
    struct bench_redis redis;

    through_the_pipeline("new problems through all stages, 4 calls deep", "  CPU of program and receivers for each",
                         "4");
    through_the_pipeline("the same, 32 calls deep", "  CPU of program and receivers for each, 32 deep", "32");
    if (bench_redis_start(&redis))
        storm(&redis);
    bench_redis_stop(&redis);
}

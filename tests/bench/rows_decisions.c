/* rows_decisions.c: decisions a second, by the host's own store and by a real Redis, beside the bare script by hiredis. */
#include <hiredis/hiredis.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <qmon/cache.h>
#include <qmon/config.h>
#include <qmon/store.h>

#include "bench.h"
#include "redis.h"
#include "redis_script.h"

#define GROUP 500
#define BATCH 32u

static uint64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/* Decisions a second, over a group of a hundred keys; NaN where one failed. */
static double decide(struct qmon_cache *cache) {
    char key[64];
    struct qmon_decision decision;
    struct qmon_decision_request request = {.key = key, .limit = 1, .window_s = 3600, .count = 1};
    double start = bench_now_ns();

    for (unsigned i = 0; i < GROUP; i++) {
        snprintf(key, sizeof key, "%032u|bench|test", i % 100);
        request.now_ms = now_ms();
        if (cache->class->decide(cache, &request, &decision) < 0)
            return NAN;
    }
    return GROUP / (bench_now_ns() - start) * 1e9;
}

/* The same by hiredis alone, one by one. */
static double bare(redisContext *redis) {
    double start = bench_now_ns();
    bool failed = false;

    for (unsigned i = 0; i < GROUP && !failed; i++) {
        redisReply *reply = redisCommand(redis,
                                         "EVALSHA %s 1 qmon:{bare-%032u|bench|test}:window 3600000 1 1 %u 7200000 "
                                         "-1 0 0 0 0 %s %s",
                                         QMON__SCRIPT_SHA1, i % 100, i + 1, "", "");
        failed = reply == NULL || reply->type != REDIS_REPLY_ARRAY;
        freeReplyObject(reply);
    }
    return failed ? NAN : GROUP / (bench_now_ns() - start) * 1e9;
}

static void by_store(void) {
    static struct bench_row row = {.name = "decisions by the local store, one by one", .unit = "/s"};
    char directory[128];
    const char *problem = NULL;
    struct qmon_store *store;
    struct qmon_cache *cache;

    bench_forget();
    snprintf(directory, sizeof directory, "%s/decisions", bench.directory);
    store = qmon_store_open(directory, &problem);
    cache = store != NULL ? qmon_cache_local(store) : NULL;
    for (unsigned i = bench_repeats(16); cache != NULL && i > 0; i--)
        bench_add(&row.measured, decide(cache));
    if (cache != NULL)
        cache->class->close(cache);
    qmon_store_close(store);
    bench_publish(&row);
}

/* Decisions a second in batches, as a receiver asks for them. */
static double decide_many(struct qmon_cache *cache) {
    static char keys[BATCH][64];
    struct qmon_decision_request requests[BATCH];
    struct qmon_decision decisions[BATCH];
    int results[BATCH];
    double start = bench_now_ns();

    for (unsigned done = 0; done < GROUP; done += BATCH) {
        for (unsigned i = 0; i < BATCH; i++) {
            snprintf(keys[i], sizeof keys[i], "%032u|bench|many", (done + i) % 100);
            requests[i] = (struct qmon_decision_request){
                .key = keys[i], .limit = 1, .window_s = 3600, .count = 1, .now_ms = now_ms()};
        }
        qmon_cache_decide_many(cache, requests, BATCH, decisions, results);
        for (unsigned i = 0; i < BATCH; i++)
            if (results[i] < 0)
                return NAN;
    }
    return (GROUP + BATCH - 1) / BATCH * BATCH / (bench_now_ns() - start) * 1e9;
}

/* The same by hiredis alone, in a pipeline. */
static double bare_many(redisContext *redis) {
    static unsigned nonce;
    double start = bench_now_ns();
    bool failed = false;

    for (unsigned done = 0; done < GROUP && !failed; done += BATCH) {
        for (unsigned i = 0; i < BATCH; i++)
            redisAppendCommand(redis,
                               "EVALSHA %s 1 qmon:{bare-%032u|bench|many}:window 3600000 1 1 %u 7200000 "
                               "-1 0 0 0 0 %s %s",
                               QMON__SCRIPT_SHA1, (done + i) % 100, ++nonce, "", "");
        for (unsigned i = 0; i < BATCH; i++) {
            redisReply *reply = NULL;
            failed |= redisGetReply(redis, (void **) &reply) != REDIS_OK || reply->type != REDIS_REPLY_ARRAY;
            freeReplyObject(reply);
        }
    }
    return failed ? NAN : (GROUP + BATCH - 1) / BATCH * BATCH / (bench_now_ns() - start) * 1e9;
}

static void by_redis(const struct bench_redis *server, redisContext *redis, struct qmon_cache *cache) {
    static struct bench_row singly = {.name = "decisions through Redis, one by one",
                                      .baseline_name = "bare hiredis",
                                      .unit = "/s",
                                      .goal_kind = BENCH_RATIO_AT_LEAST,
                                      .goal = 0.8};
    static struct bench_row together = {.name = "decisions through Redis, batches of 32",
                                        .baseline_name = "bare hiredis, batches of 32",
                                        .unit = "/s",
                                        .goal_kind = BENCH_RATIO_AT_LEAST,
                                        .goal = 0.8};
    static struct bench_row trips = {.name = "round trips of a batch of 32 (reads that Redis saw)",
                                     .unit = "",
                                     .goal_kind = BENCH_VALUE_AT_MOST,
                                     .goal = 1};
    redisContext *observer = bench_redis_reach(server);

    freeReplyObject(redisCommand(redis, "SCRIPT LOAD %s", qmon__script));
    decide(cache); /* connects */
    for (unsigned i = bench_repeats(32); i > 0; i--) {
        double before;
        bench_add(&singly.baseline, bare(redis));
        bench_add(&singly.measured, decide(cache));
        bench_add(&together.baseline, bare_many(redis));
        before = bench_redis_info(observer, "total_reads_processed");
        bench_add(&together.measured, decide_many(cache));
        bench_add(&trips.measured, (bench_redis_info(observer, "total_reads_processed") - before - 1) /
                                       (double) ((GROUP + BATCH - 1) / BATCH)); /* less the question itself */
    }
    bench_publish(&singly);
    bench_publish(&together);
    bench_publish(&trips);
    redisFree(observer);
}

void bench_rows_decisions(void) {
    struct bench_redis server;
    char url[64];
    char *environment[] = {url, NULL};
    struct qmon_config *config;
    struct qmon_cache *cache;
    redisContext *redis;

    by_store();
    if (!bench_redis_start(&server)) {
        bench_redis_stop(&server);
        return;
    }
    snprintf(url, sizeof url, "REDIS_URL=redis://127.0.0.1:%u", server.port);
    config = qmon_config_load(environment);
    cache = config != NULL ? qmon_cache_redis(config) : NULL;
    redis = bench_redis_reach(&server);
    if (redis != NULL && cache != NULL)
        by_redis(&server, redis, cache);
    if (cache != NULL)
        cache->class->close(cache);
    if (redis != NULL)
        redisFree(redis);
    qmon_config_free(config);
    bench_redis_stop(&server);
}

/*
 * rows_fleet.c: a fleet of synthetic hosts that ask a real Redis by the code that decides: for each host the chain of Redis and the
 * host's own store. What it measures goes into the model of a larger fleet, which is printed below it (README, "A fleet").
 *
 * THE MODEL OF A HOST: so many events a second, evenly spread. SHARE of them are of one problem that all hosts have, the others of
 * problems of which there are KINDS in the fleet, the k-th of them 1/k as often as the first. Time is simulated: the clock that
 * a request carries runs as fast as the machine allows, so what is counted is operations, not seconds. Redis' own clock does not
 * take part in that: the window is longer than the run.
 */
#include <hiredis/hiredis.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/cache.h>
#include <qmon/config.h>
#include <qmon/store.h>

#include "bench.h"
#include "redis.h"
#include "redis_script.h"

#define RATE 10 /* events a second and host */
#define SHARE 0.9
#define KINDS 200
#define SECONDS 120
#define START_MS 1800000000000ull

#define FLEET 100000.0 /* what it is to be known of */
#define HOUR 3600.0

struct host {
    struct qmon_store *store;
    struct qmon_cache *cache;
    unsigned random;
};

static double uniform(struct host *host) {
    return rand_r(&host->random) / (RAND_MAX + 1.0);
}

/* 0 is what all hosts have; the others as 1/k. */
static unsigned kind_of_event(struct host *host) {
    double sum = 0, at;

    if (uniform(host) < SHARE)
        return 0;
    for (unsigned k = 1; k <= KINDS; k++)
        sum += 1.0 / k;
    at = uniform(host) * sum;
    for (unsigned k = 1; k < KINDS; k++) {
        at -= 1.0 / k;
        if (at < 0)
            return k;
    }
    return KINDS;
}

struct tally {
    double events, alerts;
};

static bool open_host(struct host *host, const struct qmon_config *config, unsigned number) {
    const char *problem = NULL;

    host->store = qmon_store_open(NULL, &problem);
    host->cache =
        host->store != NULL ? qmon_cache_chain(qmon_cache_redis(config), qmon_cache_local(host->store), NULL) : NULL;
    host->random = number + 1;
    return host->cache != NULL;
}

static bool one_event(struct host *host, unsigned number, uint64_t now_ms, struct tally *tally) {
    char key[64], name[16];
    struct qmon_decision decision;
    struct qmon_decision_request request = {
        .key = key, .limit = 1, .window_s = 3600, .now_ms = now_ms, .host = name, .version = "1.4.2", .count = 1};

    snprintf(key, sizeof key, "%032u|shop|production", kind_of_event(host));
    snprintf(name, sizeof name, "host-%05u", number);
    if (host->cache->class->decide(host->cache, &request, &decision) < 0)
        return false;
    tally->events++;
    tally->alerts += decision.alert;
    return true;
}

/* The hosts of one process, second by second. Returns false where a decision failed. */
static bool run_hosts(const struct qmon_config *config, unsigned first, unsigned count, struct tally *tally) {
    struct host *hosts = calloc(count, sizeof *hosts);
    bool fine = hosts != NULL;

    for (unsigned i = 0; fine && i < count; i++)
        fine = open_host(&hosts[i], config, first + i);
    for (unsigned tick = 0; fine && tick < SECONDS * RATE; tick++)
        for (unsigned i = 0; fine && i < count; i++)
            fine = one_event(&hosts[i], first + i, START_MS + tick * (1000 / RATE), tally);
    for (unsigned i = 0; hosts != NULL && i < count; i++) {
        if (hosts[i].cache != NULL)
            hosts[i].cache->class->close(hosts[i].cache);
        qmon_store_close(hosts[i].store);
    }
    free(hosts);
    return fine;
}

static double calls_of(redisContext *client) {
    redisReply *reply = redisCommand(client, "INFO commandstats");
    const char *line = reply != NULL && reply->str != NULL ? strstr(reply->str, "cmdstat_evalsha:calls=") : NULL;
    double calls = line != NULL ? strtod(strchr(line, '=') + 1, NULL) : 0;

    freeReplyObject(reply);
    return calls;
}

/* Of the problem that all hosts have. */
static double memory_of_hot(redisContext *client) {
    redisReply *reply = redisCommand(client, "MEMORY USAGE qmon:{%032u|shop|production}:window SAMPLES 0", 0u);
    double bytes = reply != NULL ? (double) reply->integer : NAN;

    freeReplyObject(reply);
    return bytes;
}

static double total_of(redisContext *client) {
    redisReply *reply = redisCommand(client, "HGET qmon:{%032u|shop|production}:window c", 0u);
    double total = reply != NULL && reply->str != NULL ? strtod(reply->str, NULL) : 0;

    freeReplyObject(reply);
    return total;
}

/* All the hosts that are noted with a problem at most. */
static void fill_up(const struct qmon_config *config) {
    struct qmon_cache *cache = qmon_cache_redis(config);
    char key[64], name[16];
    struct qmon_decision decision;
    struct qmon_decision_request request = {.key = key, .limit = 1, .window_s = 3600, .host = name, .version = "1.4.2"};

    snprintf(key, sizeof key, "%032u|shop|production", 0u);
    for (unsigned i = 0; cache != NULL && i < 1030; i++) {
        snprintf(name, sizeof name, "host-%05u", i);
        cache->class->decide(cache, &request, &decision);
    }
    if (cache != NULL)
        cache->class->close(cache);
}

struct fleet {
    unsigned hosts;
    double events, alerts, operations, hot_counted, hot_bytes, keys, bytes_a_key, bytes_in, bytes_out, us_an_operation;
};

static bool measure(const struct bench_redis *redis, redisContext *client, unsigned hosts, struct fleet *ret_fleet) {
    char url[64];
    char *environment[] = {url, NULL};
    struct qmon_config *config;
    struct tally tally = {0};
    double before, memory, in, out, cpu;
    bool fine;

    snprintf(url, sizeof url, "REDIS_URL=redis://127.0.0.1:%u", redis->port);
    config = qmon_config_load(environment);
    freeReplyObject(redisCommand(client, "FLUSHALL"));
    freeReplyObject(redisCommand(client, "SCRIPT LOAD %s", qmon__script));
    before = calls_of(client), memory = bench_redis_info(client, "used_memory_dataset");
    in = bench_redis_info(client, "total_net_input_bytes"), out = bench_redis_info(client, "total_net_output_bytes");
    cpu = bench_redis_info(client, "used_cpu_user") + bench_redis_info(client, "used_cpu_sys");
    fine = config != NULL && run_hosts(config, 0, hosts, &tally);
    *ret_fleet = (struct fleet){.hosts = hosts, .events = tally.events, .alerts = tally.alerts};
    ret_fleet->operations = calls_of(client) - before;
    ret_fleet->us_an_operation =
        (bench_redis_info(client, "used_cpu_user") + bench_redis_info(client, "used_cpu_sys") - cpu) * 1e6 /
        ret_fleet->operations;
    ret_fleet->bytes_in = (bench_redis_info(client, "total_net_input_bytes") - in) / ret_fleet->operations;
    ret_fleet->bytes_out = (bench_redis_info(client, "total_net_output_bytes") - out) / ret_fleet->operations;
    ret_fleet->hot_counted = total_of(client);
    ret_fleet->keys = KINDS + 1;
    ret_fleet->bytes_a_key = (bench_redis_info(client, "used_memory_dataset") - memory) / ret_fleet->keys;
    if (fine)
        fill_up(config);
    ret_fleet->hot_bytes = memory_of_hot(client);
    qmon_config_free(config);
    return fine;
}

static void publish(const char *name, const char *unit, enum bench_goal kind, double goal, double value) {
    static struct bench_row row;

    row = (struct bench_row){.name = name, .unit = unit, .goal_kind = kind, .goal = goal};
    bench_add(&row.measured, value);
    bench_publish(&row);
}

/* What the measured costs make of a fleet of FLEET hosts. The hot problem: a question an host and minute once it is hot; before,
 * one for each occurrence up to 100 in the fleet. Others: the k-th of KINDS comes RATE * (1 - SHARE) / (k * H) times a second on a
 * host, H = sum of 1/k, and is asked for as often as it comes until it is hot, then once a minute, or as often as it comes. */
static void print_model(const struct fleet *measured) {
    double harmonic = 0, questions = FLEET / 60, hottest = questions;

    for (unsigned k = 1; k <= KINDS; k++)
        harmonic += 1.0 / k;
    for (unsigned k = 1; k <= KINDS; k++) {
        double each = RATE * (1 - SHARE) / (k * harmonic); /* a second, on one host */
        questions += FLEET * fmin(each, 1.0 / 60);
    }
    printf("\nA fleet of %.0f hosts, %d events a second each, for an hour, by these figures:\n", FLEET, RATE);
    printf("  events %.0f/s; questions to Redis %.0f/s, 1 in %.0f events\n", FLEET * RATE, questions,
           FLEET * RATE / questions);
    printf("  Redis: %.0f us of its processor each, so %.1f processors in all; 3 shards see %.0f/s each\n",
           measured->us_an_operation, questions * measured->us_an_operation / 1e6, questions / 3);
    printf("  the hottest key: %.0f/s on one shard, of %.0f events a second\n", hottest, FLEET * RATE * SHARE);
    printf(
        "  memory: %.1f KB a problem with what %u hosts have of it, %.0f KB with the 1,024 hosts that are noted at most: less\n"
        "  than %.0f MB for %d problems\n",
        measured->bytes_a_key / 1e3, measured->hosts, measured->hot_bytes / 1e3,
        measured->hot_bytes * (KINDS + 1) / 1e6, KINDS + 1);
    printf("  the first question of each host, should a problem begin on all at once: %.1f s of one shard\n",
           FLEET * measured->us_an_operation / 1e6);
    printf("  network at Redis: %.0f bytes in, %.0f out for each question: %.0f Mbit/s in, %.0f out\n",
           measured->bytes_in, measured->bytes_out, questions * measured->bytes_in * 8 / 1e6,
           questions * measured->bytes_out * 8 / 1e6);
    printf("  alerts: %d in the hour (one a problem), %.2f a minute\n", KINDS + 1, (KINDS + 1) / 60.0);
}

void bench_rows_fleet(void) {
    struct bench_redis redis;
    struct fleet fleet = {0};
    redisContext *client;
    const unsigned hosts = bench.quick ? 30 : 200;

    if (!bench_redis_start(&redis)) {
        bench_redis_stop(&redis);
        return;
    }
    client = bench_redis_reach(&redis);
    if (client != NULL && measure(&redis, client, hosts, &fleet)) {
        publish("fleet: alerts of a problem that all hosts have, and of each other", "", BENCH_VALUE_AT_MOST, KINDS + 1,
                fleet.alerts);
        publish("fleet: events for each question to Redis", "", BENCH_NO_GOAL, 0, fleet.events / fleet.operations);
        publish("fleet: share of the hot problem's events that Redis knows of", "", BENCH_VALUE_AT_MOST, 1,
                fleet.hot_counted / (fleet.events * SHARE));
        publish("fleet: Redis' processor time for a question", "ns", BENCH_NO_GOAL, 0, fleet.us_an_operation * 1e3);
        publish("fleet: memory of Redis for a problem", "bytes", BENCH_NO_GOAL, 0, fleet.bytes_a_key);
        print_model(&fleet);
    } else {
        printf("(the fleet is left out: a decision failed)\n");
    }
    if (client != NULL)
        redisFree(client);
    bench_redis_stop(&redis);
}

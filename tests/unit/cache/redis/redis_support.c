#include "redis_support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config_with.h"

struct qmon_cache *redis_at(const char *url, const char *variable) {
    struct qmon_config *config;
    struct qmon_cache *cache;
    char text[256];

    snprintf(text, sizeof text, "REDIS_URL=%s", url);
    config = config_with(text, variable);
    cache = qmon_cache_redis(config);
    qmon_config_free(config);
    cr_assert_not_null(cache);
    return cache;
}

uint64_t real_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

double monotonic_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

int try_to_decide(struct qmon_cache *cache, const char *key, struct qmon_decision *ret_decision) {
    struct qmon_decision_request request = {.key = key, .limit = 1, .window_s = 60, .now_ms = real_ms(), .count = 1};

    return cache->class->decide(cache, &request, ret_decision);
}

struct qmon_decision decide_now(struct qmon_cache *cache, const char *key, uint64_t limit) {
    struct qmon_decision_request request = {
        .key = key, .limit = limit, .window_s = 60, .now_ms = real_ms(), .count = 1};
    struct qmon_decision decision;
    int r = cache->class->decide(cache, &request, &decision);

    cr_assert_eq(r, 0, "%d: %s", r, cache->class->problem(cache));
    return decision;
}

struct qmon_decision decide_in_time(struct qmon_cache *cache, const char *key) {
    double before = monotonic_ms(), load, took;
    struct qmon_decision decision = decide_now(cache, key, 1);

    took = monotonic_ms() - before;
    cr_expect_lt(took, getloadavg(&load, 1) == 1 && load > 2 ? 1500 : 250, "%.0f ms", took);
    return decision;
}

unsigned storm_until_redis(struct qmon_cache *cache, const char *key) {
    double until = monotonic_ms() + 30000;
    struct qmon_decision decision;
    unsigned alerts = 0;

    do {
        cr_assert_lt(monotonic_ms(), until, "Redis never decided again: %s", cache->class->problem(cache));
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        decision = decide_in_time(cache, key);
        alerts += decision.alert;
    } while (strcmp(decision.source, "redis") != 0);
    return alerts;
}

void make_older(const struct redis_server *server, const char *key, unsigned ms) {
    free(redis_server_ask(server, "HINCRBY qmon:{%s}:window s -%u", key, ms));
    free(redis_server_ask(server, "HINCRBY qmon:{%s}:window f -%u", key, ms));
}

uint64_t field_of(const struct redis_server *server, const char *key, const char *field) {
    char *text = redis_server_ask(server, "HGET qmon:{%s}:window %s", key, field);
    uint64_t value = strtoull(text, NULL, 10);

    free(text);
    return value;
}

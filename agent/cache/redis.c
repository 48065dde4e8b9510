/*
 * redis.c: what the fleet remembers.
 *
 * TIME. A decision takes at most BUDGET_MS, whatever the other side does; the rest of the 250 ms that cache.h allows is for
 * who takes over. A failure that cost time is not repeated with each decision: Redis is then left alone for PAUSE_MS, twice
 * as long after each further one up to PAUSE_MAX_MS.
 *
 * Whom to ask is found by redis_route.c. Where a question is asked again, of the same server or another one, it has the same
 * nonce, so that an answer that was lost is given again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/cache.h>

#include "redis_problem.h"
#include "redis_question.h"

#define BUDGET_MS 200u
#define SLOW_MS 50u
#define PAUSE_MS 1000u
#define PAUSE_MAX_MS 30000u

struct redis {
    struct qmon_cache cache;
    struct qmon__redis_address address;
    int address_error; /* not 0: the address is of no use, and `problem` says why */
    struct qmon__redis_route *route;
    uint64_t paused_until_ms, pause_ms;
    char problem[512]; /* "" none */
};

/* What cost time is not tried again at once. */
static void pause_if_slow(struct redis *redis, uint64_t began_ms) {
    uint64_t now_ms = qmon__redis_now_ms();

    if (now_ms - began_ms < SLOW_MS)
        return;
    redis->pause_ms = redis->pause_ms == 0 ? PAUSE_MS : redis->pause_ms * 2;
    if (redis->pause_ms > PAUSE_MAX_MS)
        redis->pause_ms = PAUSE_MAX_MS;
    redis->paused_until_ms = now_ms + redis->pause_ms;
}

static int understand(struct redis *redis, const struct qmon__reply *reply, const struct qmon_decision_request *request,
                      struct qmon_decision *ret_decision) {
    int r = qmon__reply_decision(reply, request, ret_decision);

    if (r < 0) { /* whoever it is, it is no Redis */
        qmon__redis_problem(redis->problem, sizeof redis->problem, &redis->address,
                            qmon__redis_route_where(redis->route), r, NULL);
        qmon__redis_route_distrust(redis->route);
    }
    return r;
}

static int decide(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_decision *ret_decision) {
    struct redis *redis = (struct redis *) cache;
    uint64_t began_ms = qmon__redis_now_ms();
    struct qmon__redis_question question;
    struct qmon__reply *reply;
    int r;

    if (redis->address_error != 0)
        return redis->address_error;
    if (began_ms < redis->paused_until_ms)
        return -EAGAIN; /* for the reason that `problem` still tells */
    qmon__redis_compose(&question, request);
    r = qmon__redis_route_ask(redis->route, &question.command, began_ms + BUDGET_MS, &reply, redis->problem,
                              sizeof redis->problem);
    if (r == 0) {
        r = understand(redis, reply, request, ret_decision);
        qmon__reply_free(reply);
    }
    if (r < 0) {
        pause_if_slow(redis, began_ms);
        return r;
    }
    redis->problem[0] = '\0';
    redis->pause_ms = 0;
    return 0;
}

static const char *problem(struct qmon_cache *cache) {
    struct redis *redis = (struct redis *) cache;

    return redis->problem[0] != '\0' ? redis->problem : NULL;
}

static void close_redis(struct qmon_cache *cache) {
    struct redis *redis = (struct redis *) cache;

    qmon__redis_route_free(redis->route);
    qmon__redis_address_clear(&redis->address);
    free(redis);
}

struct qmon_cache *qmon_cache_redis(const struct qmon_config *config) {
    static const struct qmon_cache_class class = {
        .name = "redis", .decide = decide, .problem = problem, .close = close_redis};
    struct redis *redis = calloc(1, sizeof *redis);
    char why[QMON__REDIS_WHY_BYTES];
    int r;

    if (redis == NULL)
        return NULL;
    redis->cache.class = &class;
    r = qmon__redis_address_of(config, &redis->address, why);
    if (r == -ENOMEM || r == 1) {
        free(redis);
        return NULL;
    }
    if (r < 0) {
        redis->address_error = r;
        snprintf(redis->problem, sizeof redis->problem, "REDIS_URL %s", why);
        return &redis->cache;
    }
    redis->route = qmon__redis_route_new(&redis->address);
    if (redis->route == NULL) {
        close_redis(&redis->cache);
        return NULL;
    }
    return &redis->cache;
}

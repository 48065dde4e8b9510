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
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/cache.h>
#include <qmon/clock.h>

#include "discovery.h"
#include "expiry.h"
#include "redis_problem.h"
#include "redis_question.h"
#include "redis_script.h"

#define BUDGET_MS 200u
#define PLACE_MS 130u /* of them, to wait for the place: the rest is for going there */
#define SLOW_MS 50u
#define PAUSE_MS 1000u
#define PAUSE_MAX_MS 30000u
#define VALUE_KEY_BYTES 1536

struct redis {
    struct qmon_cache cache;
    struct qmon__redis_address address;
    struct qmon__discovery *discovery; /* NULL: the address was given */
    int address_error;                 /* not 0: the address is of no use, and `problem` says why */
    struct qmon__redis_route *route;   /* NULL: it is not known yet where Redis is */
    uint64_t paused_until_ms, pause_ms;
    char problem[512]; /* "" none */
};

/* What cost time is not tried again at once. */
static void pause_if_slow(struct redis *redis, uint64_t began_ms) {
    uint64_t now_ms = qmon_monotonic_ms();

    if (now_ms - began_ms < SLOW_MS)
        return;
    redis->pause_ms = redis->pause_ms == 0 ? PAUSE_MS : redis->pause_ms * 2;
    if (redis->pause_ms > PAUSE_MAX_MS)
        redis->pause_ms = PAUSE_MAX_MS;
    redis->paused_until_ms = now_ms + redis->pause_ms;
}

/* Where nobody has said where Redis is, and AWS does not either, that is no trouble, and no problem to tell of. */
static int find_place(struct redis *redis, uint64_t deadline_ms) {
    char why[QMON__REDIS_WHY_BYTES];
    struct qmon__place place;
    int r;

    if (redis->route != NULL)
        return 0;
    r = qmon__discover(redis->discovery, deadline_ms, &place);
    if (r < 0)
        return r;
    r = qmon__redis_address_point(&redis->address, place.where, place.port, why);
    if (r < 0) {
        snprintf(redis->problem, sizeof redis->problem, "the parameter %s/endpoint %s", redis->discovery->prefix, why);
        return r;
    }
    redis->route = qmon__redis_route_new(&redis->address);
    return redis->route != NULL ? 0 : -ENOMEM;
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

/* May it be asked at all? */
static int be_ready(struct redis *redis, uint64_t now_ms) {
    if (redis->address_error != 0)
        return redis->address_error;
    if (now_ms < redis->paused_until_ms)
        return -EAGAIN; /* for the reason that `problem` still tells */
    return find_place(redis, now_ms + PLACE_MS);
}

static int ask(struct redis *redis, const struct qmon__redis_question *question,
               const struct qmon_decision_request *request, uint64_t began_ms, struct qmon_decision *ret_decision) {
    struct qmon__reply *reply;
    int r = qmon__redis_route_ask(redis->route, &question->command, began_ms + BUDGET_MS, &reply, redis->problem,
                                  sizeof redis->problem);

    if (r == 0) {
        r = understand(redis, reply, request, ret_decision);
        qmon__reply_free(reply);
    }
    if (r < 0) {
        pause_if_slow(redis, began_ms);
        if (redis->discovery != NULL)
            qmon__discovery_doubt(redis->discovery);
        return r;
    }
    redis->problem[0] = '\0';
    redis->pause_ms = 0;
    return 0;
}

static int decide(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_decision *ret_decision) {
    struct redis *redis = (struct redis *) cache;
    uint64_t began_ms = qmon_monotonic_ms();
    struct qmon__redis_question question;
    int r = be_ready(redis, began_ms);

    if (r < 0)
        return r;
    qmon__redis_compose(&question, request);
    return ask(redis, &question, request, began_ms, ret_decision);
}

/* What they are asked: one by one, or where `ret_replies` has an answer already, that one. */
static void ask_each(struct redis *redis, struct qmon__redis_question *questions,
                     const struct qmon_decision_request *requests, size_t count, uint64_t began_ms,
                     struct qmon__reply **replies, struct qmon_decision *ret_decisions, int *ret_results) {
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        if (replies[i] != NULL)
            ret_results[i] = understand(redis, replies[i], &requests[i], &ret_decisions[i]);
        else if (r == 0)
            ret_results[i] = r = ask(redis, &questions[i], &requests[i], began_ms, &ret_decisions[i]);
        else
            ret_results[i] = r;
        qmon__reply_free(replies[i]);
    }
}

/* Where there is no connection yet, the first is asked by itself: that opens the way for the others. What the round trip for
 * all of them leaves open is asked one by one, as the same question: an answer that was lost is given again. */
static void decide_many(struct qmon_cache *cache, const struct qmon_decision_request *requests, size_t count,
                        struct qmon_decision *ret_decisions, int *ret_results) {
    struct redis *redis = (struct redis *) cache;
    uint64_t began_ms = qmon_monotonic_ms();
    struct qmon__redis_question *questions = calloc(count + 1, sizeof *questions);
    const struct qmon__redis_command *commands[QMON_DECISIONS_MAX];
    struct qmon__reply *replies[QMON_DECISIONS_MAX] = {NULL};
    int r = questions == NULL ? -ENOMEM : be_ready(redis, began_ms);
    size_t first = r == 0 && count > 1 && qmon__redis_route_connection(redis->route) == NULL;

    for (size_t i = 0; i < count; i++) {
        ret_results[i] = r;
        if (r < 0)
            continue;
        qmon__redis_compose(&questions[i], &requests[i]);
        commands[i] = &questions[i].command;
    }
    if (r == 0) {
        ask_each(redis, questions, requests, first, began_ms, replies, ret_decisions, ret_results);
        if (count > 1 && (first == 0 || ret_results[0] == 0))
            qmon__redis_route_ask_many(redis->route, commands + first, count - first, began_ms + BUDGET_MS,
                                       replies + first);
        if (first == 0 || ret_results[0] == 0)
            ask_each(redis, questions + first, requests + first, count - first, began_ms, replies + first,
                     ret_decisions + first, ret_results + first);
        else
            for (size_t i = 1; i < count; i++)
                ret_results[i] = ret_results[0];
    }
    free(questions);
}

/* A command about one value. */
static int ask_value(struct redis *redis, const char *key, int count, const char *const *arguments,
                     struct qmon__reply **ret_reply) {
    const struct qmon__redis_command command = {.key = key, .count = count, .arguments = arguments};
    uint64_t began_ms = qmon_monotonic_ms();
    int r;

    if (redis->address_error != 0)
        return redis->address_error;
    if (began_ms < redis->paused_until_ms)
        return -EAGAIN;
    r = find_place(redis, began_ms + PLACE_MS);
    if (r < 0)
        return r;
    r = qmon__redis_route_ask(redis->route, &command, began_ms + BUDGET_MS, ret_reply, redis->problem,
                              sizeof redis->problem);
    if (r < 0)
        pause_if_slow(redis, began_ms);
    return r;
}

static int get(struct qmon_cache *cache, const char *key, uint64_t now_ms, char **ret_value) {
    char whole[VALUE_KEY_BYTES];
    struct qmon__reply *reply;
    int r;

    (void) now_ms; /* it has a clock of its own */
    snprintf(whole, sizeof whole, "qmon:value:%s", key);
    r = ask_value((struct redis *) cache, whole, 2, (const char *const[]){"GET", whole}, &reply);
    if (r < 0)
        return r;
    if (reply->type == QMON__REPLY_TEXT) {
        *ret_value = strdup(reply->whole != NULL ? reply->whole : reply->text);
        r = *ret_value != NULL ? 0 : -ENOMEM;
    } else {
        r = reply->type == QMON__REPLY_NIL ? 1 : -EBADMSG;
    }
    qmon__reply_free(reply);
    return r;
}

static int set(struct qmon_cache *cache, const char *key, const char *value, uint64_t ttl_s, uint64_t now_ms) {
    char whole[VALUE_KEY_BYTES], seconds[24];
    struct qmon__reply *reply;
    int r;

    (void) now_ms;
    snprintf(whole, sizeof whole, "qmon:value:%s", key);
    snprintf(seconds, sizeof seconds, "%" PRIu64, ttl_s < QMON__TTL_S_MAX ? ttl_s : QMON__TTL_S_MAX);
    r = ask_value((struct redis *) cache, whole, ttl_s > 0 ? 5 : 3,
                  (const char *const[]){"SET", whole, value, "EX", seconds}, &reply);
    if (r == 0)
        qmon__reply_free(reply);
    return r;
}

static int quiet(struct qmon_cache *cache, const char *key, uint64_t quiet_ms, const char *teller) {
    char name[QMON__REDIS_KEY_BYTES], patience[24];
    struct qmon__reply *reply;
    int r;

    qmon__redis_problem_key(key, name);
    snprintf(patience, sizeof patience, "%" PRIu64, quiet_ms);
    r = ask_value((struct redis *) cache, name, 6,
                  (const char *const[]){"EVAL", qmon__script_quiet, "1", name, patience, teller}, &reply);
    if (r < 0)
        return r;
    r = reply->type == QMON__REPLY_INTEGER && reply->integer >= QMON_QUIET_NOT_YET && reply->integer <= QMON_QUIET_TOLD
            ? (int) reply->integer
            : -EBADMSG;
    qmon__reply_free(reply);
    return r;
}

static const char *problem(struct qmon_cache *cache) {
    struct redis *redis = (struct redis *) cache;

    return redis->problem[0] != '\0' ? redis->problem : NULL;
}

static void close_redis(struct qmon_cache *cache) {
    struct redis *redis = (struct redis *) cache;

    qmon__redis_route_free(redis->route);
    free(redis->discovery);
    qmon__redis_address_clear(&redis->address);
    free(redis);
}

/* 1: there is nothing to be found. */
static int open_discovery(struct redis *redis, const struct qmon_config *config) {
    struct qmon__discovery *discovery = malloc(sizeof *discovery);

    if (discovery == NULL)
        return -ENOMEM;
    if (!qmon__discovery_of(config, discovery)) {
        free(discovery);
        return 1;
    }
    redis->discovery = discovery;
    return qmon__redis_address_without_place(config, &redis->address);
}

static int open_address(struct redis *redis, const struct qmon_config *config) {
    char why[QMON__REDIS_WHY_BYTES];
    int r = qmon__redis_address_of(config, &redis->address, why);

    if (r == 1)
        return open_discovery(redis, config);
    if (r == -ENOMEM)
        return r;
    if (r < 0) {
        redis->address_error = r;
        snprintf(redis->problem, sizeof redis->problem, "REDIS_URL %s", why);
        return 0;
    }
    redis->route = qmon__redis_route_new(&redis->address);
    return redis->route != NULL ? 0 : -ENOMEM;
}

struct qmon_cache *qmon_cache_redis(const struct qmon_config *config) {
    static const struct qmon_cache_class class = {.name = "redis",
                                                  .decide = decide,
                                                  .decide_many = decide_many,
                                                  .problem = problem,
                                                  .close = close_redis,
                                                  .quiet = quiet,
                                                  .get = get,
                                                  .set = set};
    struct redis *redis = calloc(1, sizeof *redis);

    if (redis == NULL)
        return NULL;
    redis->cache.class = &class;
    if (open_address(redis, config) != 0) {
        close_redis(&redis->cache);
        return NULL;
    }
    return &redis->cache;
}

/* cache.c: qmon's own caches, for programs. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/cache.h>
#include <qmon/clock.h>

#include "parts.h"

#define SCOPED_BYTES (QMON_KIT_KEY_BYTES + 512)

struct qmon_kit_cache {
    pthread_mutex_t mutex;
    struct qmon_cache *cache; /* NULL: Redis is wanted, and there is none */
    struct qmon_store *store; /* NULL: none is needed */
    char scope[256];          /* "SERVICE:STAGE:" */
    char problem[512];
};

static struct qmon_cache *make(enum qmon_kit_cache_kind kind, const struct qmon_config *config,
                               struct qmon_store *store) {
    switch (kind) {
    case QMON_KIT_CACHE_REDIS:
        return qmon_cache_redis(config);
    case QMON_KIT_CACHE_LOCAL:
        return qmon_cache_local(store);
    case QMON_KIT_CACHE_MEMORY:
        return qmon_cache_memory();
    default:
        return qmon_cache_chain(qmon_cache_redis(config), qmon_cache_local(store), qmon_cache_memory());
    }
}

static int open_parts(struct qmon_kit_cache *cache, enum qmon_kit_cache_kind kind, const struct qmon_config *config) {
    if (kind != QMON_KIT_CACHE_REDIS && kind != QMON_KIT_CACHE_MEMORY) {
        cache->store = qmon__kit_store(config);
        if (cache->store == NULL)
            return -ENOMEM;
    }
    snprintf(cache->scope, sizeof cache->scope, "%.120s:%.120s:", config->service, config->stage);
    cache->cache = make(kind, config, cache->store);
    return cache->cache != NULL || kind == QMON_KIT_CACHE_REDIS ? 0 : -ENOMEM;
}

struct qmon_kit_cache *qmon_kit_cache_open(enum qmon_kit_cache_kind kind, const char *const *settings) {
    struct qmon_config *config = qmon__kit_config(settings);
    struct qmon_kit_cache *cache = config != NULL ? calloc(1, sizeof *cache) : NULL;

    if (cache != NULL) {
        pthread_mutex_init(&cache->mutex, NULL);
        if (open_parts(cache, kind, config) < 0) {
            qmon_kit_cache_close(cache);
            cache = NULL;
        }
    }
    qmon_config_free(config);
    return cache;
}

void qmon_kit_cache_close(struct qmon_kit_cache *cache) {
    if (cache == NULL)
        return;
    if (cache->cache != NULL)
        cache->cache->class->close(cache->cache);
    if (cache->store != NULL)
        qmon_store_close(cache->store);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

/* Takes the turn of this thread; a negative errno where there is nothing to take it with. */
static int begin(struct qmon_kit_cache *cache) {
    pthread_mutex_lock(&cache->mutex);
    cache->problem[0] = '\0';
    if (cache->cache != NULL)
        return 0;
    snprintf(cache->problem, sizeof cache->problem, "no Redis is configured, and none could be discovered");
    return -ENOTCONN;
}

static int end(struct qmon_kit_cache *cache, int r) {
    const char *problem = r < 0 && cache->cache != NULL ? cache->cache->class->problem(cache->cache) : NULL;

    if (r < 0 && cache->problem[0] == '\0')
        snprintf(cache->problem, sizeof cache->problem, "%s", problem != NULL ? problem : strerror(-r));
    pthread_mutex_unlock(&cache->mutex);
    return r;
}

static int scoped(const struct qmon_kit_cache *cache, const char *key, char *ret_key) {
    if (strlen(key) > QMON_KIT_KEY_BYTES)
        return -EMSGSIZE;
    snprintf(ret_key, SCOPED_BYTES, "%s%s", cache->scope, key);
    return 0;
}

int qmon_kit_cache_set(struct qmon_kit_cache *cache, const char *key, const char *value, uint64_t ttl_s) {
    char whole[SCOPED_BYTES];
    int r = begin(cache);

    if (r == 0)
        r = strlen(value) > QMON_KIT_VALUE_BYTES ? -EMSGSIZE : scoped(cache, key, whole);
    if (r == 0)
        r = cache->cache->class->set(cache->cache, whole, value, ttl_s, qmon_real_ms());
    return end(cache, r);
}

int qmon_kit_cache_get(struct qmon_kit_cache *cache, const char *key, char **ret_value) {
    char whole[SCOPED_BYTES];
    int r = begin(cache);

    if (r == 0)
        r = scoped(cache, key, whole);
    if (r == 0)
        r = cache->cache->class->get(cache->cache, whole, qmon_real_ms(), ret_value);
    return end(cache, r);
}

int qmon_kit_cache_exists(struct qmon_kit_cache *cache, const char *key) {
    char *value;
    int r = qmon_kit_cache_get(cache, key, &value);

    if (r == 0)
        free(value);
    return r < 0 ? r : r == 0;
}

int qmon__kit_decide(struct qmon_kit_cache *cache, const struct qmon_decision_request *request,
                     struct qmon_decision *ret_decision) {
    int r = begin(cache);

    if (r == 0)
        r = cache->cache->class->decide(cache->cache, request, ret_decision);
    return end(cache, r);
}

int qmon_kit_cache_rate_limit(struct qmon_kit_cache *cache, const char *key, uint64_t limit, uint64_t window_s) {
    char whole[SCOPED_BYTES + sizeof "limit:"] = "limit:";
    struct qmon_decision_request request = {
        .key = whole, .limit = limit, .window_s = window_s, .now_ms = qmon_real_ms(), .count = 1};
    struct qmon_decision decision;
    int r;

    if (scoped(cache, key, whole + strlen(whole)) < 0)
        return -EMSGSIZE;
    r = qmon__kit_decide(cache, &request, &decision);
    return r < 0 ? r : decision.alert;
}

const char *qmon_kit_cache_problem(struct qmon_kit_cache *cache) {
    return cache->problem[0] != '\0' ? cache->problem : NULL;
}

/*
 * local.c: what this host remembers, in its store.
 */
#include <stdlib.h>

#include <qmon/cache.h>
#include <qmon/store.h>

#include "expiry.h"

struct local {
    struct qmon_cache cache;
    struct qmon_store *store; /* borrowed */
    bool failed;              /* the last call */
};

static int note(struct local *local, int r) {
    local->failed = r < 0;
    return r;
}

static int decide(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_decision *ret_decision) {
    struct local *local = (struct local *) cache;

    return note(local, qmon_store_decide(local->store, request, ret_decision));
}

static int recall(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_window *ret_window) {
    struct local *local = (struct local *) cache;

    return note(local, qmon_store_recall(local->store, request, ret_window));
}

static void learn(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  const struct qmon_window *recalled, const struct qmon_window *decided) {
    struct local *local = (struct local *) cache;

    note(local, qmon_store_learn(local->store, request, recalled, decided));
}

static void count(struct qmon_cache *cache, const char *name, const char *reason) {
    struct local *local = (struct local *) cache;

    note(local, qmon_store_count(local->store, name, reason, 1));
}

static int get(struct qmon_cache *cache, const char *key, uint64_t now_ms, char **ret_value) {
    struct local *local = (struct local *) cache;

    return note(local, qmon_store_value_get(local->store, key, now_ms, ret_value));
}

static int set(struct qmon_cache *cache, const char *key, const char *value, uint64_t ttl_s, uint64_t now_ms) {
    struct local *local = (struct local *) cache;

    return note(local, qmon_store_value_set(local->store, key, value, qmon__expiry_ms(ttl_s, now_ms), now_ms));
}

static const char *problem(struct qmon_cache *cache) {
    struct local *local = (struct local *) cache;

    return local->failed ? qmon_store_problem(local->store) : NULL;
}

static void close_local(struct qmon_cache *cache) {
    free(cache);
}

struct qmon_cache *qmon_cache_local(struct qmon_store *store) {
    static const struct qmon_cache_class class = {.name = "local",
                                                  .decide = decide,
                                                  .problem = problem,
                                                  .close = close_local,
                                                  .recall = recall,
                                                  .learn = learn,
                                                  .count = count,
                                                  .get = get,
                                                  .set = set};
    struct local *local = calloc(1, sizeof *local);

    if (local == NULL)
        return NULL;
    local->cache.class = &class;
    local->store = store;
    return &local->cache;
}

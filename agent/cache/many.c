/* many.c: several decisions at once, where a cache has no way of its own for that. */
#include <qmon/cache.h>

void qmon_cache_decide_many(struct qmon_cache *cache, const struct qmon_decision_request *requests, size_t count,
                            struct qmon_decision *ret_decisions, int *ret_results) {
    if (cache->class->decide_many != NULL) {
        cache->class->decide_many(cache, requests, count, ret_decisions, ret_results);
        return;
    }
    for (size_t i = 0; i < count; i++)
        ret_results[i] = cache->class->decide(cache, &requests[i], &ret_decisions[i]);
}

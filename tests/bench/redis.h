/* redis.h: a Redis of the bench's own. */
#ifndef QMON_BENCH_REDIS_H
#define QMON_BENCH_REDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_redis {
    uint16_t port;
    pid_t pid;
};

/* False: there is no redis-server, and that is said. */
bool bench_redis_start(struct bench_redis *ret_redis);
void bench_redis_stop(struct bench_redis *redis);
/* A connection; NULL: it does not answer. */
redisContext *bench_redis_reach(const struct bench_redis *redis);
/* A number of INFO by its name ("used_memory"); NaN where there is none. */
double bench_redis_info(redisContext *client, const char *name);

#endif

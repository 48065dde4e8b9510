/* What the tests of Redis share. */
#ifndef QMON_TEST_CACHE_REDIS_SUPPORT_H
#define QMON_TEST_CACHE_REDIS_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <qmon/cache.h>

#include "redis_server.h"

/* The cache at an address, and with variables besides ("REDIS_PASSWORD=..."), NULL none. */
struct qmon_cache *redis_at(const char *url, const char *variable);

/* CLOCK_REALTIME and CLOCK_MONOTONIC. */
uint64_t real_ms(void);
double monotonic_ms(void);

/* One occurrence of `key` now; window 60 s. Fails the test where the cache cannot decide. */
struct qmon_decision decide_now(struct qmon_cache *cache, const char *key, uint64_t limit);
/* The same; what decide returned. */
int try_to_decide(struct qmon_cache *cache, const char *key, struct qmon_decision *ret_decision);

/* One occurrence, and the test fails where that took longer than is promised (on a machine with more work than processors,
 * where it took very long). */
struct qmon_decision decide_in_time(struct qmon_cache *cache, const char *key);
/* One occurrence after the other until Redis decides; how many of them alerted. Fails the test after 30 s. */
unsigned storm_until_redis(struct qmon_cache *cache, const char *key);

/* Moves what Redis remembers of the key into the past. */
void make_older(const struct redis_server *server, const char *key, unsigned ms);
/* A field of the key in Redis as a number. */
uint64_t field_of(const struct redis_server *server, const char *key, const char *field);

#endif

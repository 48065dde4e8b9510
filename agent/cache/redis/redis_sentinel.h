/*
 * redis_sentinel.h: who is the master now?
 */
#ifndef QMON__CACHE_REDIS_SENTINEL_H
#define QMON__CACHE_REDIS_SENTINEL_H

#include "redis_address.h"

/* Asks the sentinels of the address, one after the other, each in its share of the time. 0 and *ret_master; the negative errno
 * of the last one, and ret_problem a sentence: -ENODEV, it knows no such service. */
int qmon__redis_find_master(const struct qmon__redis_address *address, uint64_t deadline_ms,
                            struct qmon__redis_node *ret_master, char *ret_problem, size_t bytes);

#endif

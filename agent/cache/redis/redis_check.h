/* redis_check.h: see qmon_cache_redis_check; of an address that was found in whatever way. */
#ifndef QMON__CACHE_REDIS_CHECK_H
#define QMON__CACHE_REDIS_CHECK_H

#include "redis_address.h"

bool qmon__redis_check_at(struct qmon__redis_address *address, char *ret_reason, size_t bytes);

#endif

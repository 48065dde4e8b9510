/* expiry.h: when a value is forgotten. Private to agent/cache. */
#ifndef QMON__CACHE_EXPIRY_H
#define QMON__CACHE_EXPIRY_H

#include <stdint.h>

#define QMON__TTL_S_MAX UINT64_C(3153600000) /* a hundred years; Redis refuses what overflows its clock */

/* ttl_s 0: never, which is 0. */
static inline uint64_t qmon__expiry_ms(uint64_t ttl_s, uint64_t now_ms) {
    if (ttl_s > QMON__TTL_S_MAX)
        ttl_s = QMON__TTL_S_MAX;
    return ttl_s == 0 ? 0 : now_ms + ttl_s * 1000;
}

#endif

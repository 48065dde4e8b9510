/* backoff.c: when to try again. Full jitter: any moment up to the limit, so that a fleet does not come back all at once. */
#include <qmon/sink.h>

#define FIRST_MS UINT64_C(1000)
#define MOST_MS UINT64_C(3600000)
#define LEAST_MS UINT64_C(100)

uint64_t qmon_sink_backoff_ms(uint32_t attempts, uint64_t retry_after_ms, uint32_t random) {
    uint32_t doublings = attempts > 1 ? attempts - 1 : 0;
    uint64_t limit_ms = doublings < 12 ? FIRST_MS << doublings : MOST_MS;

    if (limit_ms > MOST_MS)
        limit_ms = MOST_MS;
    if (retry_after_ms > UINT64_MAX - limit_ms)
        retry_after_ms = UINT64_MAX - limit_ms;
    uint64_t wait_ms = (limit_ms * random) >> 32;
    if (retry_after_ms == 0 && wait_ms < LEAST_MS)
        wait_ms = LEAST_MS;
    return retry_after_ms + wait_ms;
}

#include <limits.h>

#include <qmon/clock.h>

#include "redis_transport.h"

int qmon__redis_left_ms(uint64_t deadline_ms) {
    uint64_t now_ms = qmon_monotonic_ms();

    if (now_ms >= deadline_ms)
        return 0;
    return deadline_ms - now_ms > INT_MAX ? INT_MAX : (int) (deadline_ms - now_ms);
}

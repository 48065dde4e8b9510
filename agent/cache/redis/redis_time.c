#include <limits.h>
#include <time.h>

#include "redis_transport.h"

uint64_t qmon__redis_now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

int qmon__redis_left_ms(uint64_t deadline_ms) {
    uint64_t now_ms = qmon__redis_now_ms();

    if (now_ms >= deadline_ms)
        return 0;
    return deadline_ms - now_ms > INT_MAX ? INT_MAX : (int) (deadline_ms - now_ms);
}

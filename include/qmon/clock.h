/*
 * clock.h: what time it is. Inline, so that every part has it and none needs another for it. Any thread; async-signal-safe.
 */
#ifndef QMON_CLOCK_H
#define QMON_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t qmon_clock_ns(clockid_t clock) {
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

/* For deadlines: CLOCK_MONOTONIC. */
static inline uint64_t qmon_monotonic_ms(void) {
    return qmon_clock_ns(CLOCK_MONOTONIC) / 1000000u;
}

/* Since the machine was started, with the time that it slept: CLOCK_BOOTTIME. */
static inline uint64_t qmon_boot_ns(void) {
    return qmon_clock_ns(CLOCK_BOOTTIME);
}

/* Since 1970: CLOCK_REALTIME. */
static inline uint64_t qmon_real_ns(void) {
    return qmon_clock_ns(CLOCK_REALTIME);
}

static inline uint64_t qmon_real_ms(void) {
    return qmon_real_ns() / 1000000u;
}

#endif

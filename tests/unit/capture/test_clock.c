/* The agent's clock is the kernel's, by a system call at first and by the kernel's own function later. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <time.h>

#include "clock.h"

TestSuite(clock, .timeout = 20);

static uint64_t kernel_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

/* Each reading lies between two of libc's. */
static void compare(clockid_t clock, uint64_t (*read)(void), unsigned times) {
    for (unsigned i = 0; i < times; i++) {
        const uint64_t before = kernel_ns(clock), now = read(), after = kernel_ns(clock);
        cr_assert(before <= now && now <= after, "reading %u: %lu is not between %lu and %lu", i, now, before, after);
    }
}

Test(clock, is_right_from_the_first_reading_on) {
    qmon__clock_start();
    compare(CLOCK_BOOTTIME, qmon__boot_ns, 100);
    compare(CLOCK_REALTIME, qmon__real_ns, 100);
}

Test(clock, is_right_where_nobody_has_begun_it) {
    compare(CLOCK_REALTIME, qmon__real_ns, 100);
}

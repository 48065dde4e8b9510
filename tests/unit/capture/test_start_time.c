/* How long a process has existed, by the processor's time that it has used: never longer than it has. */
#include <criterion/criterion.h>

#include "clock.h"
#include "start_time.h"

#define TICK_NS 10000000u /* what /proc/self/stat rounds to */
#define BUSY_NS 30000000u

TestSuite(start_time, .timeout = 30);

static void be_busy(void) {
    const uint64_t until = qmon__boot_ns() + BUSY_NS;
    while (qmon__boot_ns() < until) {
    }
}

Test(start_time, of_this_process_is_not_later_than_now) {
    cr_assert(qmon__existed_at(qmon__boot_ns()));
}

Test(start_time, is_never_seen_before_it_was) {
    const uint64_t began_ns = qmon__own_start_boot_ns();
    be_busy();
    cr_assert_leq(began_ns, qmon__boot_ns());
    cr_assert_not(qmon__existed_at(began_ns - 1), "rounded down, that is before it was made");
    cr_assert_not(qmon__existed_at(began_ns - TICK_NS));
    cr_assert_not(qmon__existed_at(0));
}

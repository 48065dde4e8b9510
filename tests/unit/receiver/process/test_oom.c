#include <criterion/criterion.h>

#include "oom.h"

TestSuite(oom, .timeout = 10);

Test(oom, the_kernels_log_names_the_victim) {
    uint64_t time_us = 0;
    cr_assert(
        qmon__kmsg_tells_of("3,1234,5678901,-;Out of memory: Killed process 71 (java) total-vm:1kB", 71, &time_us));
    cr_expect_eq(time_us, 5678901);
    cr_assert(qmon__kmsg_tells_of("3,1,2,-;Memory cgroup out of memory: Killed process 71 (a b) total-vm:1kB\n", 71,
                                  &time_us));
    cr_expect_not(qmon__kmsg_tells_of("3,1,2,-;Out of memory: Killed process 711 (java)", 71, &time_us));
    cr_expect_not(qmon__kmsg_tells_of("3,1,2,-;Out of memory: Killed process 7 (java)", 71, &time_us));
    cr_expect_not(qmon__kmsg_tells_of("3,1,2,-;oom_reaper: reaped process 71 (java)", 71, &time_us));
    cr_expect_not(qmon__kmsg_tells_of("Killed process 71 (x)", 71, &time_us));
}

Test(oom, the_control_group_counts_kills) {
    cr_expect_eq(qmon__oom_kills_in("low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n"), 1);
    cr_expect_eq(qmon__oom_kills_in("oom_kill_disable 0\nunder_oom 0\noom_kill 12\n"), 12);
    cr_expect_eq(qmon__oom_kills_in("low 0\nhigh 0\n"), -1);
    cr_expect_eq(qmon__oom_kills_in(""), -1);
}

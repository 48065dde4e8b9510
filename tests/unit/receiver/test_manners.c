/* A receiver does not go on with what its host was given for its own work. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "manners.h"

TestSuite(manners, .timeout = 20);

static void become_urgent(int policy, int nice) {
    const struct sched_param parameters = {.sched_priority = policy == SCHED_OTHER ? 0 : 1};
    if (sched_setscheduler(0, policy, &parameters) != 0 || setpriority(PRIO_PROCESS, 0, nice) != 0)
        cr_skip_test("not for this user: %s", strerror(errno));
}

Test(manners, a_receiver_has_no_real_time_priority) {
    static const int policies[] = {SCHED_FIFO, SCHED_RR};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        become_urgent(policies[i], 0);
        qmon__give_way();
        cr_expect_eq(sched_getscheduler(0), SCHED_OTHER);
    }
}

Test(manners, a_receiver_is_no_more_urgent_than_others) {
    become_urgent(SCHED_OTHER, -5);
    qmon__give_way();
    cr_expect_eq(getpriority(PRIO_PROCESS, 0), 0);
}

Test(manners, a_receiver_stays_as_modest_as_its_host) {
    become_urgent(SCHED_OTHER, 7);
    qmon__give_way();
    cr_expect_eq(getpriority(PRIO_PROCESS, 0), 7);
    const struct sched_param none = {.sched_priority = 0};
    cr_assert_eq(sched_setscheduler(0, SCHED_BATCH, &none), 0);
    qmon__give_way();
    cr_expect_eq(sched_getscheduler(0), SCHED_BATCH);
}

Test(manners, a_receiver_is_bound_to_no_processor) {
    cpu_set_t before, one, after;
    cr_assert_eq(sched_getaffinity(0, sizeof before, &before), 0);
    if (CPU_COUNT(&before) < 2)
        cr_skip_test("one processor");
    CPU_ZERO(&one);
    for (int i = 0; CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    qmon__give_way();
    cr_assert_eq(sched_getaffinity(0, sizeof after, &after), 0);
    cr_expect_geq(CPU_COUNT(&after), CPU_COUNT(&before));
}

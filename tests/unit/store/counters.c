/* Counters and facts that happen once. */
#include <criterion/criterion.h>

#include "store_case.h"
#include "together.h"

TestSuite(counters, .init = setup, .fini = teardown, .timeout = 20);

Test(counters, add_up_by_name_and_reason) {
    cr_assert_eq(qmon_store_count(store, "dedup.suppressed", NULL, 2), 0);
    cr_assert_eq(qmon_store_count(store, "dedup.suppressed", "", 3), 0);
    cr_assert_eq(qmon_store_count(store, "dedup.fallback", "redis: timed out", 1), 0);
    cr_assert_eq(qmon_store_count(store, "dedup.fallback", "redis: refused", 1), 0);
    cr_expect_eq(counter_of(store, "dedup.suppressed", ""), 5);
    cr_expect_eq(counter_of(store, "dedup.fallback", "redis: timed out"), 1);
    cr_expect_eq(counter_of(store, "dedup.fallback", NULL), 2);
}

Test(counters, outlive_the_process_that_counted) {
    cr_assert_eq(qmon_store_count(store, "n", NULL, 2), 0);
    qmon_store_close(store);
    store = open_store(scratch.path);
    cr_expect_eq(counter_of(store, "n", ""), 2);
}

Test(counters, know_what_has_happened) {
    cr_expect_eq(qmon_store_once(store, "start 1", 10), 0);
    cr_expect_eq(qmon_store_once(store, "start 1", 20), 1);
    cr_expect_eq(qmon_store_once(store, "start 2", 20), 0);
    cr_expect_eq(qmon_store_once(store, "start 1", 30), 1);
}

Test(counters, forget_what_happened_thirty_days_ago) {
    const uint64_t day = 24ull * 3600000;

    qmon_store_once(store, "start 1", 10 * day);
    qmon_store_once(store, "start 2", 12 * day);
    cr_assert_eq(qmon_store_retain(store, 41 * day), 0);
    cr_expect_eq(qmon_store_once(store, "start 1", 41 * day), 0);
    cr_expect_eq(qmon_store_once(store, "start 2", 41 * day), 1);
}

static int count_fifty(unsigned number, void *context) {
    struct qmon_store *own = qmon_store_open(context, NULL);
    int first = qmon_store_once(own, "fact", number) == 0;

    for (int i = 0; i < 50; i++)
        if (qmon_store_count(own, "n", NULL, 1) < 0)
            return 99;
    qmon_store_close(own);
    return first;
}

Test(counters, lose_nothing_among_many_processes, .timeout = 60) {
    int first[10], firsts = 0;

    run_together(10, count_fifty, scratch.path, first);
    for (int i = 0; i < 10; i++)
        firsts += first[i];
    cr_expect_eq(firsts, 1);
    cr_expect_eq(counter_of(store, "n", ""), 500);
}

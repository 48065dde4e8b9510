/* Who may alert on this host. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rounds.h"
#include "store_case.h"
#include "together.h"

TestSuite(store_windows, .init = setup, .fini = teardown, .timeout = 20);

static struct qmon_decision decide(const char *key, uint64_t now_ms) {
    struct qmon_decision_request request = {.key = key, .limit = 1, .window_s = 60, .now_ms = now_ms, .count = 1};
    struct qmon_decision decision;

    cr_assert_eq(qmon_store_decide(store, &request, &decision), 0, "%s", qmon_store_problem(store));
    return decision;
}

Test(store_windows, keep_what_is_held_back_across_processes) {
    cr_expect(decide("k", 1000000).alert);
    cr_expect_not(decide("k", 1001000).alert);
    qmon_store_close(store);
    store = open_store(scratch.path);
    cr_expect_eq(decide("k", 1002000).suppressed, 2);
    cr_expect(decide("k", 1060000).alert);
    cr_expect_str_eq(decide("k", 1060000).source, "local");
}

Test(store_windows, tell_the_count_with_the_next_alert_and_keep_keys_apart) {
    struct qmon_decision decision;

    decide("k", 1000000);
    decide("k", 1000001);
    cr_expect(decide("other", 1000002).alert);
    decision = decide("k", 1060000);
    cr_expect(decision.alert);
    cr_expect_eq(decision.suppressed, 1);
    cr_expect_eq(decision.total, 1);
    cr_expect_eq(decision.first_seen_ms, 1000000);
    cr_expect_eq(decision.last_seen_ms, 1060000);
}

Test(store_windows, call_a_store_in_memory_memory) {
    cr_assert_eq(qmon_store_degrade(store), 0);
    cr_expect_str_eq(decide("k", 1).source, "memory");
}

Test(store_windows, are_forgotten_a_week_after_the_last_occurrence_and_the_untold_counted) {
    const uint64_t start = 1000 * 24 * 3600000ull, day = 24 * 3600000ull;

    decide("k", start);
    for (int i = 0; i < 5; i++)
        decide("k", start + 1);
    cr_assert_eq(qmon_store_retain(store, start + 7 * day - 1), 0);
    cr_expect_eq(counter_of(store, "dedup.untold", NULL), 0);
    cr_assert_eq(qmon_store_retain(store, start + 8 * day), 0);
    cr_expect_eq(counter_of(store, "dedup.untold", NULL), 5);
    cr_expect_eq(decide("k", start + 8 * day).suppressed, 0);
}

Test(store_windows, of_limits_are_no_repeats_that_nobody_heard_of) {
    static const char *const keys[] = {"burst|slack|0|error", "limit|*|error", "limit:shop:key", "night|email|0|exit|9",
                                       "digest|slack|0"};
    const uint64_t start = 1000 * 24 * 3600000ull;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        for (int times = 0; times < 3; times++)
            decide(keys[i], start);
    cr_assert_eq(qmon_store_retain(store, start + 9 * 24 * 3600000ull), 0);
    cr_expect_eq(counter_of(store, "dedup.untold", NULL), 0);
    cr_expect_eq(decide(keys[0], start + 9 * 24 * 3600000ull).suppressed, 0, "they are forgotten all the same");
}

Test(store_windows, learn_what_another_cache_decided_but_keep_what_it_does_not_know) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .now_ms = 1000000, .count = 1};
    struct qmon_window recalled,
        decided = {.start_ms = 990000, .alerts = 1, .total = 40, .first_seen_ms = 5, .last_seen_ms = 6};

    decide("k", 1000000);
    for (int i = 0; i < 3; i++)
        decide("k", 1000001);
    cr_assert_eq(qmon_store_recall(store, &request, &recalled), 0);
    cr_expect_eq(recalled.suppressed, 3);
    cr_expect_eq(recalled.alerts, 1);
    decide("k", 1000002); /* another process, in between */
    cr_assert_eq(qmon_store_learn(store, &request, &recalled, &decided), 0);
    cr_assert_eq(qmon_store_recall(store, &request, &recalled), 0);
    cr_expect_eq(recalled.suppressed, 1, "three were handed over, the fourth was not");
    cr_expect_eq(recalled.start_ms, 990000);
    cr_expect_eq(recalled.total, 40);
    cr_expect(decide("k", 1050000).alert, "the learnt window has ended");
}

Test(store_windows, of_a_hot_key_know_when_another_cache_was_asked) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .now_ms = 1000000, .count = 1};
    struct qmon_window recalled, decided = {.start_ms = 1000000, .alerts = 1, .total = QMON_WINDOW_HOT};

    cr_assert_eq(qmon_store_recall(store, &request, &recalled), 0);
    cr_assert_eq(qmon_store_learn(store, &request, &recalled, &decided), 0);
    request.now_ms += 5;
    cr_assert_eq(qmon_store_recall(store, &request, &recalled), 0);
    cr_expect_eq(recalled.asked_ms, 1000000);
    cr_expect(qmon_window_may_wait(&recalled, &request));
    cr_assert_eq(qmon_store_learn(store, &request, &recalled, &decided), 0, "although it says the same");
    cr_assert_eq(qmon_store_recall(store, &request, &recalled), 0);
    cr_expect_eq(recalled.asked_ms, 1000005);
}

Test(store_windows, recall_nothing_of_an_unknown_key) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .now_ms = 1};
    struct qmon_window window = {1, 2, 3, 4, 5, 6, 7};

    cr_assert_eq(qmon_store_recall(store, &request, &window), 0);
    cr_expect_eq(window.total, 0);
    cr_expect_eq(window.suppressed, 0);
}

struct round {
    const char *directory;
    unsigned number;
};

static int decide_once(unsigned number, void *context) {
    const struct round *round = context;
    struct qmon_store *own = qmon_store_open(round->directory, NULL);
    struct qmon_decision_request request = {.limit = 1, .window_s = 60, .now_ms = 1000 + number, .count = 1};
    struct qmon_decision decision;
    char key[32];
    int r;

    snprintf(key, sizeof key, "key %u", round->number);
    request.key = key;
    r = qmon_store_decide(own, &request, &decision) < 0 ? 9 : decision.alert;
    if (!qmon_store_is_durable(own))
        r = 8;
    qmon_store_close(own);
    return r;
}

static void expect_one_alert_among_twenty(const char *directory, unsigned number) {
    struct round round = {directory, number};
    struct qmon_decision_request request = {.limit = 1, .window_s = 60, .now_ms = 2000, .count = 1};
    struct qmon_decision decision;
    struct qmon_store *after;
    int alerts[20], sum = 0;
    char key[32];

    run_together(20, decide_once, &round, alerts);
    for (int i = 0; i < 20; i++) {
        cr_assert(alerts[i] == 0 || alerts[i] == 1, "round %u: process %d gave %d", number, i, alerts[i]);
        sum += alerts[i];
    }
    cr_assert_eq(sum, 1, "round %u: %d alerts", number, sum);
    after = open_store(directory);
    snprintf(key, sizeof key, "key %u", number);
    request.key = key;
    cr_assert_eq(qmon_store_decide(after, &request, &decision), 0);
    cr_assert_eq(decision.suppressed, 20, "19, and this one");
    qmon_store_close(after);
}

Test(store_windows, give_one_alert_to_twenty_processes_that_ask_at_once, .timeout = 120) {
    for (unsigned i = 0; i < rounds_of(50); i++)
        expect_one_alert_among_twenty(scratch.path, i);
}

Test(store_windows, give_one_alert_to_twenty_processes_that_also_make_the_store, .timeout = 240) {
    for (unsigned i = 0; i < rounds_of(50); i++) {
        struct scratch own = scratch_make();
        expect_one_alert_among_twenty(own.path, i);
        scratch_remove(&own);
    }
}

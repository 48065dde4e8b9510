/* The policy: who may alert, given what is remembered and what time it is. */
#include <criterion/criterion.h>
#include <string.h>

#include <qmon/cache.h>

TestSuite(window, .timeout = 10);

static struct qmon_window window;

static struct qmon_decision at(uint64_t now_ms, uint64_t limit, uint64_t count) {
    struct qmon_decision_request request = {.limit = limit, .window_s = 10, .now_ms = now_ms, .count = count};
    struct qmon_decision decision;

    qmon_window_decide(&window, &request, &decision);
    return decision;
}

Test(window, alerts_for_the_first_and_holds_back_the_rest) {
    struct qmon_decision decision = at(100000, 1, 1);

    cr_expect(decision.alert);
    cr_expect_eq(decision.suppressed, 0);
    cr_expect_eq(decision.total, 1);
    decision = at(109999, 1, 1);
    cr_expect_not(decision.alert);
    cr_expect_eq(decision.suppressed, 1);
    cr_expect_eq(decision.total, 2);
}

/* Whatever the caller's memory held before: what it holds of a fleet would be read as one. */
Test(window, leaves_nothing_of_the_decision_as_it_was) {
    struct qmon_decision_request request = {.limit = 1, .window_s = 10, .now_ms = 100000, .count = 1};
    struct qmon_decision decision;

    memset(&decision, 0xff, sizeof decision);
    qmon_window_decide(&window, &request, &decision);
    cr_expect(decision.alert);
    cr_expect_eq(decision.fleet.version_count, 0);
    cr_expect_eq(decision.fleet.occurrences, 0);
    cr_expect_eq(decision.fleet.hosts, 0);
    cr_expect_null(decision.source);
}

Test(window, begins_with_its_first_occurrence_and_ends_by_itself) {
    at(100000, 1, 1);
    at(109000, 1, 1);
    cr_expect(at(110000, 1, 1).alert);
    cr_expect_not(at(119999, 1, 1).alert, "the window began at 110000");
    cr_expect(at(120000, 1, 1).alert);
}

Test(window, tells_with_an_alert_what_was_held_back_before_it_and_only_once) {
    struct qmon_decision decision;

    at(100000, 1, 1);
    at(100001, 1, 1);
    at(100002, 1, 1);
    decision = at(200000, 1, 1);
    cr_expect(decision.alert);
    cr_expect_eq(decision.suppressed, 2);
    cr_expect_eq(decision.total, 1);
    cr_expect_eq(decision.first_seen_ms, 100000);
    cr_expect_eq(decision.last_seen_ms, 200000);
    cr_expect_eq(at(300000, 1, 1).suppressed, 0);
}

Test(window, gives_as_many_alerts_as_the_limit) {
    cr_expect(at(100000, 3, 1).alert);
    cr_expect(at(100001, 3, 1).alert);
    cr_expect(at(100002, 3, 1).alert);
    cr_expect_not(at(100003, 3, 1).alert);
    cr_expect(at(110000, 3, 1).alert);
}

Test(window, counts_an_occurrence_that_stands_for_many) {
    struct qmon_decision decision = at(100000, 1, 50);

    cr_expect(decision.alert);
    cr_expect_eq(decision.suppressed, 49);
    cr_expect_eq(decision.total, 50);
    decision = at(100001, 1, 7);
    cr_expect_eq(decision.suppressed, 7);
    cr_expect_eq(decision.total, 57);
    cr_expect_eq(at(100002, 1, 0).total, 58, "nothing is taken for one");
}

Test(window, never_lasts_longer_than_its_length_when_the_clock_goes_back) {
    at(1000000, 1, 1);
    cr_expect_not(at(500000, 1, 1).alert);
    cr_expect_not(at(509999, 1, 1).alert);
    cr_expect(at(510000, 1, 1).alert);
}

Test(window, of_no_length_lets_everything_through) {
    struct qmon_decision_request request = {.limit = 1, .window_s = 0, .now_ms = 5, .count = 1};
    struct qmon_decision decision;

    for (int i = 0; i < 3; i++) {
        qmon_window_decide(&window, &request, &decision);
        cr_expect(decision.alert);
    }
}

Test(window, of_endless_length_and_counts_without_end_do_not_overflow) {
    struct qmon_decision_request request = {.limit = 1, .window_s = UINT64_MAX, .now_ms = 5, .count = UINT64_MAX};
    struct qmon_decision decision;

    qmon_window_decide(&window, &request, &decision);
    request.now_ms = UINT64_MAX;
    qmon_window_decide(&window, &request, &decision);
    cr_expect_not(decision.alert);
    cr_expect_eq(decision.suppressed, UINT64_MAX);
    cr_expect_eq(decision.total, UINT64_MAX);
}

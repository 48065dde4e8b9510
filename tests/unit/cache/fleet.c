/* Several hosts, one Redis that goes away, comes back, and forgets: neither flood nor silence. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/store.h>

#include "redis_support.h"
#include "rounds.h"
#include "scratch.h"
#include "together.h"

#define HOSTS 4

static struct redis_server server;
static struct scratch scratches[HOSTS];
static struct qmon_store *stores[HOSTS];
static struct qmon_cache *hosts[HOSTS];

static void setup(void) {
    if (!redis_server_start(&server, NULL))
        cr_skip_test("redis-server is not there");
    for (int i = 0; i < HOSTS; i++) {
        scratches[i] = scratch_make();
        stores[i] = qmon_store_open(scratches[i].path, NULL);
        hosts[i] = qmon_cache_chain(redis_at(server.url, NULL), qmon_cache_local(stores[i]), NULL);
    }
}

static void teardown(void) {
    for (int i = 0; i < HOSTS; i++) {
        hosts[i]->class->close(hosts[i]);
        qmon_store_close(stores[i]);
        scratch_remove(&scratches[i]);
    }
    redis_server_stop(&server);
}

TestSuite(fleet, .init = setup, .fini = teardown, .timeout = 60);

/* One occurrence on each host. Returns the number of alerts. */
static unsigned occur_everywhere(const char *key, const char *source) {
    unsigned alerts = 0;

    for (int i = 0; i < HOSTS; i++) {
        struct qmon_decision decision = decide_now(hosts[i], key, 1);
        cr_expect_str_eq(decision.source, source, "host %d", i);
        alerts += decision.alert;
    }
    return alerts;
}

static void flush(void) {
    free(redis_server_ask(&server, "FLUSHALL"));
}

Test(fleet, alerts_once) {
    cr_expect_eq(occur_everywhere("k", "redis"), 1);
    cr_expect_eq(occur_everywhere("k", "redis"), 0);
    cr_expect_eq(field_of(&server, "k", "n"), 2 * HOSTS - 1);
}

Test(fleet, does_not_alert_again_when_redis_goes_away) {
    occur_everywhere("k", "redis");
    redis_server_kill(&server);
    cr_expect_eq(occur_everywhere("k", "local"), 0, "every host knows of the alert that one gave");
    cr_expect_eq(occur_everywhere("new", "local"), HOSTS, "a new problem alerts on each host that cannot ask");
    cr_expect_eq(occur_everywhere("new", "local"), 0);
}

Test(fleet, does_not_alert_again_when_redis_has_forgotten) {
    occur_everywhere("k", "redis");
    for (int i = 0; i < 3; i++) {
        flush();
        cr_expect_eq(occur_everywhere("k", "redis"), 0);
    }
    redis_server_kill(&server);
    redis_server_start_again(&server, NULL);
    cr_expect_eq(occur_everywhere("k", "redis"), 0);
}

Test(fleet, alerts_again_when_the_window_is_over_though_redis_has_forgotten) {
    struct qmon_window known = decide_now(hosts[0], "k", 1).window;
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .count = 1};
    struct qmon_decision decision;

    flush();
    request.now_ms = known.start_ms + 30000;
    cr_assert_eq(hosts[0]->class->decide(hosts[0], &request, &decision), 0);
    cr_expect_not(decision.alert);
    flush();
    request.now_ms = known.start_ms + 59000;
    cr_assert_eq(hosts[0]->class->decide(hosts[0], &request, &decision), 0);
    cr_expect_not(decision.alert);
    flush();
    request.now_ms = known.start_ms + 60001;
    cr_assert_eq(hosts[0]->class->decide(hosts[0], &request, &decision), 0);
    cr_expect(decision.alert, "no flush makes the window longer");
}

Test(fleet, does_not_alert_again_for_what_was_told_while_redis_was_away) {
    redis_server_kill(&server);
    cr_expect_eq(occur_everywhere("k", "local"), HOSTS);
    redis_server_start_again(&server, NULL);
    cr_expect_eq(occur_everywhere("k", "redis"), 0);
}

Test(fleet, hands_in_what_was_held_back_while_redis_was_away_once) {
    struct qmon_decision decision;

    occur_everywhere("k", "redis");
    redis_server_kill(&server);
    for (int i = 0; i < 3; i++)
        occur_everywhere("k", "local");
    redis_server_start_again(&server, NULL);
    occur_everywhere("k", "redis");
    cr_expect_eq(field_of(&server, "k", "n"), 3 * HOSTS + HOSTS, "%lu", field_of(&server, "k", "n"));
    occur_everywhere("k", "redis");
    make_older(&server, "k", 61000);
    decision = decide_now(hosts[0], "unrelated", 1);
    cr_expect(decision.alert);
    cr_expect_eq(field_of(&server, "k", "n"), 3 * HOSTS + 2 * HOSTS, "not a second time");
}

static int occur_in_a_process(unsigned number, void *context) {
    struct qmon_store *store = qmon_store_open(scratches[0].path, NULL);
    struct qmon_cache *chain =
        qmon_cache_chain(redis_at(server.url, NULL), qmon_cache_local(store), qmon_cache_memory());
    struct qmon_decision decision;
    int r = try_to_decide(chain, context, &decision);

    (void) number;
    chain->class->close(chain);
    qmon_store_close(store);
    return r < 0 ? 9 : decision.alert;
}

Test(fleet, alerts_once_for_twenty_processes_at_once_whether_redis_is_there_or_not, .timeout = 120) {
    for (unsigned round = 0; round < rounds_of(30); round++) {
        int alerts[20], sum = 0;
        char key[32];
        snprintf(key, sizeof key, "key %u", round);
        if (round == rounds_of(30) / 2)
            redis_server_kill(&server);
        run_together(20, occur_in_a_process, key, alerts);
        for (int i = 0; i < 20; i++) {
            cr_assert_neq(alerts[i], 9);
            sum += alerts[i];
        }
        cr_assert_eq(sum, 1, "round %u: %d alerts", round, sum);
    }
}

Test(fleet, alerts_for_a_problem_that_no_host_has_seen_right_after_a_flush) {
    occur_everywhere("k", "redis");
    flush();
    cr_expect_eq(occur_everywhere("new", "redis"), 1);
}

Test(fleet, writes_nothing_to_the_store_in_a_storm_of_one_error) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .now_ms = real_ms()};
    struct qmon_window before, after;

    decide_now(hosts[0], "k", 1);
    decide_now(hosts[0], "k", 1);
    cr_assert_eq(qmon_store_recall(stores[0], &request, &before), 0);
    for (int i = 0; i < 50; i++)
        decide_now(hosts[0], "k", 1);
    cr_assert_eq(qmon_store_recall(stores[0], &request, &after), 0);
    cr_expect_eq(memcmp(&before, &after, sizeof before), 0);
}

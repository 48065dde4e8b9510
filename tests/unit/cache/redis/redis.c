/* Decisions by a real Redis. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>

#include "config_with.h"
#include "redis_connection.h"
#include "redis_question.h"
#include "redis_script.h"
#include "redis_support.h"
#include "rounds.h"
#include "together.h"

static struct redis_server server;
static struct qmon_cache *cache;

static void setup(void) {
    if (!redis_server_start(&server, NULL))
        cr_skip_test("redis-server is not there");
    cache = redis_at(server.url, NULL);
}

static void teardown(void) {
    if (cache != NULL)
        cache->class->close(cache);
    redis_server_stop(&server);
}

TestSuite(redis_cache, .init = setup, .fini = teardown, .timeout = 30);

Test(redis_cache, counts_what_it_holds_back_until_the_window_ends) {
    struct qmon_decision decision = decide_now(cache, "k", 1);

    cr_expect(decision.alert);
    cr_expect_eq(decision.suppressed, 0);
    cr_expect_eq(decision.total, 1);
    cr_expect_str_eq(decision.source, "redis");
    decision = decide_now(cache, "k", 1);
    cr_expect_not(decision.alert);
    cr_expect_eq(decision.suppressed, 1);
    decision = decide_now(cache, "k", 1);
    cr_expect_eq(decision.suppressed, 2);
    cr_expect_eq(decision.total, 3);
    cr_expect(decide_now(cache, "other", 1).alert);

    make_older(&server, "k", 60000);
    decision = decide_now(cache, "k", 1);
    cr_expect(decision.alert);
    cr_expect_eq(decision.suppressed, 2);
    cr_expect_eq(decision.total, 1);
    cr_expect_leq(decision.first_seen_ms + 60000, real_ms());
    cr_expect_geq(decision.first_seen_ms + 70000, real_ms());
    make_older(&server, "k", 60000);
    cr_expect_eq(decide_now(cache, "k", 1).suppressed, 0, "it was told once");
}

Test(redis_cache, decides_as_the_policy_does) {
    struct qmon_window window = {0};
    unsigned random = 7;

    for (int i = 0; i < 400; i++) {
        struct qmon_decision_request request = {.key = "k", .limit = 3, .window_s = 60, .now_ms = real_ms()};
        struct qmon_decision wanted, got;
        random = random * 1103515245 + 12345;
        request.count = random >> 16 & 3;
        if ((random >> 20 & 15) == 0) { /* a window later */
            make_older(&server, "k", 61000);
            window.start_ms -= 61000;
            window.first_seen_ms -= 61000;
        }
        cr_assert_eq(cache->class->decide(cache, &request, &got), 0);
        qmon_window_decide(&window, &request, &wanted);
        cr_assert_eq(got.alert, wanted.alert, "step %d", i);
        cr_assert_eq(got.suppressed, wanted.suppressed, "step %d: %lu for %lu", i, got.suppressed, wanted.suppressed);
        cr_assert_eq(got.total, wanted.total, "step %d", i);
        cr_assert_eq(got.window.alerts, wanted.window.alerts, "step %d", i);
        cr_assert_lt(labs((long) (got.first_seen_ms - wanted.first_seen_ms)), 5000, "step %d", i);
        cr_assert_lt(labs((long) (got.window.start_ms - wanted.window.start_ms)), 5000, "step %d", i);
    }
}

Test(redis_cache, names_its_script_by_its_digest) {
    char *digest = redis_server_ask(&server, "SCRIPT LOAD %s", qmon__script);

    cr_expect_str_eq(digest, QMON__SCRIPT_SHA1);
    free(digest);
}

Test(redis_cache, brings_its_script_where_it_is_not_known) {
    decide_now(cache, "k", 1);
    free(redis_server_ask(&server, "SCRIPT FLUSH"));
    cr_expect_eq(decide_now(cache, "k", 1).suppressed, 1);
}

Test(redis_cache, lets_keys_expire_after_a_week_or_two_windows) {
    struct qmon_decision_request request = {.key = "long", .limit = 1, .window_s = 30 * 86400, .now_ms = real_ms()};
    struct qmon_decision decision;
    char *left;

    decide_now(cache, "k", 1);
    left = redis_server_ask(&server, "TTL qmon:{k}:window");
    cr_expect_geq(atoi(left), 7 * 86400 - 5);
    cr_expect_leq(atoi(left), 7 * 86400);
    free(left);
    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    left = redis_server_ask(&server, "TTL qmon:{long}:window");
    cr_expect_geq(atoi(left), 60 * 86400 - 5);
    free(left);
}

Test(redis_cache, gives_the_same_answer_to_the_same_question) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .now_ms = real_ms(), .count = 5};
    struct qmon__redis_address address;
    struct qmon__redis_connection *connection;
    struct qmon__redis_question question;
    char why[QMON__REDIS_WHY_BYTES];
    const char *note;

    cr_assert_eq(qmon__redis_address_parse(server.url, &address, why), 0);
    cr_assert_eq(
        qmon__redis_open(&address, &address.nodes[0], QMON__REDIS_DATA, qmon_monotonic_ms() + 1000, &connection, &note),
        0);
    qmon__redis_compose(&question, &request);
    question.arguments[0] = "EVAL";
    question.arguments[1] = qmon__script;
    for (int i = 0; i < 3; i++) {
        struct qmon__reply *reply;
        struct qmon_decision decision;
        cr_assert_eq(qmon__redis_ask(connection, QMON__QUESTION_ARGUMENTS, question.arguments,
                                     qmon_monotonic_ms() + 1000, &reply),
                     0);
        cr_assert_eq(qmon__reply_decision(reply, &request, &decision), 0, "%s", reply->text);
        cr_expect(decision.alert, "the answer may have been lost");
        cr_expect_eq(decision.suppressed, 4);
        cr_expect_eq(decision.total, 5);
        qmon__reply_free(reply);
    }
    cr_expect_not(decide_now(cache, "k", 1).alert, "another question");
    qmon__redis_close(connection);
    qmon__redis_address_clear(&address);
}

Test(redis_cache, is_not_misled_by_a_host_whose_clock_is_wrong) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .now_ms = real_ms(), .count = 1};
    struct qmon_decision decision;

    decide_now(cache, "k", 1);
    request.now_ms += 2 * 3600000;
    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    cr_expect_not(decision.alert);
    cr_expect_leq(request.now_ms - decision.first_seen_ms, 1000, "times are by the clock of who asks");
    request.now_ms -= 4 * 3600000;
    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    cr_expect_not(decision.alert);
}

Test(redis_cache, keeps_long_and_strange_keys_apart) {
    char one[3000], other[3000];

    memset(one, 'x', sizeof one);
    one[sizeof one - 1] = '\0';
    memcpy(other, one, sizeof one);
    other[2000] = 'y';
    cr_expect(decide_now(cache, one, 1).alert);
    cr_expect(decide_now(cache, other, 1).alert);
    cr_expect_not(decide_now(cache, one, 1).alert);
    cr_expect(decide_now(cache, "a}b{c|\xff \r\n|", 1).alert);
    cr_expect_not(decide_now(cache, "a}b{c|\xff \r\n|", 1).alert);
}

Test(redis_cache, takes_over_a_window_it_has_lost_but_not_one_that_is_over) {
    uint64_t now = real_ms();
    struct qmon_window known = {now - 20000, 1, 8, 0, now - 90000, now, 0};
    struct qmon_decision_request request = {
        .key = "k", .limit = 1, .window_s = 60, .now_ms = now, .count = 1, .known = &known};
    struct qmon_decision decision;

    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    cr_expect_not(decision.alert, "the host knows that there was an alert");
    cr_expect_eq(decision.total, 9);
    cr_expect_leq(labs((long) (decision.window.start_ms - known.start_ms)), 5000, "it is not made longer");
    cr_expect_leq(labs((long) (decision.first_seen_ms - known.first_seen_ms)), 5000);
    cr_expect_not(decide_now(cache, "k", 1).alert, "and this holds for all");
    make_older(&server, "k", 40000);
    cr_expect(decide_now(cache, "k", 1).alert);

    request.key = "over";
    known.start_ms = now - 60000;
    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    cr_expect(decision.alert);
}

Test(redis_cache, adds_what_a_host_has_held_back_by_itself) {
    uint64_t now = real_ms();
    struct qmon_window known = {now, 1, 8, 7, now, now, 0};
    struct qmon_decision_request request = {
        .key = "k", .limit = 1, .window_s = 60, .now_ms = now, .count = 1, .known = &known};
    struct qmon_decision decision;

    decide_now(cache, "k", 1);
    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    cr_expect_not(decision.alert);
    cr_expect_eq(decision.suppressed, 8, "%lu", decision.suppressed);
    cr_expect_eq(decision.total, 9);
}

Test(redis_cache, counts_alerts_that_a_host_gave_by_itself) {
    uint64_t now = real_ms();
    struct qmon_window known = {now, 2, 2, 0, now, now, 0};
    struct qmon_decision_request request = {
        .key = "k", .limit = 2, .window_s = 60, .now_ms = now, .count = 1, .known = &known};
    struct qmon_decision decision;

    cr_expect(decide_now(cache, "k", 2).alert);
    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    cr_expect_not(decision.alert);
}

Test(redis_cache, does_not_take_a_window_that_has_just_ended_for_one_it_has_lost) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 60, .count = 1};
    struct qmon_window known;
    struct qmon_decision decision;

    known = decide_now(cache, "k", 1).window;
    make_older(&server, "k", 60000);
    request.now_ms = known.start_ms + 59500; /* this host's clock is a little behind */
    request.known = &known;
    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    cr_expect(decision.alert);
}

static int decide_once(unsigned number, void *context) {
    struct qmon_cache *own = redis_at(number % 2 ? server.url : server.socket_url, NULL);
    struct qmon_decision decision;
    int r = try_to_decide(own, context, &decision);

    own->class->close(own);
    return r < 0 ? 9 : decision.alert;
}

/* On a machine so busy that an answer takes 200 ms there are processes that cannot decide: those rounds say less, and the next one has
 * fewer of them. */
Test(redis_cache, gives_one_alert_to_twenty_processes_that_ask_at_once, .timeout = 120) {
    unsigned whole_rounds = 0, count = 20;

    for (unsigned round = 0; round < rounds_of(60); round++) {
        int alerts[20], sum = 0, undecided = 0;
        char key[32];
        snprintf(key, sizeof key, "key %u", round);
        run_together(count, decide_once, key, alerts);
        for (unsigned i = 0; i < count; i++) {
            sum += alerts[i] == 1;
            undecided += alerts[i] != 0 && alerts[i] != 1;
        }
        cr_assert_leq(sum, 1, "round %u: %d alerts", round, sum);
        if (undecided > 0) {
            count = count > 4 ? count / 2 : 2;
            continue;
        }
        whole_rounds++;
        cr_assert_eq(sum, 1, "round %u: %d alerts", round, sum);
        cr_assert_eq(decide_now(cache, key, 1).suppressed, count, "all but one, and this one");
        count = count < 10 ? count * 2 : 20;
    }
    cr_expect_geq(whole_rounds, rounds_of(60) / 6);
}

static void ask_many(unsigned count, const char *prefix, struct qmon_decision *ret_decisions) {
    struct qmon_decision_request requests[QMON_DECISIONS_MAX];
    static char keys[QMON_DECISIONS_MAX][32];
    int results[QMON_DECISIONS_MAX];

    for (unsigned i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "%s%u", prefix, i);
        requests[i] = (struct qmon_decision_request){
            .key = keys[i], .limit = 1, .window_s = 60, .now_ms = real_ms(), .count = i + 1};
    }
    qmon_cache_decide_many(cache, requests, count, ret_decisions, results);
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(results[i], 0, "%u: %s", i, cache->class->problem(cache));
}

Test(redis_cache, decides_many_at_once_each_by_itself) {
    struct qmon_decision decisions[QMON_DECISIONS_MAX];

    for (unsigned round = 0; round < 3; round++) {
        if (round == 2) /* it does not know the script any more */
            free(redis_server_ask(&server, "SCRIPT FLUSH"));
        ask_many(QMON_DECISIONS_MAX, "m", decisions);
        for (unsigned i = 0; i < QMON_DECISIONS_MAX; i++) {
            cr_expect_eq(decisions[i].alert, round == 0, "round %u, %u", round, i);
            cr_expect_eq(decisions[i].total, (round + 1) * (i + 1));
            cr_expect_str_eq(decisions[i].source, "redis");
        }
    }
}

Test(redis_cache, decides_many_at_once_after_a_restart) {
    struct qmon_decision decisions[8];

    ask_many(8, "m", decisions);
    redis_server_kill(&server);
    redis_server_start_again(&server, NULL);
    ask_many(8, "m", decisions);
    for (unsigned i = 0; i < 8; i++)
        cr_expect(decisions[i].alert);
}

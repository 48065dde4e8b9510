/* The chain: who decides, and who learns of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/cache.h>

TestSuite(chain, .timeout = 10);

/* A cache that does what it is told and remembers what it was asked. */
struct puppet {
    struct qmon_cache cache;
    int result;
    struct qmon_window recalled; /* what it gives to recall */
    unsigned asked, learnt, counted, closed;
    struct qmon_window known, learnt_recalled, learnt_decided;
    bool was_told;
    char reason[64];
};

static int decide(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_decision *ret_decision) {
    struct puppet *puppet = (struct puppet *) cache;

    puppet->asked++;
    puppet->was_told = request->known != NULL;
    if (request->known != NULL)
        puppet->known = *request->known;
    if (puppet->result == 0)
        *ret_decision = (struct qmon_decision){
            .alert = true, .total = 5, .source = cache->class->name, .window = {.start_ms = 77, .total = 5}};
    return puppet->result;
}

static const char *problem(struct qmon_cache *cache) {
    return ((struct puppet *) cache)->result < 0 ? cache->class->name : NULL;
}

static void close_puppet(struct qmon_cache *cache) {
    ((struct puppet *) cache)->closed++;
}

static int recall(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_window *ret_window) {
    (void) request;
    *ret_window = ((struct puppet *) cache)->recalled;
    return ret_window->total == 99 ? -EBUSY : 0;
}

static void learn(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  const struct qmon_window *recalled, const struct qmon_window *decided) {
    struct puppet *puppet = (struct puppet *) cache;

    (void) request;
    puppet->learnt++;
    puppet->learnt_recalled = *recalled;
    puppet->learnt_decided = *decided;
}

static void count(struct qmon_cache *cache, const char *name, const char *reason) {
    struct puppet *puppet = (struct puppet *) cache;

    cr_expect_str_eq(name, "dedup.fallback");
    snprintf(puppet->reason, sizeof puppet->reason, "%s", reason);
    puppet->counted++;
}

static const struct qmon_cache_class forgetful = {
    .name = "first", .decide = decide, .problem = problem, .close = close_puppet};
static const struct qmon_cache_class remembering = {.name = "second",
                                                    .decide = decide,
                                                    .problem = problem,
                                                    .close = close_puppet,
                                                    .recall = recall,
                                                    .learn = learn,
                                                    .count = count};
static const struct qmon_cache_class last = {
    .name = "third", .decide = decide, .problem = problem, .close = close_puppet};

static struct puppet first, second, third;
static struct qmon_cache *chain;
static const struct qmon_decision_request request = {
    .key = "k", .limit = 1, .window_s = 60, .now_ms = 1000, .count = 1};

static void set_up(int first_result, int second_result) {
    first = (struct puppet){.cache = {&forgetful}, .result = first_result};
    second =
        (struct puppet){.cache = {&remembering}, .result = second_result, .recalled = {.total = 3, .suppressed = 2}};
    third = (struct puppet){.cache = {&last}};
    chain = qmon_cache_chain(&first.cache, &second.cache, &third.cache);
    cr_assert_not_null(chain);
}

static const char *decider(void) {
    struct qmon_decision decision;

    cr_assert_eq(chain->class->decide(chain, &request, &decision), 0);
    return decision.source;
}

Test(chain, lets_the_first_decide_and_the_second_know) {
    set_up(0, 0);
    cr_expect_str_eq(decider(), "first");
    cr_expect(first.was_told);
    cr_expect_eq(first.known.suppressed, 2);
    cr_expect_eq(second.asked, 0);
    cr_expect_eq(second.learnt, 1);
    cr_expect_eq(second.learnt_recalled.suppressed, 2);
    cr_expect_eq(second.learnt_decided.start_ms, 77);
    cr_expect_eq(second.counted, 0);
    cr_expect_null(chain->class->problem(chain));
    chain->class->close(chain);
}

Test(chain, falls_back_and_counts_why) {
    set_up(-ETIMEDOUT, 0);
    cr_expect_str_eq(decider(), "second");
    cr_expect_eq(second.learnt, 0);
    cr_expect_eq(second.counted, 1);
    cr_expect_str_eq(second.reason, "first: timed out");
    cr_expect_str_eq(chain->class->problem(chain), "first");
    first.result = 0;
    cr_expect_str_eq(decider(), "first");
    cr_expect_null(chain->class->problem(chain));
    chain->class->close(chain);
}

Test(chain, falls_back_twice) {
    set_up(-ECONNREFUSED, -EBUSY);
    cr_expect_str_eq(decider(), "third");
    cr_expect_eq(second.counted, 1, "not in itself for itself");
    cr_expect_str_eq(second.reason, "first: connection refused");
    chain->class->close(chain);
}

Test(chain, asks_without_knowledge_where_there_is_none) {
    set_up(0, 0);
    second.recalled.total = 99;
    cr_expect_str_eq(decider(), "first");
    cr_expect_not(first.was_told);
    chain->class->close(chain);
}

Test(chain, fails_when_all_fail_and_leaves_the_decision_alone) {
    struct qmon_decision decision = {.total = 123};

    set_up(-EIO, -EBUSY);
    third.result = -ENOMEM;
    cr_expect_eq(chain->class->decide(chain, &request, &decision), -ENOMEM);
    cr_expect_eq(decision.total, 123);
    chain->class->close(chain);
}

Test(chain, skips_who_is_not_there_and_closes_who_is) {
    struct qmon_decision decision;

    set_up(0, 0);
    chain->class->close(chain);
    cr_expect_eq(first.closed, 1);
    cr_expect_eq(second.closed, 1);
    cr_expect_eq(third.closed, 1);
    chain = qmon_cache_chain(NULL, NULL, &third.cache);
    cr_expect_str_eq(decider(), "third");
    chain->class->close(chain);
    chain = qmon_cache_chain(NULL, NULL, NULL);
    cr_expect_lt(chain->class->decide(chain, &request, &decision), 0);
    chain->class->close(chain);
}

/* --- several at once --- */

Test(chain, asks_each_member_only_what_those_before_it_could_not_decide) {
    struct qmon_decision_request requests[3] = {request, request, request};
    struct qmon_decision decisions[3];
    int results[3];

    set_up(-ETIMEDOUT, 0);
    qmon_cache_decide_many(chain, requests, 3, decisions, results);
    cr_expect_eq(first.asked, 3);
    cr_expect_eq(second.asked, 3);
    cr_expect_eq(third.asked, 0);
    cr_expect_eq(second.counted, 3);
    cr_expect_str_eq(second.reason, "first: timed out");
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(results[i], 0);
        cr_expect_str_eq(decisions[i].source, "second");
    }
    first.result = 0;
    qmon_cache_decide_many(chain, requests, 3, decisions, results);
    cr_expect_str_eq(decisions[2].source, "first");
    cr_expect_eq(second.asked, 3);
    cr_expect_eq(second.learnt, 3);
    cr_expect_eq(first.known.suppressed, 2);
    chain->class->close(chain);
}

Test(chain, says_of_each_that_nobody_could_decide_it) {
    struct qmon_decision_request requests[2] = {request, request};
    struct qmon_decision decisions[2] = {{.total = 123}, {.total = 123}};
    int results[2] = {0};

    set_up(-EIO, -EBUSY);
    third.result = -ENOMEM;
    qmon_cache_decide_many(chain, requests, 2, decisions, results);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(results[i], -ENOMEM);
        cr_expect_eq(decisions[i].total, 123);
    }
    chain->class->close(chain);
}

Test(chain, asks_who_is_near_and_nobody_afar) {
    struct qmon_decision decision;

    set_up(0, 0);
    cr_expect_eq(chain->class->decide_near(chain, &request, &decision), 0);
    cr_expect_str_eq(decision.source, "second");
    cr_expect_eq(first.asked, 0);
    chain->class->close(chain);
}

/* --- hot keys --- */

static struct qmon_window hot(uint64_t total, uint64_t asked_ms) {
    return (struct qmon_window){.start_ms = 900, .alerts = 1, .total = total, .suppressed = 2, .asked_ms = asked_ms};
}

Test(chain, a_hot_key_that_may_not_alert_is_counted_by_the_host_alone) {
    struct qmon_decision_request requests[2] = {request, request};
    struct qmon_decision decisions[2];
    int results[2];

    set_up(0, 0);
    second.recalled = hot(100, 950); /* 50 ms ago */
    cr_expect_str_eq(decider(), "first", "nobody has failed");
    cr_expect_eq(first.asked, 0);
    cr_expect_eq(second.asked, 1);
    cr_expect_eq(second.counted, 0);
    qmon_cache_decide_many(chain, requests, 2, decisions, results);
    cr_expect_eq(first.asked, 0);
    cr_expect_eq(second.asked, 3);
    cr_expect(results[0] == 0 && results[1] == 0);
    cr_expect_str_eq(decisions[1].source, "first");
    chain->class->close(chain);
}

Test(chain, the_first_is_asked_again_when_it_was_not_for_a_while_or_something_may_alert) {
    static const struct {
        struct qmon_window window;
        const char *why;
    } rows[] = {
        {{.start_ms = 900, .alerts = 1, .total = 99, .asked_ms = 950}, "it is not hot yet"},
        {{.start_ms = 900, .alerts = 1, .total = 100, .asked_ms = 900}, "it was asked 100 ms ago"},
        {{.start_ms = 900, .alerts = 0, .total = 1000, .asked_ms = 950}, "it may alert"},
        {{.start_ms = 900, .alerts = 1, .total = 1000, .asked_ms = 0}, "it was never asked"},
        {{.start_ms = 900, .alerts = 1, .total = 1000, .asked_ms = 1001}, "the clock went back"},
        {{.start_ms = 1001, .alerts = 1, .total = 1000, .asked_ms = 950}, "the clock went back behind the window"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up(0, 0);
        second.recalled = rows[i].window;
        decider();
        cr_expect_eq(first.asked, 1, "%s", rows[i].why);
        chain->class->close(chain);
    }
    struct qmon_window window = hot(1000000, 1);
    struct qmon_decision_request late = {.key = "k", .limit = 1, .window_s = 3600, .now_ms = 59999, .count = 1};
    window.start_ms = 1;
    cr_expect(qmon_window_may_wait(&window, &late));
    late.now_ms = 60001;
    cr_expect_not(qmon_window_may_wait(&window, &late), "a minute is the most");
    late.now_ms = 3700000;
    window.asked_ms = 3699999;
    cr_expect_not(qmon_window_may_wait(&window, &late), "the window is over");
}

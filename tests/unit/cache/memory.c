/* What a process remembers by itself. */
#include <criterion/criterion.h>
#include <stdio.h>

#include <qmon/cache.h>

static struct qmon_cache *cache;

static void setup(void) {
    cache = qmon_cache_memory();
}

static void teardown(void) {
    cache->class->close(cache);
}

TestSuite(memory_cache, .init = setup, .fini = teardown, .timeout = 20);

static struct qmon_decision decide(const char *key, uint64_t now_ms) {
    struct qmon_decision_request request = {.key = key, .limit = 1, .window_s = 60, .now_ms = now_ms, .count = 1};
    struct qmon_decision decision = {0};

    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    return decision;
}

Test(memory_cache, counts_what_it_holds_back_until_the_window_ends) {
    cr_expect(decide("a", 1000).alert);
    cr_expect_not(decide("a", 2000).alert);
    cr_expect(decide("b", 2000).alert);
    cr_expect_eq(decide("a", 61000).suppressed, 1);
    cr_expect_str_eq(decide("a", 61000).source, "memory");
    cr_expect_null(cache->class->problem(cache));
}

Test(memory_cache, forgets_the_key_seen_longest_ago_when_there_are_too_many) {
    char key[32];

    decide("first", 1000);
    for (unsigned i = 0; i < 1023; i++) {
        snprintf(key, sizeof key, "key %u", i);
        decide(key, 2000 + i);
    }
    cr_expect_not(decide("first", 5000).alert, "it fits");
    decide("one more", 5001);
    cr_expect_not(decide("first", 5002).alert);
    cr_expect(decide("key 0", 5003).alert, "this one had to go");
}

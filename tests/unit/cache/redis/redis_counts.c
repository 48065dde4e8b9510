/*
 * What Redis counts over the fleet: occurrences, hosts, versions; over windows, questions asked twice, and a flush; bounded.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/store.h>

#include "redis_support.h"
#include "scratch.h"

static struct redis_server server;
static struct qmon_cache *cache;
static struct qmon_decision decision;

static void setup(void) {
    if (!redis_server_start(&server, NULL))
        cr_skip_test("there is no redis-server");
    cache = redis_at(server.url, NULL);
}

static void teardown(void) {
    cache->class->close(cache);
    redis_server_stop(&server);
}

TestSuite(redis_counts, .init = setup, .fini = teardown, .timeout = 60);

static void occur(const char *key, const char *host, const char *version, uint64_t count) {
    struct qmon_decision_request request = {
        .key = key, .limit = 1, .window_s = 60, .now_ms = real_ms(), .count = count, .host = host, .version = version};

    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0, "%s", cache->class->problem(cache));
}

static void expect_version(size_t i, const char *name, uint64_t occurrences) {
    cr_assert_lt(i, decision.fleet.version_count);
    cr_expect_str_eq(decision.fleet.versions[i].name, name);
    cr_expect_eq(decision.fleet.versions[i].occurrences, occurrences, "%s: %lu", name,
                 (unsigned long) decision.fleet.versions[i].occurrences);
}

Test(redis_counts, occurrences_hosts_and_versions) {
    occur("k", "a", "1.0", 1);
    cr_expect_eq(decision.fleet.occurrences, 1);
    cr_expect_eq(decision.fleet.hosts, 1);
    occur("k", "b", "1.0", 5);
    occur("k", "a", "1.1", 1);
    occur("other", "c", "2", 1);
    occur("k", "b", "1.0", 1);
    cr_expect_eq(decision.fleet.occurrences, 8);
    cr_expect_eq(decision.fleet.hosts, 2);
    cr_expect_eq(decision.fleet.version_count, 2);
    expect_version(0, "1.0", 7);
    expect_version(1, "1.1", 1);
}

Test(redis_counts, goes_on_over_windows) {
    occur("k", "a", "1.0", 3);
    make_older(&server, "k", 120000);
    occur("k", "b", "1.0", 1);
    cr_expect(decision.alert, "a new window");
    cr_expect_eq(decision.total, 1);
    cr_expect_eq(decision.fleet.occurrences, 4);
    cr_expect_eq(decision.fleet.hosts, 2);
    cr_expect_leq(real_ms() - decision.fleet.versions[0].first_seen_ms, 10000, "versions have their own times");
    cr_expect_geq(real_ms() - decision.first_seen_ms, 119000);
}

Test(redis_counts, says_nothing_of_what_is_not_known) {
    occur("k", NULL, NULL, 1);
    occur("k", "", "", 1);
    cr_expect_eq(decision.fleet.occurrences, 2);
    cr_expect_eq(decision.fleet.hosts, 0);
    cr_expect_eq(decision.fleet.version_count, 0);
}

Test(redis_counts, is_bounded) {
    char name[64], *bytes;

    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof name, "host-%d.example", i);
        occur("k", name, "1", 1);
    }
    cr_expect_eq(decision.fleet.hosts, 1024);
    cr_expect_eq(decision.fleet.occurrences, 1100);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "version-%d", i);
        occur("k", "a", name, 1);
    }
    cr_expect_eq(decision.fleet.version_count, QMON_VERSIONS_MAX);
    expect_version(0, "version-39", 1);
    expect_version(7, "version-32", 1);
    bytes = redis_server_ask(&server, "MEMORY USAGE qmon:{k}:window SAMPLES 0");
    cr_expect_lt(atoi(bytes), 150000, "%s bytes", bytes);
    free(bytes);
}

Test(redis_counts, names_of_any_kind_are_harmless) {
    char name[300];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    occur("k", name, name, 1);
    cr_expect_eq(strlen(decision.fleet.versions[0].name), QMON_VERSION_BYTES - 1);
    occur("k", "tab\there", "1\t2\t3\t4\n5 % \xff", 1);
    expect_version(0, "1 2 3 4 5 % \xff", 1);
    occur("k", "tab\there", "1\t2\t3\t4\n5 % \xff", 1);
    expect_version(0, "1 2 3 4 5 % \xff", 2);
    cr_expect_eq(decision.fleet.hosts, 2);
}

Test(redis_counts, counts_large_numbers_exactly) {
    occur("k", "a", "1", UINT64_C(4000000000000000));
    occur("k", "a", "1", UINT64_C(4000000000000000));
    cr_expect_eq(decision.fleet.occurrences, UINT64_C(8000000000000000));
    expect_version(0, "1", UINT64_C(8000000000000000));
    cr_expect_eq(decision.suppressed, UINT64_C(4000000000000000));
}

Test(redis_counts, what_was_counted_locally_is_added_after_an_outage) {
    struct scratch scratch = scratch_make();
    struct qmon_store *store = qmon_store_open(scratch.path, NULL);
    struct qmon_cache *chain = qmon_cache_chain(redis_at(server.url, NULL), qmon_cache_local(store), NULL);

    decide_now(chain, "k", 1);
    redis_server_kill(&server);
    for (int i = 0; i < 4; i++)
        cr_expect_str_eq(decide_now(chain, "k", 1).source, "local");
    redis_server_start_again(&server, NULL);
    decision = decide_now(chain, "k", 1);
    cr_expect_str_eq(decision.source, "redis");
    cr_expect_eq(decision.fleet.occurrences, 6, "%lu", (unsigned long) decision.fleet.occurrences);
    chain->class->close(chain);
    qmon_store_close(store);
    scratch_remove(&scratch);
}

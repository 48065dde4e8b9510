/*
 * A real master, its replica, and three sentinels:
 *  1. the master is found, whichever sentinels are dead; its database and password are used
 *  2. failover in mid-storm: the local store decides within 250 ms each, the promoted replica afterwards; one alert a problem
 *  3. sentinels with a password of their own, the same, none; and a wrong one is said
 *  4. a service that nobody knows, sentinels that are none, a master that is frozen
 */
#include "redis_sentinel.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qmon/store.h>

#include "config_with.h"
#include "redis_cluster_nodes.h"
#include "redis_support.h"

#define SENTINELS 3

static struct redis_server master, replica, sentinels[SENTINELS];
static struct scratch scratch;
static struct qmon_store *store;
static struct qmon_cache *cache;
static char url[512], lines[512];

static void setup(void) {
    const char *problem;

    scratch = scratch_make();
    store = qmon_store_open(scratch.path, &problem);
}

static void teardown(void) {
    if (cache != NULL)
        cache->class->close(cache);
    qmon_store_close(store);
    for (int i = 0; i < SENTINELS; i++)
        if (sentinels[i].scratch.path[0] != '\0')
            redis_server_stop(&sentinels[i]);
    if (replica.scratch.path[0] != '\0')
        redis_server_stop(&replica);
    if (master.scratch.path[0] != '\0')
        redis_server_stop(&master);
    scratch_remove(&scratch);
}

TestSuite(redis_sentinel, .init = setup, .fini = teardown, .timeout = 120);

static void start_servers(void) {
    char port[8];

    if (!redis_server_start(&master, (const char *const[]){"--repl-diskless-sync-delay", "0", NULL}))
        cr_skip_test("there is no redis-server");
    snprintf(port, sizeof port, "%u", master.port);
    cr_assert(redis_server_start(&replica, (const char *const[]){"--replicaof", "127.0.0.1", port, NULL}));
    redis_server_await(&replica, "INFO replication", "master_link_status:up");
}

static void start_sentinels(const char *more) {
    snprintf(lines, sizeof lines,
             "sentinel monitor mymaster 127.0.0.1 %u 2\nsentinel down-after-milliseconds mymaster 500\n"
             "sentinel failover-timeout mymaster 3000\n%s",
             master.port, more);
    for (int i = 0; i < SENTINELS; i++) {
        sentinels[i].sentinel = lines;
        cr_assert(redis_server_start(&sentinels[i], NULL));
    }
}

static void await_sentinels(void) {
    for (int i = 0; i < SENTINELS; i++) {
        redis_server_await(&sentinels[i], "INFO sentinel", "sentinels=3");
        redis_server_await(&sentinels[i], "INFO sentinel", "slaves=1");
    }
}

static void use(const char *variable) {
    snprintf(url, sizeof url, "redis+sentinel://127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u/mymaster", sentinels[0].port,
             sentinels[1].port, sentinels[2].port);
    if (cache != NULL)
        cache->class->close(cache);
    cache = redis_at(url, variable);
}

Test(redis_sentinel, names_the_master) {
    start_servers();
    start_sentinels("");
    use(NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
    cr_expect_not(decide_now(cache, "k", 1).alert);
    cr_expect_eq(field_of(&master, "k", "t"), 2);
    redis_server_kill(&sentinels[0]);
    redis_server_kill(&sentinels[1]);
    use(NULL);
    cr_expect_not(decide_in_time(cache, "k").alert, "by the third one");
}

Test(redis_sentinel, a_failover_in_mid_storm_neither_floods_nor_silences) {
    static const char *const problems[] = {"a|s|t", "b|s|t", "c|s|t", "d|s|t"};
    unsigned alerts[4] = {0}, by_redis = 0, by_local = 0;
    double until;

    start_servers();
    start_sentinels("");
    await_sentinels();
    use(NULL);
    cache = qmon_cache_chain(cache, qmon_cache_local(store), NULL);
    for (int i = 0; i < 100; i++)
        alerts[i % 3] += decide_in_time(cache, problems[i % 3]).alert;
    redis_server_kill(&master);
    alerts[3] += decide_in_time(cache, problems[3]).alert; /* new while nobody is there */
    cr_expect_eq(alerts[3], 1, "not silenced");
    until = monotonic_ms() + 30000;
    while (by_redis < 40) {
        struct qmon_decision decision = decide_in_time(cache, problems[(by_redis + by_local) % 4]);
        alerts[(by_redis + by_local) % 4] += decision.alert;
        if (strcmp(decision.source, "redis") == 0)
            by_redis++;
        else
            by_local++;
        cr_assert_lt(monotonic_ms(), until, "no failover: %s", cache->class->problem(cache));
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    cr_expect_gt(by_local, 10);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(alerts[i], 1, "%s: %u alerts", problems[i], alerts[i]);
    cr_expect_geq(field_of(&replica, "a|s|t", "t"), 34, "nothing that was counted is lost");
}

Test(redis_sentinel, an_old_master_that_comes_back_is_not_taken_for_one) {
    char options[8];

    start_servers();
    start_sentinels("");
    await_sentinels();
    use(NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
    snprintf(options, sizeof options, "%u", replica.port);
    free(redis_server_ask(&replica, "REPLICAOF NO ONE"));
    free(redis_server_ask(&master, "REPLICAOF 127.0.0.1 %u", replica.port));
    redis_server_await(&master, "INFO replication", "role:slave");
    cr_expect_lt(try_to_decide(cache, "k", &(struct qmon_decision){0}), 0, "it takes no writes");
    cr_expect_not_null(strstr(cache->class->problem(cache), "it takes no writes"), "%s", cache->class->problem(cache));
}

Test(redis_sentinel, is_given_its_password) {
    start_servers();
    start_sentinels("requirepass hunter2\n");
    use(NULL);
    cr_expect_eq(try_to_decide(cache, "k", &(struct qmon_decision){0}), -EACCES);
    cr_expect_not_null(strstr(cache->class->problem(cache), "sentinel"), "%s", cache->class->problem(cache));
    use("REDIS_SENTINEL_PASSWORD=hunter3");
    cr_expect_eq(try_to_decide(cache, "k", &(struct qmon_decision){0}), -EACCES);
    cr_expect_null(strstr(cache->class->problem(cache), "hunter"), "%s", cache->class->problem(cache));
    use("REDIS_SENTINEL_PASSWORD=hunter2");
    cr_expect(decide_now(cache, "k", 1).alert);
    free(redis_server_say(&master, "CONFIG SET requirepass hunter2"));
    use("REDIS_PASSWORD=hunter2");
    cr_expect_not(decide_now(cache, "k", 1).alert, "the same for both");
}

Test(redis_sentinel, needs_no_password_where_only_redis_wants_one) {
    start_servers();
    start_sentinels("sentinel auth-pass mymaster hunter2\n");
    free(redis_server_say(&master, "CONFIG SET requirepass hunter2"));
    snprintf(url, sizeof url, "redis+sentinel://:hunter2@127.0.0.1:%u/mymaster/2", sentinels[0].port);
    cache = redis_at(url, NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
}

Test(redis_sentinel, who_is_no_help_is_said) {
    start_servers();
    start_sentinels("");
    snprintf(url, sizeof url, "redis+sentinel://127.0.0.1:%u/nobody", sentinels[0].port);
    cache = redis_at(url, NULL);
    cr_expect_eq(try_to_decide(cache, "k", &(struct qmon_decision){0}), -ENODEV);
    cr_expect_not_null(strstr(cache->class->problem(cache), "no master of this name"), "%s",
                       cache->class->problem(cache));
    cache->class->close(cache);
    snprintf(url, sizeof url, "redis+sentinel://127.0.0.1:%u/mymaster", master.port);
    cache = redis_at(url, NULL);
    cr_expect_lt(try_to_decide(cache, "k", &(struct qmon_decision){0}), 0, "it is no sentinel");
    cache->class->close(cache);
    snprintf(url, sizeof url, "redis+sentinel://127.0.0.1:%u/mymaster", free_port());
    cache = redis_at(url, NULL);
    cr_expect_eq(try_to_decide(cache, "k", &(struct qmon_decision){0}), -ECONNREFUSED);
}

Test(redis_sentinel, a_frozen_master_costs_no_more_than_its_time) {
    start_servers();
    start_sentinels("sentinel down-after-milliseconds mymaster 60000\n");
    use(NULL);
    cache = qmon_cache_chain(cache, qmon_cache_local(store), NULL);
    cr_expect(decide_in_time(cache, "k").alert);
    kill(master.pid, SIGSTOP);
    for (int i = 0; i < 5; i++)
        cr_expect_not(decide_in_time(cache, "k").alert);
    kill(master.pid, SIGCONT);
    cr_expect_eq(storm_until_redis(cache, "k"), 0);
}

Test(redis_sentinel, is_described_for_people) {
    struct qmon_config *config;
    char reason[512], variable[600];

    start_servers();
    start_sentinels("");
    use(NULL);
    snprintf(variable, sizeof variable, "REDIS_URL=%s", url);
    config = config_with(variable);
    cr_expect(qmon_cache_redis_check(config, reason, sizeof reason), "%s", reason);
    cr_expect_not_null(strstr(reason, "the master of mymaster by its sentinel, with 1 replica"), "%s", reason);
    qmon_config_free(config);
}

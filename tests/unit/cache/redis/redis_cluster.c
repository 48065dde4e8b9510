/*
 * A real cluster, three masters and three replicas:
 *  1. each key is decided by the node that keeps it, whichever node is asked first
 *  2. a slot that is being moved: asked where it was and where it goes, and decided once
 *  3. a master dies: the local store takes over within 250 ms, the promoted replica afterwards, and no problem alerts twice
 *  4. the node that was configured dies; a seed that is dead from the start
 *  5. what the nodes say about each other is read as it may come
 */
#include "redis_cluster.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qmon/store.h>

#include "config_with.h"
#include "redis_cluster_nodes.h"
#include "redis_support.h"

static struct redis_cluster cluster;
static struct qmon_cache *cache;

static void setup(void) {
    if (!redis_cluster_start(&cluster))
        cr_skip_test("there is no redis-server");
}

static void teardown(void) {
    if (cache != NULL)
        cache->class->close(cache);
    redis_cluster_stop(&cluster);
}

TestSuite(redis_cluster, .init = setup, .fini = teardown, .timeout = 120);

static unsigned slot_of(const char *key) {
    char whole[128];

    snprintf(whole, sizeof whole, "qmon:{%s}:window", key);
    return qmon__redis_slot(whole);
}

/* A key that node i keeps, different ones for different n. */
static const char *key_of(unsigned i, unsigned n) {
    static char key[64];

    for (unsigned tried = 0;; tried++) {
        snprintf(key, sizeof key, "problem %u.%u|service|stage", n, tried);
        if (slot_of(key) * CLUSTER_MASTERS / 16384 == i)
            return key;
    }
}

Test(redis_cluster, knows_slots_as_the_cluster_does) {
    for (int i = 0; i < 20; i++) {
        char key[64], *slot;
        snprintf(key, sizeof key, "qmon:{problem-%d|x|y}:window", i);
        slot = redis_server_ask(&cluster.nodes[0], "CLUSTER KEYSLOT %s", key);
        cr_expect_eq((unsigned) atoi(slot), qmon__redis_slot(key), "%s", key);
        free(slot);
    }
}

Test(redis_cluster, each_key_is_decided_by_the_node_that_keeps_it) {
    for (unsigned seed = 0; seed < CLUSTER_NODES; seed++) { /* replicas too */
        struct qmon_cache *other = redis_at(cluster.nodes[seed].url, NULL);
        for (unsigned n = 0; n < 10; n++)
            for (unsigned i = 0; i < CLUSTER_MASTERS; i++)
                cr_expect_eq(decide_now(other, key_of(i, n), 1).alert, seed == 0, "seed %u, key %u.%u", seed, i, n);
        other->class->close(other);
    }
    for (unsigned i = 0; i < CLUSTER_MASTERS; i++) {
        char *count = redis_server_ask(&cluster.nodes[i], "DBSIZE");
        cr_expect_geq(atoi(count), 10, "node %u keeps %s", i, count);
        free(count);
    }
}

Test(redis_cluster, many_at_once_go_to_the_nodes_that_keep_them) {
    struct qmon_cache *other = redis_at(cluster.nodes[0].url, NULL);

    for (unsigned round = 0; round < 3; round++) {
        struct qmon_decision_request requests[10 * CLUSTER_MASTERS];
        struct qmon_decision decisions[10 * CLUSTER_MASTERS];
        char keys[10 * CLUSTER_MASTERS][64];
        int results[10 * CLUSTER_MASTERS];
        for (unsigned i = 0; i < 10 * CLUSTER_MASTERS; i++) {
            snprintf(keys[i], sizeof keys[i], "%s", key_of(i % CLUSTER_MASTERS, 100 + i));
            requests[i] = (struct qmon_decision_request){
                .key = keys[i], .limit = 1, .window_s = 60, .now_ms = real_ms(), .count = 1};
        }
        qmon_cache_decide_many(other, requests, 10 * CLUSTER_MASTERS, decisions, results);
        for (unsigned i = 0; i < 10 * CLUSTER_MASTERS; i++) {
            cr_assert_eq(results[i], 0, "%u in round %u: %s", i, round, other->class->problem(other));
            cr_expect_eq(decisions[i].total, round + 1);
            cr_expect_eq(decisions[i].alert, round == 0);
        }
    }
    other->class->close(other);
}

static void move(unsigned slot, struct redis_server *from, struct redis_server *to) {
    char *from_id = redis_cluster_id(from), *to_id = redis_cluster_id(to);

    free(redis_server_ask(to, "CLUSTER SETSLOT %u IMPORTING %s", slot, from_id));
    free(redis_server_ask(from, "CLUSTER SETSLOT %u MIGRATING %s", slot, to_id));
    free(from_id);
    free(to_id);
}

static void moved(unsigned slot, struct redis_server *from, struct redis_server *to) {
    char *to_id = redis_cluster_id(to);

    free(redis_server_ask(to, "CLUSTER SETSLOT %u NODE %s", slot, to_id));
    free(redis_server_ask(from, "CLUSTER SETSLOT %u NODE %s", slot, to_id));
    free(to_id);
}

Test(redis_cluster, a_slot_that_is_being_moved_is_followed) {
    char key[64], whole[128];
    unsigned slot;

    snprintf(key, sizeof key, "%s", key_of(0, 1));
    slot = slot_of(key);
    cache = redis_at(cluster.nodes[1].url, NULL);
    cr_expect(decide_now(cache, key, 1).alert);
    move(slot, &cluster.nodes[0], &cluster.nodes[2]);
    cr_expect_not(decide_now(cache, key, 1).alert, "it is still where it was");
    snprintf(whole, sizeof whole, "qmon:{%s}:window", key);
    free(redis_server_ask(&cluster.nodes[0], "MIGRATE 127.0.0.1 %u %s 0 5000", cluster.nodes[2].port, whole));
    cr_expect_not(decide_now(cache, key, 1).alert, "it is where it goes: ASK");
    cr_expect_not(decide_now(cache, key, 1).alert);
    moved(slot, &cluster.nodes[0], &cluster.nodes[2]);
    cr_expect_not(decide_now(cache, key, 1).alert, "it has arrived: MOVED");
    cr_expect_eq(decide_now(cache, key, 1).suppressed, 5, "all that were held back");
    cr_expect_eq(field_of(&cluster.nodes[2], key, "t"), 6);
}

Test(redis_cluster, a_replica_takes_over_when_its_master_dies) {
    struct scratch scratch = scratch_make();
    const char *problem;
    struct qmon_store *store = qmon_store_open(scratch.path, &problem);
    char old[64], new[64];

    snprintf(old, sizeof old, "%s", key_of(1, 1));
    snprintf(new, sizeof new, "%s", key_of(1, 2));
    cache = qmon_cache_chain(redis_at(cluster.nodes[0].url, NULL), qmon_cache_local(store), NULL);
    cr_expect(decide_in_time(cache, old).alert);
    cr_expect_str_eq(decide_in_time(cache, old).source, "redis");
    redis_server_kill(&cluster.nodes[1]);
    cr_expect_not(decide_in_time(cache, old).alert, "the host knows that it has been told");
    cr_expect_str_eq(decide_in_time(cache, old).source, "local");
    cr_expect(decide_in_time(cache, new).alert, "told although the master is gone");
    cr_expect_eq(storm_until_redis(cache, old), 0);
    cr_expect_eq(storm_until_redis(cache, new), 0);
    cr_expect_not_null(redis_cluster_keeper(&cluster, slot_of(old)));
    cr_expect_geq(field_of(&cluster.nodes[4], old, "t"), 4);
    cache->class->close(cache);
    cache = NULL;
    qmon_store_close(store);
    scratch_remove(&scratch);
}

Test(redis_cluster, goes_on_without_the_node_that_was_configured) {
    char key[64];

    snprintf(key, sizeof key, "%s", key_of(2, 1));
    cache = redis_at(cluster.nodes[0].url, NULL);
    cr_expect(decide_now(cache, key, 1).alert);
    redis_server_kill(&cluster.nodes[0]);
    for (unsigned n = 0; n < 5; n++)
        cr_expect(decide_now(cache, key_of(1, n), 1).alert);
    cr_expect_not(decide_now(cache, key, 1).alert);
}

Test(redis_cluster, takes_the_next_seed_where_one_is_dead) {
    char url[256];

    snprintf(url, sizeof url, "redis://127.0.0.1:%u,127.0.0.1:%u", free_port(), cluster.nodes[4].port);
    cache = redis_at(url, NULL);
    for (unsigned i = 0; i < CLUSTER_MASTERS; i++)
        cr_expect(decide_now(cache, key_of(i, 1), 1).alert);
}

Test(redis_cluster, is_described_for_people) {
    struct qmon_config *config;
    char reason[512], url[128];

    snprintf(url, sizeof url, "REDIS_URL=%s", cluster.nodes[3].url);
    config = config_with(url);
    cr_expect(qmon_cache_redis_check(config, reason, sizeof reason), "%s", reason);
    cr_expect_not_null(strstr(reason, "in a cluster of 3 masters and 3 replicas, state ok"), "%s", reason);
    qmon_config_free(config);
}

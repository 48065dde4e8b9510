/* Real Redis servers that want a password, are full, are replicas, or go away. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_with.h"
#include "redis_support.h"

static struct redis_server server;
static struct qmon_cache *cache;

static void start(const char *const *options) {
    if (!redis_server_start(&server, options))
        cr_skip_test("redis-server is not there");
}

static void teardown(void) {
    if (cache != NULL)
        cache->class->close(cache);
    if (server.pid > 0)
        redis_server_stop(&server);
}

TestSuite(redis_access, .fini = teardown, .timeout = 30);

static void use(const char *url, const char *variable) {
    if (cache != NULL)
        cache->class->close(cache);
    cache = redis_at(url, variable);
}

static void expect_failure(int error, const char *words) {
    struct qmon_decision decision = {.total = 77};

    cr_expect_eq(try_to_decide(cache, "k", &decision), error);
    cr_expect_eq(decision.total, 77, "untouched");
    cr_assert_not_null(cache->class->problem(cache));
    cr_expect_not_null(strstr(cache->class->problem(cache), words), "%s", cache->class->problem(cache));
    cr_expect_null(strstr(cache->class->problem(cache), "hunter2"), "%s", cache->class->problem(cache));
}

Test(redis_access, gives_the_password) {
    start((const char *const[]){"--requirepass", "hunter2", NULL});
    use(server.url, "REDIS_PASSWORD=hunter2");
    cr_expect(decide_now(cache, "k", 1).alert);
    cr_expect_not(decide_now(cache, "k", 1).alert);
    cr_expect_null(cache->class->problem(cache));
    use(server.url, NULL);
    expect_failure(-EACCES, "access denied");
    use(server.url, "REDIS_PASSWORD=hunter22");
    expect_failure(-EACCES, "access denied");
}

Test(redis_access, gives_user_and_password_from_the_address) {
    char url[128];

    start((const char *const[]){"--user", "qmon", "on", ">hunter2", "~qmon:*", "+@all", NULL});
    snprintf(url, sizeof url, "redis://qmon:hunter2@127.0.0.1:%u/3", server.port);
    use(url, NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
    free(redis_server_ask(&server, "ACL SETUSER qmon -eval -evalsha"));
    expect_failure(-EACCES, "access denied");
}

Test(redis_access, works_where_a_password_is_given_but_none_wanted) {
    start(NULL);
    use(server.url, "REDIS_PASSWORD=hunter2");
    cr_expect(decide_now(cache, "k", 1).alert);
}

Test(redis_access, uses_the_database_of_the_address) {
    char url[200];
    char *count;

    start(NULL);
    snprintf(url, sizeof url, "%s?db=5", server.socket_url);
    use(url, NULL);
    decide_now(cache, "k", 1);
    count = redis_server_ask(&server, "DBSIZE");
    cr_expect_str_eq(count, "0");
    free(count);
    snprintf(url, sizeof url, "%s/99", server.url);
    use(url, NULL);
    expect_failure(-EPROTO, "database cannot be selected");
}

Test(redis_access, says_when_memory_is_full) {
    start((const char *const[]){"--maxmemory", "1mb", "--maxmemory-policy", "noeviction", NULL});
    free(redis_server_ask(&server, "SETRANGE big 900000 x"));
    free(redis_server_ask(&server, "CONFIG SET maxmemory 500kb"));
    use(server.url, NULL);
    expect_failure(-ENOBUFS, "out of memory");
    free(redis_server_ask(&server, "CONFIG SET maxmemory 100mb"));
    cr_expect(decide_now(cache, "k", 1).alert, "and works again when it is not");
    cr_expect_null(cache->class->problem(cache));
}

Test(redis_access, says_when_it_is_a_replica) {
    start((const char *const[]){"--replicaof", "127.0.0.1 1", NULL});
    use(server.url, NULL);
    expect_failure(-EROFS, "takes no writes");
}

Test(redis_access, says_when_the_key_is_of_another_kind) {
    start(NULL);
    use(server.url, NULL);
    free(redis_server_ask(&server, "SET qmon:{k}:window hunter3"));
    expect_failure(-EPROTO, "refused");
    cr_expect(decide_now(cache, "other", 1).alert);
}

Test(redis_access, reads_strange_values_as_nothing) {
    start(NULL);
    use(server.url, NULL);
    free(redis_server_ask(&server, "HSET qmon:{k}:window s x a y t z n -- f q"));
    cr_expect(decide_now(cache, "k", 1).alert);
}

Test(redis_access, notices_a_restart_and_asks_again_at_once) {
    start(NULL);
    use(server.url, NULL);
    decide_now(cache, "k", 1);
    redis_server_kill(&server);
    redis_server_start_again(&server, NULL);
    cr_expect(decide_now(cache, "k", 1).alert, "it has forgotten everything");
    free(redis_server_ask(&server, "CLIENT KILL TYPE normal"));
    cr_expect_eq(decide_now(cache, "k", 1).suppressed, 1);
}

Test(redis_access, says_that_nobody_is_there_and_finds_it_when_it_is_back) {
    struct qmon_decision decision;

    start(NULL);
    use(server.url, NULL);
    decide_now(cache, "k", 1);
    redis_server_kill(&server);
    expect_failure(-ECONNREFUSED, "refused");
    use(server.socket_url, NULL);
    cr_expect_eq(try_to_decide(cache, "k", &decision), -ECONNREFUSED, "the socket is there, but nobody behind it");
    redis_server_start_again(&server, NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
}

static bool check(const char *url, const char *variable, char *ret_reason) {
    char text[200];
    struct qmon_config *config;
    bool fine;

    snprintf(text, sizeof text, "REDIS_URL=%s", url);
    config = config_with(text, variable);
    fine = qmon_cache_redis_check(config, ret_reason, 256);
    qmon_config_free(config);
    cr_expect_null(strstr(ret_reason, "hunter2"), "%s", ret_reason);
    return fine;
}

Test(redis_access, tells_the_doctor_version_and_speed_or_what_is_wrong) {
    char reason[256], expected[64];
    char *size;

    cr_expect_not(check("", NULL, reason));
    cr_expect_str_eq(reason, "not configured");
    cr_expect_not(check("redis://:hunter2@h:99999", NULL, reason));
    cr_expect_str_eq(reason, "REDIS_URL has a port that is not between 1 and 65535");
    start((const char *const[]){"--requirepass", "hunter2", NULL});
    cr_expect_not(check(server.url, NULL, reason));
    cr_expect_not_null(strstr(reason, "access denied"), "%s", reason);
    cr_expect(check(server.url, "REDIS_PASSWORD=hunter2", reason), "%s", reason);
    snprintf(expected, sizeof expected, " at 127.0.0.1:%u, ", server.port);
    cr_expect_not_null(strstr(reason, expected), "%s", reason);
    cr_expect_eq(strncmp(reason, "redis ", 6), 0);
    cr_expect(reason[6] >= '4' && reason[6] <= '9', "a version: %s", reason);
    free(redis_server_ask(&server, "CONFIG SET requirepass \"\""));
    size = redis_server_ask(&server, "AUTH hunter2");
    free(size);
    redis_server_kill(&server);
    cr_expect_not(check(server.url, NULL, reason));
    cr_expect_not_null(strstr(reason, "refused"), "%s", reason);
    server.pid = 0;
    scratch_remove(&server.scratch);
}

/*
 * Redis found through SSM, by a server that checks every signature:
 *  1. found by the first decision, remembered by the host, and not asked for again
 *  2. slow: nobody waits longer than a decision may take, and the next ones have it
 *  3. not there, or refused: no trouble, no problem to tell of, and not asked for again with each event
 *  4. what is remembered grows old: it is used, and looked for again by others; a place that does not answer, sooner
 *  5. AWS away: the place stays; the file damaged: as if it were not there
 *  6. begun at a program's start, so that its crash finds it known
 *  7. not looked for where there is no stage, no sign of AWS, or a Redis is named
 */
#include "discovery.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "aws_mock.h"
#include "config_with.h"
#include "redis_support.h"

static struct redis_server server;
static struct scratch state;
static struct aws_mock mock;
static char port[8], state_variable[256];
static struct qmon_decision decision;

static void setup(void) {
    state = scratch_make();
    snprintf(state_variable, sizeof state_variable, "QMON_STATE_DIR=%s", state.path);
    if (!redis_server_start(&server, NULL))
        cr_skip_test("there is no redis-server");
    snprintf(port, sizeof port, "%u", server.port);
    mock = (struct aws_mock){.prefix = "/quarkle/test/cache", .endpoint = "127.0.0.1", .port = port};
    mock.expected = (struct sigv4_expected){
        .key_id = "AKIDEXAMPLE", .secret = MOCK_SECRET, .token = "", .region = "us-west-2", .service = "ssm"};
    aws_mock_start(&mock);
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", MOCK_SECRET, 1);
    setenv("AWS_REGION", "us-west-2", 1);
}

static void teardown(void) {
    cr_expect_null(atomic_load(&mock.complaint), "%s", atomic_load(&mock.complaint));
    if (mock.server != NULL)
        aws_mock_stop(&mock);
    if (server.pid > 0)
        redis_server_stop(&server);
    scratch_remove(&state);
}

TestSuite(discovery, .init = setup, .fini = teardown, .timeout = 60);

static struct qmon_config *configuration(void) {
    return config_with("STAGE=test", state_variable);
}

static struct qmon_cache *open_cache(void) {
    struct qmon_config *config = configuration();
    struct qmon_cache *cache = qmon_cache_redis(config);

    qmon_config_free(config);
    cr_assert_not_null(cache);
    return cache;
}

/* By a cache of its own, as a receiver would; what decide returned. */
static int decide_once(const char *key) {
    struct qmon_cache *cache = open_cache();
    double before = monotonic_ms(), took;
    int r = try_to_decide(cache, key, &decision);

    took = monotonic_ms() - before;
    cr_expect_lt(took, 600, "%.0f ms; 250 where nobody else works", took);
    cr_expect_null(r == -ENODATA || r == -EINPROGRESS ? cache->class->problem(cache) : NULL);
    cache->class->close(cache);
    return r;
}

static void path_of_file(char *ret_path, size_t bytes) {
    struct qmon_config *config = configuration();
    struct qmon__discovery discovery;

    cr_assert(qmon__discovery_of(config, &discovery));
    snprintf(ret_path, bytes, "%s", discovery.path);
    qmon_config_free(config);
}

static struct qmon__place remembered(void) {
    struct qmon__place place;
    char path[512];

    path_of_file(path, sizeof path);
    qmon__place_read(path, &place);
    return place;
}

static void remember(const char *where, uint16_t at_port, uint64_t found_s, uint64_t tried_s) {
    struct qmon__place place = {.port = at_port};
    char path[512];

    snprintf(place.where, sizeof place.where, "%s", where);
    place.found_ms = found_s > 0 ? qmon_real_ms() - found_s * 1000 : 0;
    place.tried_ms = qmon_real_ms() - tried_s * 1000;
    path_of_file(path, sizeof path);
    cr_assert_eq(qmon__place_write(path, &place), 0);
}

static void await_asked(unsigned count) {
    for (int i = 0; i < 1000 && atomic_load(&mock.ssm_count) < count; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    cr_assert_geq(atomic_load(&mock.ssm_count), count);
}

static void await_place(uint16_t at_port) {
    for (int i = 0; i < 1000 && remembered().port != at_port; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    cr_assert_eq(remembered().port, at_port);
}

/* Until the host knows it: a machine with much to do may take longer than one decision. */
static void decide_until_found(const char *key) {
    for (int i = 0; i < 500 && decide_once(key) < 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    cr_assert_str_eq(decision.source, "redis");
}

Test(discovery, the_first_decision_finds_it_and_the_host_remembers) {
    decide_until_found("k");
    cr_expect(decision.alert);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(decide_once("k"), 0);
    cr_expect_not(decision.alert);
    cr_expect_eq(atomic_load(&mock.ssm_count), 1);
    cr_expect_eq(field_of(&server, "k", "t"), 6);
}

Test(discovery, nobody_waits_for_an_aws_that_is_slow) {
    mock.delay_ms = 2500;
    for (int i = 0; i < 5; i++) {
        int r = decide_once("k");
        cr_expect(r == -EINPROGRESS || r == -ENODATA, "%d", r);
    }
    await_place(server.port);
    cr_expect_eq(decide_once("k"), 0);
    cr_expect_eq(atomic_load(&mock.ssm_count), 1, "a storm asks once");
}

Test(discovery, may_begin_before_anybody_asks) {
    struct qmon_config *config = configuration();

    mock.delay_ms = 50;
    for (int i = 0; i < 10; i++)
        qmon_cache_discovery_begin(config);
    decide_until_found("k"); /* the first one has to wait for it a little, and does */
    cr_expect_eq(atomic_load(&mock.ssm_count), 1);
    qmon_cache_discovery_begin(config);
    remember("127.0.0.1", server.port, 3600, 3600);
    qmon_cache_discovery_begin(config);
    await_asked(2);
    qmon_config_free(config);
}

Test(discovery, that_there_is_none_is_remembered_too) {
    mock.endpoint = NULL;
    for (int i = 0; i < 10; i++)
        cr_expect_lt(decide_once("k"), 0);
    await_asked(1);
    for (int i = 0; i < 500 && strstr(remembered().problem, "no parameter") == NULL; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    cr_expect_eq(decide_once("k"), -ENODATA);
    cr_expect_eq(atomic_load(&mock.ssm_count), 1);
    remember("", 0, 0, 400);
    mock.endpoint = "127.0.0.1";
    decide_until_found("k");
}

Test(discovery, that_it_is_refused_is_said_by_the_doctor_only) {
    struct qmon_config *config = configuration();
    char reason[512], redis[512];
    bool fine;

    mock.ssm_status = 400;
    mock.ssm_body =
        "{\"__type\":\"com.amazonaws.ssm#AccessDeniedException\",\"Message\":\"User: arn:aws:iam::1:user/x is "
        "not authorized to perform: ssm:GetParameters\"}";
    cr_expect_lt(decide_once("k"), 0);
    cr_expect_eq(qmon_cache_discovery_check(config, reason, sizeof reason, redis, sizeof redis, &fine), -EACCES);
    cr_expect_not_null(strstr(reason, "not authorized to perform: ssm:GetParameters"), "%s", reason);
    cr_expect_not_null(strstr(reason, "AWS_ACCESS_KEY_ID"), "by which credentials: %s", reason);
    cr_expect_null(strstr(reason, MOCK_SECRET));
    mock.ssm_status = 0;
    cr_expect_eq(qmon_cache_discovery_check(config, reason, sizeof reason, redis, sizeof redis, &fine), 1);
    cr_expect_not_null(strstr(reason, "region us-west-2 (AWS_REGION)"), "%s", reason);
    cr_expect(fine);
    cr_expect_not_null(strstr(redis, "ms"), "%s", redis);
    qmon_config_free(config);
}

Test(discovery, an_old_place_is_used_and_looked_for_again) {
    remember("127.0.0.1", server.port, 3600, 3600);
    cr_expect_eq(decide_once("k"), 0);
    await_asked(1);
    await_place(server.port);
    cr_expect_eq(decide_once("k"), 0);
    cr_expect_eq(atomic_load(&mock.ssm_count), 1);
    remember("127.0.0.1", 1, 30 * 86400, 30 * 86400);
    decide_until_found("k");
}

Test(discovery, a_place_that_does_not_answer_is_looked_for_sooner) {
    remember("127.0.0.1", free_port(), 60, 60);
    cr_expect_eq(decide_once("k"), -ECONNREFUSED);
    await_place(server.port);
    cr_expect_eq(decide_once("k"), 0);
    remember("127.0.0.1", free_port(), 1, 1);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(decide_once("k"), -ECONNREFUSED);
    cr_expect_eq(atomic_load(&mock.ssm_count), 1, "but not with each event");
}

Test(discovery, the_place_stays_while_aws_is_away) {
    mock.ssm_status = 500;
    mock.ssm_body = "";
    remember("127.0.0.1", server.port, 3600, 3600);
    cr_expect_eq(decide_once("k"), 0);
    for (int i = 0; i < 1000 && remembered().problem[0] == '\0'; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    cr_expect_not_null(strstr(remembered().problem, "500"), "%s", remembered().problem);
    cr_expect_eq(decide_once("k"), 0);
}

Test(discovery, an_endpoint_may_be_an_address_of_any_kind) {
    char url[64], *count;

    snprintf(url, sizeof url, "redis://127.0.0.1:%u/7", server.port);
    mock.endpoint = url;
    mock.port = NULL;
    decide_until_found("k");
    count = redis_server_ask(&server, "INFO keyspace");
    cr_expect_not_null(strstr(count, "db7:keys=1"), "%s", count);
    free(count);
}

Test(discovery, a_damaged_file_is_as_good_as_none) {
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "{\"where\":7,\"port\":\"x\",\"found_ms\":{},\"tried_ms\":-1}",
                                        "{\"where\":\"127.0.0.1\",\"port\":99999,\"found_ms\":9999999999999}",
                                        "\xff\xfe\x01"};
    char path[512];

    path_of_file(path, sizeof path);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        FILE *file = fopen(path, "we");
        cr_assert_not_null(file);
        fputs(texts[i], file);
        fclose(file);
        decide_until_found("k");
    }
}

static void expect_none(struct qmon_config *config, const char *why) {
    struct qmon_cache *cache = qmon_cache_redis(config);

    cr_expect_null(cache, "%s", why);
    if (cache != NULL)
        cache->class->close(cache);
    qmon_config_free(config);
}

Test(discovery, is_not_tried_without_stage_or_sign_of_aws) {
    expect_none(config_with(state_variable), "no stage");
    expect_none(config_with("STAGE=test", "QMON_SSM_PREFIX=off", state_variable), "switched off");
    expect_none(config_with("STAGE=a b\"c", state_variable), "no name of a parameter");
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    setenv("HOME", "/nonexistent", 1);
    expect_none(config_with("STAGE=test", state_variable), "no credentials");
    cr_expect_eq(http_server_count(mock.server), 0);
}

Test(discovery, is_not_tried_where_redis_is_named) {
    struct qmon__discovery found;
    struct qmon_config *config = config_with("STAGE=test", "REDIS_HOST=cache", state_variable);

    cr_expect_not(qmon__discovery_of(config, &found));
    qmon_config_free(config);
    config = config_with("STAGE=test", "QMON_SSM_PREFIX=/shop/{stage}/redis/", state_variable);
    cr_expect(qmon__discovery_of(config, &found));
    cr_expect_str_eq(found.prefix, "/shop/test/redis");
    qmon_config_free(config);
}

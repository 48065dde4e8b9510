/*
 * The end of a problem where Redis counts for a fleet: 1. No host tells it while another still sees the problem. 2. Then one
 * does, and closes the incidents that its channels keep. 3. A Redis that does not answer puts it off. Another host is another state directory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "bench.h"
#include "http_server.h"
#include "moment.h"
#include "redis_server.h"
#include "resolve.h"

#define HOUR_MS 3600000ull

static struct redis_server redis;
static struct bench one, other;

static void set_up(void) {
    char setting[96];

    if (!redis_server_start(&redis, NULL))
        cr_skip_test("no redis-server");
    setenv("QMON_RESOLVE_AFTER", "3600", 1);
    snprintf(setting, sizeof setting, "REDIS_URL=%s", redis.url);
    bench_open(&one, setting);
    bench_open(&other, setting);
}

static void tear_down(void) {
    bench_close(&one);
    bench_close(&other);
    redis_server_stop(&redis);
}

TestSuite(resolve_fleet, .init = set_up, .fini = tear_down, .timeout = 60);

static uint64_t now_ms(void) {
    return qmon_real_ms();
}

/* A crash of that long ago that this host alerted of, or held back. */
static void save_crash_told_by(struct bench *bench, uint64_t ago_ms, bool told, const char *sink) {
    const char *const sinks[] = {sink};
    struct qmon_event *event = qmon_event_new((now_ms() - ago_ms) * 1000000u);
    struct qmon_outbox_item item;

    event->kind = QMON_KIND_CRASH;
    event->severity = QMON_SEVERITY_CRITICAL;
    event->title = "SIGSEGV in pay";
    event->service.name = "shop";
    event->service.stage = "production";
    memset(event->fingerprint, 'a', QMON_EVENT_FINGERPRINT_BYTES - 1);
    cr_assert_eq(qmon_store_save(bench->store, event, told ? "alerted" : "suppressed", sinks, told), 0);
    if (told) {
        cr_assert_eq(qmon_outbox_claim(bench->store, event->id, now_ms(), 1000, &item), 0);
        cr_assert_eq(qmon_outbox_sent(bench->store, &item, now_ms(), NULL), 0);
        qmon_outbox_item_clear(&item);
    }
    qmon_event_free(event);
}

static void save_crash(struct bench *bench, uint64_t ago_ms, bool told) {
    save_crash_told_by(bench, ago_ms, told, "file");
}

/* The fleet saw it that long ago. */
static void fleet_saw(uint64_t ago_ms) {
    struct qmon_decision_request request = {.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|shop|production",
                                            .limit = 1,
                                            .window_s = 3600,
                                            .now_ms = now_ms(),
                                            .host = "elsewhere"};
    struct qmon_cache *cache = qmon_cache_redis(one.config);
    struct qmon_decision decision;
    char last[32];

    cr_assert_eq(cache->class->decide(cache, &request, &decision), 0);
    cache->class->close(cache);
    snprintf(last, sizeof last, "%" PRIu64, now_ms() - ago_ms);
    free(redis_server_ask(&redis, "HSET qmon:{%s}:window l %s", request.key, last));
}

Test(resolve_fleet, a_problem_that_another_host_still_sees_is_not_over) {
    save_crash(&one, 3 * HOUR_MS, true);
    fleet_saw(HOUR_MS / 2);
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 0);
    cr_expect_eq(bench_counter(&one, "resolve.put-off"), 1);
    fleet_saw(2 * HOUR_MS);
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 1);
    qmon__deliver(&one.pass, NULL);
    cr_expect_eq(bench_alerts(&one, "did not come again on any host for at least 3 h", "\"source\":\"redis\""), 1);
}

Test(resolve_fleet, one_of_the_hosts_that_alerted_tells_it_and_tells_it_once) {
    save_crash(&one, 5 * HOUR_MS, true);
    save_crash(&other, 3 * HOUR_MS, true);
    fleet_saw(3 * HOUR_MS);
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 1);
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 0);
    cr_expect_eq(qmon__tell_resolved(&other.pass, now_ms()), 0);
    cr_expect_eq(bench_counter(&other, "resolve.left"), 1);
    save_crash(&other, 2 * HOUR_MS, true); /* it came again, and has gone again */
    fleet_saw(2 * HOUR_MS);
    cr_expect_eq(qmon__tell_resolved(&other.pass, now_ms()), 1);
}

Test(resolve_fleet, a_teller_that_died_in_between_tells_it_when_it_comes_again) {
    save_crash(&one, 3 * HOUR_MS, true);
    fleet_saw(3 * HOUR_MS);
    struct qmon_cache *cache = qmon_cache_redis(one.config);
    const char *key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|shop|production";
    cr_expect_eq(cache->class->quiet(cache, key, HOUR_MS, "teller"), QMON_QUIET_OVER);
    cr_expect_eq(cache->class->quiet(cache, key, HOUR_MS, "teller"), QMON_QUIET_OVER);
    cr_expect_eq(cache->class->quiet(cache, key, HOUR_MS, "another"), QMON_QUIET_TOLD);
    cr_expect_eq(cache->class->quiet(cache, key, 4 * HOUR_MS, "another"), QMON_QUIET_NOT_YET);
    cache->class->close(cache);
}

Test(resolve_fleet, a_redis_that_forgot_the_problem_has_one_host_tell_it) {
    save_crash(&one, 3 * HOUR_MS, true);
    save_crash(&other, 3 * HOUR_MS, true);
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 1);
    cr_expect_eq(qmon__tell_resolved(&other.pass, now_ms()), 0);
    char *left = redis_server_ask(&redis, "PTTL qmon:{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|shop|production}:window");
    cr_expect_gt(atoll(left), 0, "what is kept of it goes by itself");
    free(left);
}

Test(resolve_fleet, a_redis_that_does_not_answer_puts_it_off) {
    save_crash(&one, 3 * HOUR_MS, true);
    redis_server_kill(&redis);
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 0);
    cr_expect_eq(bench_counter(&one, "resolve.put-off"), 1);
    redis_server_start_again(&redis, NULL);
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 1);
}

/* A host whose crashes open incidents at `server`. */
static void open_with_incidents(struct bench *bench, const char *setting, const char *sink, const char *server) {
    bench_close(bench);
    setenv(strcmp(sink, "pagerduty") == 0 ? "PAGERDUTY_ROUTING_KEY" : "OPSGENIE_API_KEY", "SECRET", 1);
    setenv(strcmp(sink, "pagerduty") == 0 ? "PAGERDUTY_API_URL" : "OPSGENIE_API_URL", server, 1);
    bench_open(bench, setting);
    save_crash_told_by(bench, 3 * HOUR_MS, true, sink);
}

static void expect_one_closed(const char *sink, const char *path, const char *word) {
    struct http_server *server = http_server_start(NULL);
    const char *url = http_server_url(server, "");
    char setting[96];

    snprintf(setting, sizeof setting, "REDIS_URL=%s", redis.url);
    open_with_incidents(&one, setting, sink, url);
    open_with_incidents(&other, setting, sink, url);
    fleet_saw(HOUR_MS / 2); /* a third host still sees it */
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 0);
    fleet_saw(2 * HOUR_MS);
    cr_expect_eq(qmon__tell_resolved(&one.pass, now_ms()), 1);
    cr_expect_eq(qmon__tell_resolved(&other.pass, now_ms()), 0);
    qmon__deliver(&one.pass, NULL);
    qmon__deliver(&other.pass, NULL);
    cr_assert_eq(http_server_wait(server, 2, 300), 1, "%s: one host closes it, once", sink);
    const struct http_seen *request = http_server_seen(server, 0);
    cr_expect_eq(strncmp(request->path, path, strlen(path)), 0, "%s", request->path);
    cr_expect_not_null(strstr(request->body, word), "%s", request->body);
    http_server_stop(server);
}

Test(resolve_fleet, an_incident_in_pagerduty_is_closed_once_when_no_host_sees_it_any_more) {
    expect_one_closed("pagerduty", "/", "\"event_action\":\"resolve\"");
}

Test(resolve_fleet, an_alert_in_opsgenie_is_closed_once_when_no_host_sees_it_any_more) {
    expect_one_closed("opsgenie", "/v2/alerts/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/close?identifierType=alias",
                      "did not come again on any host");
}

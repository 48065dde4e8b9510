/*
 * The parts of the kit, with a real Redis, a real store and a channel:
 *  1. caches of each kind: set, get, exists, expiry, rate limits; over several objects where they share
 *  2. the tracker: one alert a problem, filters, severities, secrets, places
 *  3. the notifier: errors and lifecycle reach a channel, once; what cannot be sent is said and kept
 *  4. all of it, and the examples of the documentation
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qmon/kit.h>

#include "redis_server.h"
#include "scratch.h"

static struct scratch scratch;
static struct redis_server server;
static char state[256], events[256], redis[256];

static void setup(void) {
    scratch = scratch_make();
    snprintf(state, sizeof state, "QMON_STATE_DIR=%s/state", scratch.path);
    snprintf(events, sizeof events, "QMON_EVENTS_FILE=%s/events", scratch.path);
    unsetenv("REDIS_URL");
    unsetenv("REDIS_HOST");
}

static void teardown(void) {
    if (server.pid > 0)
        redis_server_stop(&server);
    scratch_remove(&scratch);
}

TestSuite(kit, .init = setup, .fini = teardown, .timeout = 60);

#define SETTINGS(...)                                                                                                  \
    ((const char *const[]){"APP_NAME=shop", "STAGE=test", state, events, __VA_ARGS__ __VA_OPT__(, ) NULL})

static void start_redis(void) {
    if (!redis_server_start(&server, NULL))
        cr_skip_test("there is no redis-server");
    snprintf(redis, sizeof redis, "REDIS_URL=%s", server.url);
}

static void expect_value(struct qmon_kit_cache *cache, const char *key, const char *expected) {
    char *value = NULL;
    int r = qmon_kit_cache_get(cache, key, &value);

    cr_expect_eq(r, expected == NULL ? 1 : 0, "%s: %d %s", key, r, qmon_kit_cache_problem(cache));
    if (r == 0)
        cr_expect_str_eq(value, expected);
    free(value);
    cr_expect_eq(qmon_kit_cache_exists(cache, key), expected != NULL);
}

static void rest_ms(unsigned ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000}, NULL);
}

static void use_cache(struct qmon_kit_cache *cache) {
    char *large = malloc(QMON_KIT_VALUE_BYTES + 2), *value = NULL;

    cr_assert_not_null(cache);
    expect_value(cache, "key", NULL);
    cr_expect_eq(qmon_kit_cache_set(cache, "key", "value with blanks % {braces}", 0), 0);
    expect_value(cache, "key", "value with blanks % {braces}");
    cr_expect_eq(qmon_kit_cache_set(cache, "key", "", 3600), 0);
    expect_value(cache, "key", "");
    cr_expect_eq(qmon_kit_cache_set(cache, "short", "lived", 1), 0);
    expect_value(cache, "short", "lived");
    rest_ms(1200);
    expect_value(cache, "short", NULL);
    expect_value(cache, "key", "");
    memset(large, 'x', QMON_KIT_VALUE_BYTES + 1);
    large[QMON_KIT_VALUE_BYTES + 1] = '\0';
    cr_expect_eq(qmon_kit_cache_set(cache, "large", large, 60), -EMSGSIZE);
    large[QMON_KIT_VALUE_BYTES] = '\0';
    cr_expect_eq(qmon_kit_cache_set(cache, "large", large, UINT64_MAX), 0, "%s", qmon_kit_cache_problem(cache));
    cr_expect_eq(qmon_kit_cache_get(cache, "large", &value), 0);
    cr_expect_str_eq(value, large);
    cr_expect_eq(qmon_kit_cache_get(cache, large, &value), -EMSGSIZE, "that is no key");
    for (int i = 0; i < 5; i++)
        cr_expect_eq(qmon_kit_cache_rate_limit(cache, "user:123", 2, 3600), i < 2);
    cr_expect_eq(qmon_kit_cache_rate_limit(cache, "user:124", 2, 3600), 1);
    cr_expect_eq(qmon_kit_cache_rate_limit(cache, "}{", 1, 1), 1);
    rest_ms(1200);
    cr_expect_eq(qmon_kit_cache_rate_limit(cache, "}{", 1, 1), 1, "a window later");
    free(value);
    free(large);
    qmon_kit_cache_close(cache);
}

Test(kit, a_cache_in_memory) {
    use_cache(qmon_kit_cache_open(QMON_KIT_CACHE_MEMORY, SETTINGS()));
}

Test(kit, a_cache_of_the_host_is_shared) {
    struct qmon_kit_cache *other;

    use_cache(qmon_kit_cache_open(QMON_KIT_CACHE_LOCAL, SETTINGS()));
    other = qmon_kit_cache_open(QMON_KIT_CACHE_LOCAL, SETTINGS());
    expect_value(other, "key", "");
    cr_expect_eq(qmon_kit_cache_rate_limit(other, "user:123", 2, 3600), 0);
    qmon_kit_cache_close(other);
    other = qmon_kit_cache_open(QMON_KIT_CACHE_LOCAL, SETTINGS("QMON_STAGE=production"));
    expect_value(other, "key", NULL);
    qmon_kit_cache_close(other);
}

Test(kit, a_cache_in_redis_is_shared) {
    struct qmon_kit_cache *other;
    char *left;

    start_redis();
    use_cache(qmon_kit_cache_open(QMON_KIT_CACHE_REDIS, SETTINGS(redis)));
    other = qmon_kit_cache_open(QMON_KIT_CACHE_BEST, SETTINGS(redis));
    expect_value(other, "key", "");
    cr_expect_eq(qmon_kit_cache_rate_limit(other, "user:123", 2, 3600), 0);
    left = redis_server_ask(&server, "TTL qmon:value:shop:test:key");
    cr_expect_gt(atoi(left), 3500);
    free(left);
    qmon_kit_cache_close(other);
}

Test(kit, a_cache_goes_on_without_its_redis) {
    struct qmon_kit_cache *best, *strict;

    start_redis();
    best = qmon_kit_cache_open(QMON_KIT_CACHE_BEST, SETTINGS(redis));
    strict = qmon_kit_cache_open(QMON_KIT_CACHE_REDIS, SETTINGS(redis));
    cr_expect_eq(qmon_kit_cache_rate_limit(best, "k", 1, 3600), 1);
    redis_server_kill(&server);
    cr_expect_eq(qmon_kit_cache_rate_limit(best, "k", 1, 3600), 0, "the host knows");
    cr_expect_eq(qmon_kit_cache_set(best, "v", "1", 60), 0);
    expect_value(best, "v", "1");
    cr_expect_lt(qmon_kit_cache_set(strict, "v", "1", 60), 0);
    cr_expect_not_null(strstr(qmon_kit_cache_problem(strict), "127.0.0.1"));
    qmon_kit_cache_close(best);
    qmon_kit_cache_close(strict);
    strict = qmon_kit_cache_open(QMON_KIT_CACHE_REDIS, SETTINGS());
    cr_expect_eq(qmon_kit_cache_exists(strict, "v"), -ENOTCONN);
    cr_expect_not_null(qmon_kit_cache_problem(strict));
    qmon_kit_cache_close(strict);
}

static struct qmon_kit_tracked tracked;

static void track(struct qmon_kit_tracker *tracker, struct qmon_kit_error error) {
    qmon_kit_tracked_clear(&tracked);
    cr_assert_eq(qmon_kit_track_error(tracker, &error, &tracked), 0);
}

Test(kit, a_tracker_alerts_once_a_problem) {
    struct qmon_kit_tracker *tracker = qmon_kit_tracker_open(NULL, SETTINGS("APP_VERSION=1.4.2"));
    char first[33];

    track(tracker, (struct qmon_kit_error){.code = "500", .function = "pay", .file = "/src/pay.c", .line = 10});
    cr_expect(tracked.should_alert);
    cr_expect_not_null(strstr(tracked.event, "\"code\":\"500\""), "%s", tracked.event);
    cr_expect_not_null(strstr(tracked.event, "\"version\":\"1.4.2\""));
    cr_expect_not_null(strstr(tracked.event, "\"function\":\"pay\""));
    strcpy(first, tracked.fingerprint);
    track(tracker, (struct qmon_kit_error){
                       .code = "500", .function = "pay", .file = "/src/pay.c", .line = 12, .message = "another line"});
    cr_expect_not(tracked.should_alert);
    cr_expect_eq(tracked.total, 2);
    cr_expect_str_eq(tracked.fingerprint, first);
    track(tracker, (struct qmon_kit_error){.code = "500", .function = "refund", .file = "/src/pay.c"});
    cr_expect(tracked.should_alert, "another function");
    track(tracker, (struct qmon_kit_error){.code = "501", .function = "pay", .file = "/src/pay.c"});
    cr_expect(tracked.should_alert, "another code");
    track(tracker, (struct qmon_kit_error){0});
    cr_expect(tracked.should_alert);
    cr_expect_not_null(strstr(tracked.event, "\"code\":\"error\""));
    qmon_kit_tracked_clear(&tracked);
    qmon_kit_tracker_close(tracker);
}

Test(kit, a_tracker_ignores_what_it_is_told_to) {
    struct qmon_kit_tracker *tracker =
        qmon_kit_tracker_open(NULL, SETTINGS("QMON_IGNORED_ERROR_CODES=404,5*", "QMON_IGNORED_FILES=*_test.c",
                                             "QMON_IGNORED_ENDPOINTS=/health,/internal/*"));
    const struct {
        struct qmon_kit_error error;
        const char *reason;
    } cases[] = {
        {{.code = "404"}, "ignored-code"},
        {{.code = "503"}, "ignored-code"},
        {{.code = "x", .function = "f", .file = "src/pay_test.c"}, "ignored-file"},
        {{.code = "x", .endpoint = "/health"}, "ignored-endpoint"},
        {{.code = "x", .endpoint = "/internal/a/b"}, "ignored-endpoint"},
        {{.code = "403", .endpoint = "/users", .function = "f", .file = "src/pay.c"}, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        track(tracker, cases[i].error);
        cr_expect_eq(tracked.should_alert, cases[i].reason == NULL, "%zu", i);
        cr_expect(cases[i].reason == NULL ? tracked.ignored == NULL
                                          : tracked.ignored != NULL && strcmp(tracked.ignored, cases[i].reason) == 0,
                  "%zu: %s", i, tracked.ignored);
    }
    qmon_kit_tracked_clear(&tracked);
    qmon_kit_tracker_close(tracker);
}

Test(kit, a_tracker_tells_no_secrets) {
    static const char *const extras[] = {"password", "hunter2", "note", "token=hunter2 and more", "odd", NULL};
    struct qmon_kit_tracker *tracker = qmon_kit_tracker_open(NULL, SETTINGS());

    track(tracker, (struct qmon_kit_error){.code = "x",
                                           .severity = "HIGH",
                                           .message = "cannot reach postgres://app:hunter2@db/x\n\033[31m",
                                           .extras = extras});
    cr_expect_null(strstr(tracked.event, "hunter2"), "%s", tracked.event);
    cr_expect_not_null(strstr(tracked.event, "\"severity\":\"error\""), "%s", tracked.event);
    cr_expect_null(strchr(tracked.event, '\033'));
    qmon_kit_tracked_clear(&tracked);
    qmon_kit_tracker_close(tracker);
}

static size_t lines_with(const char *word) {
    char *text = scratch_read(scratch_path(&scratch, "events")), *rest = text, *line;
    size_t count = 0;

    while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
        count += strstr(line, word) != NULL;
    free(text);
    return count;
}

Test(kit, a_notifier_tells_each_event_once) {
    struct qmon_kit_tracker *tracker = qmon_kit_tracker_open(NULL, SETTINGS());
    struct qmon_kit_notifier *notifier = qmon_kit_notifier_open(SETTINGS());

    track(tracker, (struct qmon_kit_error){.code = "E42"});
    cr_expect_eq(qmon_kit_send_error(notifier, tracked.event, 5000), 1, "%s", qmon_kit_notifier_problem(notifier));
    cr_expect_eq(lines_with("E42"), 1);
    cr_expect_eq(qmon_kit_send_error(notifier, tracked.event, 5000), 0);
    cr_expect_eq(lines_with("E42"), 1);
    cr_expect_eq(qmon_kit_send_lifecycle(notifier, "other-service", "startup", "v9", 5000), 1);
    cr_expect_eq(lines_with("\"phase\":\"startup\""), 1);
    cr_expect_eq(lines_with("other-service"), 1);
    cr_expect_eq(qmon_kit_send_error(notifier, "{\"not\": an event", 5000), -EINVAL);
    cr_expect_not_null(qmon_kit_notifier_problem(notifier));
    qmon_kit_tracked_clear(&tracked);
    qmon_kit_tracker_close(tracker);
    qmon_kit_notifier_close(notifier);
}

Test(kit, what_cannot_be_sent_is_said_and_kept) {
    char webhook[64], command[512];
    struct qmon_kit *kit;

    snprintf(webhook, sizeof webhook, "QMON_WEBHOOK_URL=http://127.0.0.1:%u/", free_port());
    kit = qmon_kit_open((const char *const[]){"APP_NAME=shop", state, webhook, NULL});
    cr_assert_not_null(kit);
    cr_expect_eq(qmon_kit_report(kit, &(struct qmon_kit_error){.code = "E1"}), -ENOTCONN);
    cr_expect_not_null(qmon_kit_notifier_problem(qmon_kit_notifier_of(kit)));
    qmon_kit_close(kit);
    snprintf(command, sizeof command, "env -i HOME=/ %s %s/qmon stats --json | grep -q '\"outbox_waiting\":1'", state,
             QMON_BUILD_DIR);
    cr_expect_eq(system(command), 0, "%s", command);
}

static void *report_many(void *kit) {
    for (int i = 0; i < 50; i++)
        qmon_kit_report(kit, &(struct qmon_kit_error){.code = "storm", QMON_KIT_HERE});
    return NULL;
}

Test(kit, threads_may_share_everything) {
    struct qmon_kit *kit;
    pthread_t threads[4];

    start_redis();
    kit = qmon_kit_open(SETTINGS(redis));
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, report_many, kit), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(lines_with("storm"), 1);
    qmon_kit_close(kit);
}

Test(kit, versions_come_from_where_they_are_said) {
    char text[64];

    unsetenv("APP_VERSION");
    unsetenv("GIT_HASH");
    unsetenv("BUILD_ID");
    cr_expect_str_eq(qmon_kit_version_info("v1", NULL, text, sizeof text), "v1");
    cr_expect_str_eq(qmon_kit_version_info(NULL, NULL, text, sizeof text), "unknown");
    setenv("BUILD_ID", "b7", 1);
    cr_expect_str_eq(qmon_kit_version_info(NULL, NULL, text, sizeof text), "b7");
    cr_expect_str_eq(qmon_kit_version_info("", (const char *const[]){"GIT_HASH=abc", NULL}, text, sizeof text), "abc");
}

Test(kit, nothing_is_closed_twice_or_missed) {
    qmon_kit_cache_close(NULL);
    qmon_kit_tracker_close(NULL);
    qmon_kit_notifier_close(NULL);
    qmon_kit_close(NULL);
}

/* What an example prints. */
static char *run(const char *name) {
    char command[1024];

    snprintf(command, sizeof command, "env -i HOME=%s APP_NAME=shop STAGE=test %s %s %s %s/examples/%s > %s/out 2>&1",
             scratch.path, state, events, redis, QMON_BUILD_DIR, name, scratch.path);
    cr_expect_eq(system(command), 0, "%s", command);
    return scratch_read(scratch_path(&scratch, "out"));
}

Test(kit, the_simple_example_does_what_it_says) {
    char *out;

    start_redis();
    out = run("kit_simple");
    cr_expect_str_eq(out, "startup: told to 1\ndeclined: alerted\ndeclined: held back\ndeclined: held back\n"
                          "not found: held back\n");
    cr_expect_eq(lines_with("payment-declined"), 1);
    cr_expect_eq(lines_with("v1.2.3"), 1);
    free(out);
}

Test(kit, the_example_of_parts_does_what_it_says) {
    char *out;

    start_redis();
    out = run("kit_parts");
    cr_expect_str_eq(out, "greeting: hello\nexists: 1, 0\nmay send: 1\nmay send: 1\nmay send: 0\n"
                          "alert: 1, occurrence 1\ntold to: 1\nalert: 0, occurrence 2\nversion: v1.2.3\n");
    free(out);
}

/*
 * Limits of channels and what they hold back: 1. A storm of different errors is a few alerts and a digest. 2. What is critical, and
 * starts and stops, are not starved by it. 3. Hosts that share a Redis share a channel's limit, and its digests. 4. Nothing is summed up
 * twice. 5. A night of quiet hours is a few alerts and one digest in the morning.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "bench.h"
#include "digest.h"
#include "moment.h"
#include "others.h"
#include "redis_server.h"

static struct bench bench;

/* A file takes what people's channels take here, so that what was told can be read. */
static void open_as(struct bench *opened, const char *setting, const char *json) {
    struct scratch scratch = scratch_make();
    char path[300];

    scratch_write(&scratch, "qmon.json", json);
    snprintf(path, sizeof path, "%s/qmon.json", scratch.path);
    setenv("QMON_CONFIG", path, 1);
    bench_open(opened, setting);
    cr_assert_eq(opened->config->problem_count, 0, "%s",
                 opened->config->problem_count ? opened->config->problems[0] : "");
    scratch_remove(&scratch);
}

static void open_limited(struct bench *opened, const char *setting, const char *limit) {
    char json[300];

    snprintf(json, sizeof json, "{\"channels\": {\"file\": {\"limit\": %s}}}", limit);
    open_as(opened, setting, json);
}

static void set_up(void) {
    open_limited(&bench, NULL, "{\"alerts\": 8, \"window\": 3600, \"burst\": 5}");
}

static void tear_down(void) {
    bench_close(&bench);
}

TestSuite(alert_limits, .init = set_up, .fini = tear_down, .timeout = 60);

static void tell(struct bench *of, enum qmon_kind kind, enum qmon_severity severity, unsigned number) {
    struct qmon__report report = {.event = qmon_event_new(qmon_real_ns())};

    report.event->kind = kind;
    report.event->severity = severity;
    report.event->service.name = "shop";
    report.event->host.name = "web-7";
    if (kind == QMON_KIND_ERROR)
        report.event->code = qmon_event_format(report.event, "error-%u", number);
    report.event->title = qmon_event_format(report.event, "problem %u", number);
    if (kind == QMON_KIND_LIFECYCLE)
        report.event->lifecycle.phase = "startup";
    cr_assert_eq(qmon__process(&of->pass, &report, NULL), QMON__KEPT);
    qmon_event_free(report.event);
}

static void storm(struct bench *of, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        tell(of, QMON_KIND_ERROR, QMON_SEVERITY_ERROR, i);
}

Test(alert_limits, a_storm_of_different_errors_is_a_few_alerts_and_a_digest) {
    storm(&bench, 300);
    cr_expect_eq(bench_alerts(&bench, "\"kind\":\"error\"", NULL), 5);
    cr_expect_eq(bench_counter(&bench, "limit.held"), 295);
    cr_expect_neq(qmon__tell_digests(&bench.pass, false), 0, "not in the first ten seconds");
    cr_expect_eq(bench_alerts(&bench, "digest", NULL), 0);
    cr_expect_eq(qmon__tell_digests(&bench.pass, true), 0);
    qmon__deliver(&bench.pass, NULL);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", "295 more alerts were held back"), 1);
    cr_expect_eq(bench_alerts(&bench, "295 different problems on this host", "at most 5 in a minute and 8 in 1 h"), 1);
    cr_expect_eq(bench_alerts(&bench, "in shop", "Most frequent:\\n\xe2\x80\xa2 problem 5"), 1);
}

/* Each row keeps its id, by which 'qmon show' finds the problem. */
Test(alert_limits, a_digest_cuts_long_titles_at_a_character_and_no_ids) {
    char title[601] = "", row[64], *alerts;

    for (unsigned i = 0; i < 300; i++)
        strcat(title, "\xc3\xa9");
    for (unsigned i = 0; i < 12; i++) {
        struct qmon__report report = {.event = qmon_event_new(qmon_real_ns())};
        report.event->kind = QMON_KIND_ERROR;
        report.event->severity = QMON_SEVERITY_ERROR;
        report.event->service.name = "shop";
        report.event->code = qmon_event_format(report.event, "error-%u", i);
        report.event->title = qmon_event_format(report.event, "x%s", title);
        cr_assert_eq(qmon__process(&bench.pass, &report, NULL), QMON__KEPT);
        qmon_event_free(report.event);
    }
    qmon__tell_digests(&bench.pass, true);
    qmon__deliver(&bench.pass, NULL);
    snprintf(row, sizeof row, "\xc3\xa9\xc3\xa9\xe2\x80\xa6 in shop (01");
    cr_expect_eq(bench_alerts(&bench, "7 different problems", row), 1);
    alerts = scratch_read(bench.alerts);
    unsigned rows = 0;
    for (char *at = alerts; at != NULL && (at = strstr(at, row)) != NULL; at++)
        rows++;
    free(alerts);
    cr_expect_eq(rows, 6);
}

Test(alert_limits, a_digest_tells_what_it_tells_once) {
    storm(&bench, 20);
    qmon__tell_digests(&bench.pass, true);
    qmon__tell_digests(&bench.pass, true);
    qmon__deliver(&bench.pass, NULL);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", NULL), 1);
    storm(&bench, 21); /* twenty known problems, and a new one */
    qmon__tell_digests(&bench.pass, true);
    qmon__deliver(&bench.pass, NULL);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", "1 more alert was held back"), 1);
}

/* The state directory cannot be written to: what is held back would go with this process. */
Test(alert_limits, a_store_in_memory_is_summed_up_before_it_goes) {
    struct qmon__record_file none = {.fd = -1, .directory = -1};

    cr_assert_eq(qmon_store_degrade(bench.store), 0);
    for (unsigned i = 0; i < 20; i++) {
        struct qmon__report report = {.event = qmon_event_new(qmon_real_ns())};
        report.event->kind = QMON_KIND_ERROR;
        report.event->severity = QMON_SEVERITY_ERROR;
        report.event->code = qmon_event_format(report.event, "error-%u", i);
        cr_assert_eq(qmon__process(&bench.pass, &report, NULL), QMON__KEPT_TOLD);
        qmon_event_free(report.event);
    }
    cr_expect_eq(bench_alerts(&bench, "\"kind\":\"error\"", NULL), 5);
    cr_expect_not(qmon__see_to_others(&bench.pass, &none, false, true), "nobody need wait for it");
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", "15 more alerts were held back"), 1);
}

/* Of a container: it ends with the program, and takes along who waits for the digest's time. */
Test(alert_limits, what_another_receiver_held_back_is_told_before_a_container_ends) {
    struct qmon__record_file none = {.fd = -1, .directory = -1};
    struct qmon__pass later;

    storm(&bench, 20);
    qmon__pass_borrow(&later, bench.config, bench.store, qmon_monotonic_ms() + 10000);
    qmon__see_to_others(&later, &none, true, false);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", NULL), 0, "others can, and will");
    later.last_chance = true;
    qmon__see_to_others(&later, &none, true, false);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", "15 more alerts were held back"), 1);
    qmon__pass_close(&later);
}

Test(alert_limits, what_is_critical_and_what_starts_is_not_starved_by_noise) {
    storm(&bench, 50);
    tell(&bench, QMON_KIND_CRASH, QMON_SEVERITY_CRITICAL, 900);
    tell(&bench, QMON_KIND_LIFECYCLE, QMON_SEVERITY_INFO, 901);
    for (unsigned i = 0; i < 40; i++)
        tell(&bench, QMON_KIND_EXIT, QMON_SEVERITY_ERROR, 0);
    cr_expect_eq(bench_alerts(&bench, "\"severity\":\"critical\"", NULL), 1);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"startup\"", NULL), 1);
    cr_expect_eq(bench_events(&bench, "held", "problem"), 45);
}

Test(alert_limits, of_a_channel_that_has_none_hold_nothing) {
    bench_close(&bench);
    open_limited(&bench, NULL, "{\"alerts\": 0, \"burst\": 0}");
    storm(&bench, 50);
    cr_expect_eq(bench_alerts(&bench, "\"kind\":\"error\"", NULL), 50);
    cr_expect_eq(qmon__tell_digests(&bench.pass, true), 0);
}

Test(alert_limits, hosts_that_share_a_redis_share_a_channels_limit_and_its_digests) {
    struct redis_server redis = {0};
    struct bench other;
    char setting[96];

    if (!redis_server_start(&redis, NULL))
        cr_skip_test("no redis-server");
    bench_close(&bench);
    snprintf(setting, sizeof setting, "REDIS_URL=%s", redis.url);
    open_limited(&bench, setting, "{\"alerts\": 8, \"window\": 3600, \"burst\": 6}");
    char *file = strdup(bench.alerts);
    open_limited(&other, setting, "{\"alerts\": 8, \"window\": 3600, \"burst\": 6}");
    free(other.config->events_file); /* the same place: a limit is of a place */
    other.config->events_file = file;
    for (unsigned i = 0; i < 20; i++)
        tell(i % 2 ? &other : &bench, QMON_KIND_ERROR, QMON_SEVERITY_ERROR, i);
    cr_expect_eq(bench_alerts(&bench, "\"kind\":\"error\"", NULL), 6);
    cr_expect_eq(bench_counter(&bench, "limit.held") + bench_counter(&other, "limit.held"), 14);
    for (unsigned round = 0; round < 4;
         round++) { /* three digests in ten minutes; the rest is a number in the next one */
        qmon__tell_digests(&bench.pass, true);
        qmon__tell_digests(&other.pass, true);
        storm(&bench, 30 + round);
        storm(&other, 60 + round);
    }
    qmon__deliver(&bench.pass, NULL);
    qmon__deliver(&other.pass, NULL);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", NULL), 3);
    cr_expect_gt(bench_counter(&bench, "digest.left") + bench_counter(&other, "digest.left"), 0);
    bench_close(&other);
    bench_close(&bench);
    redis_server_stop(&redis);
    open_limited(&bench, NULL, "{}");
}

Test(alert_limits, a_limit_over_all_holds_people_s_channels_together) {
    static const char *const channels[] = {"SLACK_WEBHOOK_URL", "DISCORD_WEBHOOK_URL"};

    bench_close(&bench);
    for (size_t i = 0; i < 2; i++)
        setenv(channels[i], "http://127.0.0.1:9/nobody", 1);
    open_limited(&bench, "QMON_LIMIT_TOTAL=3", "{}");
    bench.pass.deadline_ms = 0; /* nothing is delivered */
    for (unsigned i = 0; i < 10; i++)
        tell(&bench, QMON_KIND_ERROR, QMON_SEVERITY_ERROR, i);
    struct qmon_held held[QMON_CHANNELS];
    cr_assert_eq(qmon_store_held(bench.store, QMON_HELD_UNTOLD, held, QMON_CHANNELS), 2);
    cr_expect_eq(held[0].count, 7);
    cr_expect_eq(held[1].count, 7);
    for (size_t i = 0; i < 2; i++)
        unsetenv(channels[i]);
}

/* As if two hours had gone by: all windows that are shorter are over. */
static void two_hours_later(struct bench *of) {
    sqlite3 *database = NULL;
    char path[300];

    snprintf(path, sizeof path, "%s/store.db", of->scratch.path);
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 2000);
    cr_assert_eq(sqlite3_exec(database,
                              "UPDATE windows SET start_ms = start_ms - 7200000, last_seen_ms = last_seen_ms - 7200000",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    sqlite3_close(database);
    memset(of->pass.full_until_ms, 0, sizeof of->pass.full_until_ms);
    memset(of->pass.night_full_until_ms, 0, sizeof of->pass.night_full_until_ms);
}

/* Until quiet hours are taken away, each hour of each day is one. */
Test(alert_limits, a_night_of_quiet_hours_is_a_few_alerts_and_one_digest_in_the_morning) {
    bench_close(&bench);
    open_as(
        &bench, NULL,
        "{\"channels\": {\"file\": {\"limit\": {\"alerts\": 8, \"burst\": 5}}}, \"quiet_hours\": {\"from\": \"00:00\", "
        "\"to\": \"24:00\", \"time_zone\": \"UTC\", \"channels\": \"file\"}}");
    for (unsigned hour = 0; hour < 8; hour += 2) {
        storm(&bench, 75);
        two_hours_later(&bench);
    }
    tell(&bench, QMON_KIND_CRASH, QMON_SEVERITY_CRITICAL, 900);
    cr_expect_eq(qmon__tell_digests(&bench.pass, true), 0, "nobody stays up for it");
    bench_run_out(&bench);
    cr_expect_eq(bench_alerts(&bench, "\"severity\":\"critical\"", NULL), 1);
    cr_expect_eq(bench_alerts(&bench, "\"schema\"", NULL), 1, "nothing else");
    cr_expect_eq(bench_counter(&bench, "limit.held"), 295);
    bench.config->routing->quiet_count = 0;
    qmon__tell_digests(&bench.pass, true);
    bench_run_out(&bench);
    cr_expect_eq(bench_alerts(&bench, "\"kind\":\"error\"", NULL), 5);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", "295 more alerts were held back"), 1);
    cr_expect_eq(bench_alerts(&bench, "\"schema\"", NULL), 7);
}

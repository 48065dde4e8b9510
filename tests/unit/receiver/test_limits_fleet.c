/*
 * Many hosts, each a process with a state directory of its own, and one Redis: 1. Their storm at one place is one channel's limit,
 * and each alert is told, or in the number of a digest, once. 2. Without Redis each host keeps to the limit by itself, and none is silent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "bench.h"
#include "digest.h"
#include "moment.h"
#include "redis_server.h"
#include "together.h"

#define HOSTS 8
#define ERRORS 40u
#define BURST 5

static struct redis_server redis;
static struct bench bench; /* the place that all of them alert to */
static struct scratch settings;

static void set_up(void) {
    char text[300];

    if (!redis_server_start(&redis, NULL))
        cr_skip_test("no redis-server");
    settings = scratch_make();
    scratch_write(&settings, "qmon.json",
                  "{\"channels\": {\"file\": {\"limit\": {\"alerts\": 20, \"window\": 3600, \"burst\": 5}}}}");
    snprintf(text, sizeof text, "%s/qmon.json", settings.path);
    setenv("QMON_CONFIG", text, 1);
    snprintf(text, sizeof text, "REDIS_URL=%s", redis.url);
    bench_open(&bench, text);
}

static void tear_down(void) {
    bench_close(&bench);
    scratch_remove(&settings);
    redis_server_stop(&redis);
}

TestSuite(limits_fleet, .init = set_up, .fini = tear_down, .timeout = 90);

static void report(struct qmon__pass *pass, unsigned host, unsigned number) {
    struct qmon__report report = {.event = qmon_event_new(qmon_real_ns())};

    report.event->kind = QMON_KIND_ERROR;
    report.event->severity = QMON_SEVERITY_ERROR;
    report.event->service.name = "shop";
    report.event->code = qmon_event_format(report.event, "error-%u-%u", host, number);
    report.event->title = qmon_event_format(report.event, "problem %u of host %u", number, host);
    cr_assert_eq(qmon__process(pass, &report, NULL), QMON__KEPT);
    qmon_event_free(report.event);
}

static int be_host(unsigned number, void *context) {
    char directory[300];
    struct qmon__pass pass;

    (void) context;
    snprintf(directory, sizeof directory, "%s/host-%u", settings.path, number);
    cr_assert_eq(mkdir(directory, 0700), 0);
    setenv("QMON_STATE_DIR", directory, 1);
    cr_assert_eq(qmon__pass_open(&pass, qmon_monotonic_ms() + 60000), 0);
    for (unsigned i = 0; i < ERRORS; i++)
        report(&pass, number, i);
    qmon__tell_digests(&pass, true);
    qmon__deliver(&pass, NULL);
    qmon__pass_close(&pass);
    return 0;
}

/* The sum of what the digests say. */
static unsigned long in_digests(void) {
    char *text = scratch_read(bench.alerts);
    unsigned long sum = 0;

    for (char *at = text; at != NULL && (at = strstr(at, "\"title\":\"")) != NULL; at++) {
        unsigned long number;
        if (sscanf(at, "\"title\":\"%lu more alert", &number) == 1 && number < 1000)
            sum += number;
    }
    free(text);
    return sum;
}

Test(limits_fleet, a_storm_over_many_hosts_is_one_channels_limit) {
    int results[HOSTS];

    run_together(HOSTS, be_host, NULL, results);
    for (size_t i = 0; i < HOSTS; i++)
        cr_assert_eq(results[i], 0, "host %zu", i);
    cr_expect_eq(bench_alerts(&bench, "\"kind\":\"error\"", NULL), BURST);
    cr_expect_leq(bench_alerts(&bench, "\"phase\":\"digest\"", NULL), 3);
    cr_expect_geq(bench_alerts(&bench, "\"phase\":\"digest\"", NULL), 1);
    cr_expect_leq(in_digests() + BURST, HOSTS * ERRORS, "none is told twice: %lu", in_digests());
    cr_expect_geq(in_digests(), ERRORS - BURST);
}

Test(limits_fleet, without_redis_each_host_keeps_to_it_and_none_is_silent) {
    int results[HOSTS];

    redis_server_kill(&redis);
    run_together(HOSTS, be_host, NULL, results);
    cr_expect_eq(bench_alerts(&bench, "\"kind\":\"error\"", NULL), HOSTS * BURST);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", NULL), HOSTS);
    cr_expect_eq(in_digests() + HOSTS * BURST, HOSTS * ERRORS);
    redis_server_start_again(&redis, NULL);
}

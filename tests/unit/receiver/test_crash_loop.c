/*
 * A program that is started and crashes again and again: 1. That is told once, and again as the number grows. 2. Its starts and stops are
 * folded meanwhile. 3. Its end is told once. 4. Other programs, and crashes with time between them, are no loop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "bench.h"
#include "crash_loop.h"
#include "moment.h"
#include "together.h"

#define MINUTE_MS 60000ull

static struct bench bench;
static uint64_t clock_ns; /* of the crashes */

static void set_up(void) {
    bench_open(&bench, "QMON_CRASH_LOOP=5");
    clock_ns = qmon_real_ns() - 3600 * UINT64_C(1000000000);
}

static void tear_down(void) {
    bench_close(&bench);
}

TestSuite(crash_loop, .init = set_up, .fini = tear_down, .timeout = 60);

static uint64_t started_ms_ago = 100;

static void tell(enum qmon_kind kind, const char *executable, const char *phase, uint32_t parent_pid) {
    struct qmon__report report = {.event = qmon_event_new(clock_ns)};
    struct qmon_event *event = report.event;

    event->kind = kind;
    event->severity = QMON_SEVERITY_CRITICAL;
    event->service.name = "shop";
    event->host.name = "web-7";
    event->process.start_time_ns = clock_ns - started_ms_ago * UINT64_C(1000000);
    event->process.executable = executable;
    event->process.parent_pid = parent_pid;
    event->lifecycle.phase = phase;
    event->exit.present = kind == QMON_KIND_EXIT;
    event->exit.status = 3;
    if (kind == QMON_KIND_CRASH)
        event->code = "SIGSEGV";
    cr_assert_eq(qmon__process(&bench.pass, &report, NULL), QMON__KEPT);
    qmon_event_free(event);
}

static void crash(unsigned times, uint64_t apart_ms) {
    for (unsigned i = 0; i < times; i++) {
        tell(QMON_KIND_CRASH, "/usr/bin/shop", NULL, 71);
        clock_ns += apart_ms * UINT64_C(1000000);
    }
}

static size_t told(const char *words) {
    return bench_alerts(&bench, "\"phase\":\"crash-loop\"", words);
}

Test(crash_loop, is_told_when_it_is_seen_and_as_the_number_doubles) {
    crash(4, 16000);
    cr_expect_eq(told(NULL), 0);
    crash(1, 16000);
    cr_expect_eq(told("shop is in a crash loop: restarted and crashed 5 times in 1 min"), 1);
    crash(32, 16000);
    cr_expect_eq(told(NULL), 3);
    cr_expect_eq(told("crashed 10 times"), 1);
    cr_expect_eq(told("crashed 20 times"), 1);
    cr_expect_eq(bench_alerts(&bench, "\"kind\":\"crash\"", NULL), 1, "the problem itself is told once, as ever");
}

/* Of processes whose start is not known: others were started after the crash before. */
Test(crash_loop, takes_no_clock_that_is_put_back_for_a_long_time) {
    crash(1, 0);
    clock_ns -= 30 * UINT64_C(1000000000);
    started_ms_ago = clock_ns / 1000000u;
    crash(5, 10);
    cr_expect_eq(bench_events(&bench, NULL, "\"kind\":\"crash\""), 6);
    cr_expect_eq(told(NULL), 0, "six within a moment");
}

Test(crash_loop, folds_starts_and_stops_while_it_lasts) {
    tell(QMON_KIND_LIFECYCLE, "/usr/bin/shop", "startup", 71);
    crash(5, 16000);
    tell(QMON_KIND_LIFECYCLE, "/usr/bin/shop", "shutdown", 71);
    tell(QMON_KIND_LIFECYCLE, "/usr/bin/shop", "startup", 71);
    tell(QMON_KIND_LIFECYCLE, "/usr/bin/other", "startup", 71);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"startup\"", "/usr/bin/shop"), 1);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"shutdown\"", NULL), 0);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"startup\"", "/usr/bin/other"), 1);
    cr_expect_eq(bench_counter(&bench, "loop.folded"), 2);
}

Test(crash_loop, leaves_the_stop_of_who_ran_before_it_alone) {
    crash(5, 16000);
    started_ms_ago = 3600000;
    tell(QMON_KIND_LIFECYCLE, "/usr/bin/shop", "shutdown", 71);
    cr_expect_eq(told(NULL), 1);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"shutdown\"", "/usr/bin/shop"), 1);
    cr_expect_eq(bench_counter(&bench, "loop.folded"), 0);
}

Test(crash_loop, that_has_ended_is_told_once_and_can_begin_again) {
    crash(5, 16000);
    uint64_t now_ms = (clock_ns / 1000000u) - 16000;
    qmon__tell_loops_over(&bench.pass, now_ms + 9 * MINUTE_MS);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"resolved\"", NULL), 0);
    qmon__tell_loops_over(&bench.pass, now_ms + 11 * MINUTE_MS);
    qmon__tell_loops_over(&bench.pass, now_ms + 12 * MINUTE_MS);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"resolved\"", "shop: crash loop ended: 5 crashes in"), 1);
    crash(5, 16000);
    cr_expect_eq(told(NULL), 2);
}

Test(crash_loop, has_the_fingerprint_that_its_end_names) {
    crash(5, 16000);
    qmon__tell_loops_over(&bench.pass, clock_ns / 1000000u + 11 * MINUTE_MS);
    char *alerts = scratch_read(bench.alerts), print[64] = "";
    const char *loop = strstr(alerts, "crash-loop");
    cr_assert_not_null(loop);
    const char *at = strstr(loop, "\"fingerprint\":\"");
    cr_assert_not_null(at);
    snprintf(print, sizeof print, "\"problem\":\"%.32s\"", at + strlen("\"fingerprint\":\""));
    cr_expect_not_null(strstr(alerts, print), "%s in %s", print, alerts);
    free(alerts);
}

Test(crash_loop, is_none_of_programs_that_end_badly_by_hand) {
    for (unsigned i = 0; i < 9; i++) {
        tell(QMON_KIND_EXIT, "/usr/bin/grep", NULL, 4321);
        tell(QMON_KIND_EXIT, "/usr/bin/daemon", NULL, 1);
        clock_ns += 5 * UINT64_C(1000000000);
    }
    cr_expect_eq(told("grep"), 0);
    cr_expect_eq(told("daemon is in a crash loop"), 1, "a service manager starts it again");
}

Test(crash_loop, needs_crashes_that_follow_each_other) {
    struct qmon_loop loop;

    for (uint64_t i = 0; i < 20; i++)
        cr_assert_eq(qmon_store_loop_add(bench.store, "loop|h|a|b|c", 0, i * 11 * MINUTE_MS + 1, 10 * MINUTE_MS, &loop),
                     0);
    cr_expect_eq(loop.count, 1);
    for (uint64_t i = 0; i < 20; i++)
        cr_assert_eq(qmon_store_loop_add(bench.store, "loop|h|a|b|c", 0, (210 + i) * MINUTE_MS, 10 * MINUTE_MS, &loop),
                     0);
    cr_expect_eq(loop.count, 21);
}

Test(crash_loop, is_none_of_processes_that_crash_beside_each_other) {
    for (unsigned i = 0; i < 40; i++) {
        started_ms_ago = 100000;
        crash(1, 1000);
    }
    cr_expect_eq(told(NULL), 0);
    started_ms_ago = 100;
}

Test(crash_loop, that_is_over_in_a_moment_is_none) {
    started_ms_ago = 10;
    crash(20, 40);
    cr_expect_eq(told(NULL), 0);
    crash(10, 40);
    cr_expect_eq(told("crashed 26 times"), 1, "then it is a fast one");
    started_ms_ago = 100;
}

static uint64_t ends_at_ms;

static int look_for_ends(unsigned number, void *context) {
    struct qmon__pass pass;

    (void) number;
    (void) context;
    cr_assert_eq(qmon__pass_open(&pass, qmon_monotonic_ms() + 30000), 0);
    qmon__tell_loops_over(&pass, ends_at_ms);
    qmon__pass_close(&pass);
    return 0;
}

/* One loop's next crash, as if each of them had counted it as the fifth. */
static int tell_the_fifth(unsigned number, void *context) {
    const struct qmon_loop *known = context;
    struct qmon__pass pass;

    (void) number;
    cr_assert_eq(qmon__pass_open(&pass, qmon_monotonic_ms() + 30000), 0);
    int r = qmon_store_loop_told(pass.store, "loop|h|shop||/x", known, 5);
    qmon__pass_close(&pass);
    return r == 0;
}

Test(crash_loop, of_many_that_see_it_or_its_end_one_tells_it) {
    enum { PROCESSES = 8 };
    int results[PROCESSES], tellers = 0;
    struct qmon_loop loop;

    crash(5, 16000);
    ends_at_ms = clock_ns / 1000000u + 11 * MINUTE_MS;
    run_together(PROCESSES, look_for_ends, NULL, results);
    qmon__deliver(&bench.pass, NULL);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"resolved\"", NULL), 1);
    for (uint64_t i = 1; i <= 5; i++)
        cr_assert_eq(qmon_store_loop_add(bench.store, "loop|h|shop||/x", 0, i * MINUTE_MS, 10 * MINUTE_MS, &loop), 0);
    run_together(PROCESSES, tell_the_fifth, &loop, results);
    for (size_t i = 0; i < PROCESSES; i++)
        tellers += results[i];
    cr_expect_eq(tellers, 1);
}

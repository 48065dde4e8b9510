/*
 * Problems that came no more: 1. One that was alerted of and is quiet for long enough is told as resolved, once, however many look.
 * 2. One that comes again, that nobody was told of, or that is not quiet yet is not. 3. By default nothing is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "bench.h"
#include "moment.h"
#include "resolve.h"
#include "together.h"

#define HOUR_MS 3600000ull

static struct bench bench;

static void open_bench(void) {
    bench_open(&bench, "QMON_RESOLVE_AFTER=3600");
}

static void close_bench(void) {
    bench_close(&bench);
}

TestSuite(resolve, .init = open_bench, .fini = close_bench, .timeout = 60);

static uint64_t now_ms(void) {
    return qmon_real_ms();
}

/* A crash of that long ago, that the channels were told of or not. */
static void save_crash(char digit, uint64_t ago_ms, bool told) {
    const char *const sinks[] = {"file"};
    struct qmon_event *event = qmon_event_new((now_ms() - ago_ms) * 1000000u);
    struct qmon_outbox_item item;

    event->kind = QMON_KIND_CRASH;
    event->severity = QMON_SEVERITY_CRITICAL;
    event->title = qmon_event_format(event, "SIGSEGV number %c", digit);
    event->service.name = "shop";
    event->service.stage = "production";
    event->host.name = "web-7";
    memset(event->fingerprint, digit, QMON_EVENT_FINGERPRINT_BYTES - 1);
    cr_assert_eq(qmon_store_save(bench.store, event, told ? "alerted" : "suppressed", sinks, told), 0);
    if (told) {
        cr_assert_eq(qmon_outbox_claim(bench.store, event->id, now_ms(), 1000, &item), 0);
        cr_assert_eq(qmon_outbox_sent(bench.store, &item, now_ms(), NULL), 0);
        qmon_outbox_item_clear(&item);
    }
    qmon_event_free(event);
}

Test(resolve, a_problem_that_is_quiet_is_told_as_resolved_once) {
    save_crash('a', 3 * HOUR_MS, true);
    save_crash('a', 2 * HOUR_MS, false);
    save_crash('b', HOUR_MS / 2, true);
    save_crash('c', 3 * HOUR_MS, true);
    save_crash('c', HOUR_MS / 2, false);
    save_crash('d', 3 * HOUR_MS, false);
    cr_assert_eq(qmon__tell_resolved(&bench.pass, now_ms()), 1);
    cr_assert_eq(qmon__tell_resolved(&bench.pass, now_ms()), 0);
    qmon__deliver(&bench.pass, NULL);
    cr_assert_eq(bench_alerts(&bench, "\"phase\":\"resolved\"", NULL), 1);
    cr_assert_eq(bench_alerts(&bench, "\"title\":\"shop: resolved: SIGSEGV number a\"",
                              "\"problem\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
                 1);
    cr_assert_eq(bench_alerts(&bench, "did not come again on this host for 2 h", "2 times in all"), 1);
    cr_assert_eq(bench_counter(&bench, "events"), 1);
}

Test(resolve, a_problem_that_comes_again_can_be_resolved_again) {
    save_crash('a', 5 * HOUR_MS, true);
    cr_assert_eq(qmon__tell_resolved(&bench.pass, now_ms()), 1);
    save_crash('a', 2 * HOUR_MS, true);
    cr_assert_eq(qmon__tell_resolved(&bench.pass, now_ms() - HOUR_MS * 3 / 2), 0);
    cr_assert_eq(qmon__tell_resolved(&bench.pass, now_ms()), 1);
    cr_assert_eq(qmon__tell_resolved(&bench.pass, now_ms() + 24 * HOUR_MS), 0);
}

static int tell_as_one_of_many(unsigned number, void *context) {
    const char *problem = NULL;
    struct qmon__pass pass;
    struct qmon_store *own = qmon_store_open(context, &problem);

    (void) number;
    qmon__pass_borrow(&pass, bench.config, own, qmon_monotonic_ms() + 20000);
    int told = (int) qmon__tell_resolved(&pass, now_ms());
    qmon__pass_close(&pass);
    qmon_store_close(own);
    return told;
}

Test(resolve, many_at_the_same_time_make_one_event) {
    enum { PROCESSES = 8 };
    int results[PROCESSES], told = 0;

    for (char digit = 'a'; digit <= 'f'; digit++)
        save_crash(digit, 3 * HOUR_MS, true);
    run_together(PROCESSES, tell_as_one_of_many, bench.config->state_dir, results);
    for (size_t i = 0; i < PROCESSES; i++)
        told += results[i];
    cr_assert_eq(told, 6);
    cr_assert_eq(bench_events(&bench, "alerted", "\"phase\":\"resolved\""), 6);
}

Test(resolve, nothing_is_resolved_where_nobody_asked_for_it) {
    close_bench();
    unsetenv("QMON_RESOLVE_AFTER");
    bench_open(&bench, NULL);
    save_crash('a', 48 * HOUR_MS, true);
    cr_assert_eq(qmon__tell_resolved(&bench.pass, now_ms()), 0);
}

/*
 * Digests while others are at work: 1. Many that look at the same time make one. 2. What is held back while one is made is in the
 * next: no alert is summed up twice, and none is left out. 3. Nor when tellers are killed. 4. What a digest too many would have told
 * is told when there may be one again.
 */
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "bench.h"
#include "digest.h"
#include "manners.h"
#include "moment.h"
#include "together.h"

#define TELLERS 6
#define ALERTS 120

static struct bench bench;
static struct scratch settings; /* each process reads them */

static void set_up(void) {
    char path[300];

    settings = scratch_make();
    scratch_write(&settings, "qmon.json",
                  "{\"channels\": {\"file\": {\"limit\": {\"alerts\": 1, \"window\": 3600, \"burst\": 1}}}}");
    snprintf(path, sizeof path, "%s/qmon.json", settings.path);
    setenv("QMON_CONFIG", path, 1);
    bench_open(&bench, NULL);
}

static void tear_down(void) {
    bench_close(&bench);
    scratch_remove(&settings);
}

TestSuite(digest_races, .init = set_up, .fini = tear_down, .timeout = 90);

static void storm(struct qmon__pass *pass, unsigned from, unsigned count) {
    for (unsigned i = from; i < from + count; i++) {
        struct qmon__report report = {.event = qmon_event_new(qmon_real_ns())};
        report.event->kind = QMON_KIND_ERROR;
        report.event->severity = QMON_SEVERITY_ERROR;
        report.event->service.name = "shop";
        report.event->code = qmon_event_format(report.event, "error-%u", i);
        report.event->title = qmon_event_format(report.event, "problem %u", i);
        cr_assert_eq(qmon__process(pass, &report, NULL), QMON__KEPT);
        qmon_event_free(report.event);
    }
}

/* A process of its own has a store of its own. */
static void open_own(struct qmon__pass *ret_pass) {
    cr_assert_eq(qmon__pass_open(ret_pass, qmon_monotonic_ms() + 60000), 0);
}

static int tell(unsigned number, void *context) {
    struct qmon__pass pass;

    (void) number;
    (void) context;
    open_own(&pass);
    qmon__tell_digests(&pass, true);
    qmon__pass_close(&pass);
    return 0;
}

/* Every other one holds alerts back, the others sum them up. */
static int hold_or_tell(unsigned number, void *context) {
    struct qmon__pass pass;

    (void) context;
    open_own(&pass);
    if (number % 2)
        storm(&pass, 1000 + number * ALERTS, ALERTS);
    for (unsigned i = 0; number % 2 == 0 && i < 60; i++) {
        qmon__tell_digests(&pass, true);
        usleep(2000);
    }
    qmon__pass_close(&pass);
    return 0;
}

Test(digest_races, many_that_look_at_the_same_time_make_one) {
    int results[TELLERS];

    for (unsigned round = 0; round < 3; round++) {
        storm(&bench.pass, round * 20, 20);
        run_together(TELLERS, tell, NULL, results);
        qmon__deliver(&bench.pass, NULL);
        cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", NULL), round + 1);
    }
}

Test(digest_races, what_is_held_back_meanwhile_is_in_the_next) {
    int results[TELLERS];

    run_together(TELLERS, hold_or_tell, NULL, results);
    qmon__tell_digests(&bench.pass, true);
    const uint64_t held = bench_counter(&bench, "limit.held");
    cr_assert_eq(held, TELLERS / 2 * ALERTS - 1);
    cr_expect_eq(bench_counter(&bench, "digest.alerts") + bench_counter(&bench, "digest.left"), held,
                 "%lu in digests, %lu left of %lu", bench_counter(&bench, "digest.alerts"),
                 bench_counter(&bench, "digest.left"), held);
}

/* A receiver that leaves somebody to wait for the digest, which is due in ten seconds. `end` is kept open by who waits. */
static pid_t leave_waiter(int end, int as) {
    pid_t receiver = fork();

    if (receiver == 0) {
        setsid();
        qmon__ignore_stop_signals();
        dup2(end, as);
        close(end);
        qmon__pass_close(&bench.pass);
        qmon_store_close(bench.store);
        qmon__wait_for_digest_apart();
        _exit(0);
    }
    close(end);
    waitpid(receiver, NULL, 0);
    return receiver;
}

Test(digest_races, who_waits_for_one_keeps_nobodys_standard_error_open) {
    int ends[2];
    char byte;

    cr_assert_eq(pipe(ends), 0);
    setenv("QMON_STDERR", "text", 1);
    storm(&bench.pass, 0, 20);
    pid_t receiver = leave_waiter(ends[1], STDERR_FILENO);
    struct pollfd one = {.fd = ends[0], .events = POLLIN};
    cr_expect_eq(poll(&one, 1, 9000), 1, "it is still open");
    cr_expect_eq(read(ends[0], &byte, 1), 0);
    cr_expect_eq(kill(-receiver, SIGKILL), 0, "nobody waits for the digest");
    close(ends[0]);
}

/* Signals that come before it listens are ignored, as by every receiver: so it gets some. */
Test(digest_races, who_waits_for_one_tells_it_when_a_service_manager_wants_it_to_go) {
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    storm(&bench.pass, 0, 20);
    pid_t receiver = leave_waiter(ends[1], 77);
    struct pollfd one = {.fd = ends[0], .events = POLLIN};
    unsigned tries = 0;
    while (poll(&one, 1, 20) == 0 && tries++ < 350)
        kill(-receiver, SIGTERM);
    cr_expect_lt(tries, 350, "it waits for its ten seconds");
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", "19 more alerts were held back"), 1);
    close(ends[0]);
}

/* How many alerts the digests speak of, by their titles. */
static uint64_t told(void) {
    uint64_t sum = 0;

    qmon__deliver(&bench.pass, NULL);
    char *text = scratch_read(bench.alerts);
    for (char *at = text; at != NULL && (at = strstr(at, "\"phase\":\"digest\"")) != NULL; at++) {
        char *line = at;
        while (line > text && line[-1] != '\n')
            line--;
        char *title = strstr(line, "\"title\":\"");
        cr_assert_not_null(title);
        for (title += strlen("\"title\":\""); *title != ' '; title++)
            if (*title == ',')
                memmove(title, title + 1, strlen(title));
        while (title[-1] >= '0' && title[-1] <= '9')
            title--;
        sum += strtoull(title, NULL, 10);
    }
    free(text);
    return sum;
}

/* As if ten minutes had passed. */
static void let_window_pass(void) {
    sqlite3 *database = NULL;
    char path[300];

    snprintf(path, sizeof path, "%s/store.db", bench.scratch.path);
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 2000);
    cr_assert_eq(sqlite3_exec(database, "UPDATE windows SET start_ms = start_ms - 700000 WHERE key LIKE 'digest|%'",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    sqlite3_close(database);
    cr_assert_eq(qmon_store_value_set(bench.store, "digest-owed:file", "1", 0, 1), 0);
}

Test(digest_races, what_a_digest_too_many_would_have_told_is_told_later) {
    for (unsigned round = 0; round < 6; round++) {
        storm(&bench.pass, round * 20, 20);
        qmon__tell_digests(&bench.pass, true);
    }
    cr_expect_eq(told(), 59);
    cr_expect_eq(bench_counter(&bench, "digest.left"), 60);
    cr_expect_neq(qmon__tell_digests(&bench.pass, true), 0, "somebody is to wait for it");
    cr_expect_eq(told(), 59);
    let_window_pass();
    cr_expect_eq(qmon__tell_digests(&bench.pass, false), 0);
    cr_expect_eq(told(), 119);
    cr_expect_eq(bench_alerts(&bench, "\"phase\":\"digest\"", "60 different problems on this host."), 1);
    cr_expect_eq(qmon__tell_digests(&bench.pass, true), 0);
    cr_expect_eq(told(), 119);
}

Test(digest_races, tellers_that_are_killed_lose_none_and_tell_none_twice) {
    unsigned count = 0;

    for (unsigned round = 0; round < 40; round++) {
        storm(&bench.pass, round * 10, 10);
        count += 10;
        pid_t teller = fork();
        if (teller == 0) {
            setsid();
            tell(0, NULL);
            _exit(0);
        }
        usleep((unsigned) rand() % 6000);
        kill(teller, SIGKILL);
        waitpid(teller, NULL, 0);
        if (round % 8 == 7)
            let_window_pass();
    }
    qmon__tell_digests(&bench.pass, true);
    let_window_pass();
    qmon__tell_digests(&bench.pass, true);
    bench_run_out(&bench);
    cr_expect_eq(told(), count - 1, "%lu told of %u", told(), count - 1);
}

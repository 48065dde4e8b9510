#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "http_server.h"
#include "moment.h"
#include "settle.h"

static struct bench bench;
static struct made_record made;

static void set_up(void) {
    bench_open(&bench, NULL);
    made = make_record(bench.records, (uint32_t) free_pid());
}

static void tear_down(void) {
    unmake_record(&made);
    bench_close(&bench);
}

TestSuite(settle, .init = set_up, .fini = tear_down, .timeout = 30);

/* As a receiver would; returns whether all is kept. */
static bool settle_now(unsigned *ret_events) {
    struct qmon__record_file file = bench_record(&made);
    struct qmon__settlement settlement = {.death = {.found_ns = real_clock_ns()}};
    bool kept = qmon__settle(&bench.pass, &file, &settlement);
    if (ret_events != NULL)
        *ret_events = settlement.events;
    qmon__record_close(&file);
    return kept;
}

Test(settle, tells_start_and_stop_of_a_root_that_ended_well) {
    make_exit(&made, 0);
    cr_assert(settle_now(NULL));
    cr_expect_eq(made.at->header.state, QMON_STATE_DONE);
    cr_expect_eq(bench_alerts(&bench, "\"startup\"", NULL), 1);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "exit status 0"), 1);
    cr_expect_lt(bench_alert_line(&bench, "\"startup\"", NULL), bench_alert_line(&bench, "\"shutdown\"", NULL));
    cr_expect_eq(bench_events(&bench, NULL, ""), 2);
}

Test(settle, tells_each_once_however_often_it_is_done) {
    make_exit(&made, 3);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert(settle_now(NULL));
        made.at->header.state = QMON_STATE_STOPPED; /* the receiver died before it could say that it is done */
        if (i == 1)
            made.at->process.announced = 0; /* and before it could mark what it had told */
    }
    cr_expect_eq(bench_alerts(&bench, "\"startup\"", NULL), 1);
    cr_expect_eq(bench_alerts(&bench, "\"exit:3\"", NULL), 1);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "exit status 3"), 1);
    cr_expect_eq(bench_events(&bench, NULL, ""), 3);
}

Test(settle, tells_of_a_failed_exit_only_where_that_is_wanted) {
    make_exit(&made, 3);
    made.at->process.flags = QMON_PROCESS_ROOT | QMON_PROCESS_TELL_LIFECYCLE;
    cr_assert(settle_now(NULL));
    cr_expect_eq(bench_events(&bench, NULL, "exit:3"), 0);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "exit status 3"), 1);
}

Test(settle, has_nothing_to_tell_of_a_child_that_ends) {
    make_exit(&made, 3);
    made.at->process.flags = QMON_PROCESS_FORKED;
    cr_assert(settle_now(NULL));
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    cr_expect_eq(made.at->header.state, QMON_STATE_DONE);
}

Test(settle, tells_a_crash_and_then_the_stop) {
    make_crash(&made, 0x1000);
    made.at->process.announced = QMON_ANNOUNCED_START;
    unsigned events;
    cr_assert(settle_now(&events));
    cr_expect_eq(events, 2);
    cr_expect_eq(bench_alerts(&bench, "\"SIGSEGV\"", "\"crash\""), 1);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "signal SIGSEGV"), 1);
    cr_expect_eq(bench_alert_line(&bench, "\"crash\"", NULL), 1);
    cr_expect_eq(made.at->process.announced,
                 QMON_ANNOUNCED_START | QMON_ANNOUNCED_STOP | QMON_ANNOUNCED_END | QMON_ANNOUNCED_ASKED);
}

Test(settle, reports_every_stage_that_a_capture_may_end_in) {
    for (uint32_t stage = QMON_STAGE_NONE; stage <= QMON_STAGE_SEALED; stage++) {
        struct made_record other = make_record(bench.records, (uint32_t) free_pid());
        make_crash(&other, 0x1000);
        other.at->header.state = QMON_STATE_CRASHING;
        other.at->crash.stage = stage;
        other.at->process.flags = 0;
        struct qmon__record_file file = bench_record(&other);
        struct qmon__settlement settlement = {.death = {.found_ns = real_clock_ns()}};
        cr_expect(qmon__settle(&bench.pass, &file, &settlement), "stage %u", stage);
        cr_expect_eq(settlement.events, 1);
        qmon__record_close(&file);
        unmake_record(&other);
    }
    cr_expect_eq(bench_events(&bench, NULL, "\"crash\""), QMON_STAGE_SEALED + 1);
}

Test(settle, counts_a_second_crash_of_the_kind_and_alerts_once) {
    for (unsigned i = 0; i < 5; i++) {
        struct made_record other = make_record(bench.records, (uint32_t) free_pid());
        make_crash(&other, 0x1000);
        other.at->process.flags = 0;
        struct qmon__record_file file = bench_record(&other);
        struct qmon__settlement settlement = {0};
        cr_expect(qmon__settle(&bench.pass, &file, &settlement));
        qmon__record_close(&file);
        unmake_record(&other);
    }
    cr_expect_eq(bench_events(&bench, "alerted", "SIGSEGV"), 1);
    cr_expect_eq(bench_events(&bench, "suppressed", "SIGSEGV"), 4);
    cr_expect_eq(bench_alerts(&bench, "SIGSEGV", NULL), 1);
    cr_expect_eq(bench_counter(&bench, "dedup.suppressed"), 4);
}

Test(settle, alerts_when_a_receiver_died_with_the_answer_of_the_cache) {
    struct made_record first = make_record(bench.records, (uint32_t) free_pid());
    make_crash(&first, 0x1000);
    struct qmon__record_file file = bench_record(&first);
    struct qmon__settlement settlement = {0};
    cr_expect(qmon__settle(&bench.pass, &file, &settlement)); /* the cache has counted an alert: the dead receiver's */
    qmon__record_close(&file);
    unmake_record(&first);
    make_crash(&made, 0x1000);
    made.at->process.announced = QMON_ANNOUNCED_START | QMON_ANNOUNCED_ASKED;
    cr_assert(settle_now(NULL));
    cr_expect_eq(bench_events(&bench, "alerted", "SIGSEGV"), 4, "two crashes, two stops");
    cr_expect_eq(bench_events(&bench, "suppressed", "SIGSEGV"), 0);
}

Test(settle, tells_what_was_left_in_the_ring_first) {
    make_report(&made, "E1", "first");
    make_report(&made, "E2", "second");
    make_exit(&made, 0);
    cr_assert(settle_now(NULL));
    size_t start = bench_alert_line(&bench, "startup", NULL), first = bench_alert_line(&bench, "first", NULL),
           second = bench_alert_line(&bench, "second", NULL), stop = bench_alert_line(&bench, "shutdown", NULL);
    cr_expect(start == 1 && first == 2 && second == 3 && stop == 4, "%zu %zu %zu %zu", start, first, second, stop);
    cr_expect_eq(made.at->ring.tail, 2);
}

Test(settle, counts_reports_that_found_no_room_and_no_successor_to_tell_it) {
    make_exit(&made, 0);
    made.at->ring.dropped = 40;
    made.at->ring.reported_dropped = 17;
    cr_assert(settle_now(NULL));
    cr_expect_eq(bench_counter(&bench, "ring.dropped"), 23);
    cr_expect_eq(made.at->ring.reported_dropped, 40);
}

Test(settle, counts_timers_that_nobody_could_watch_once) {
    make_exit(&made, 0);
    made.at->ring.unwatched_timers = 3;
    cr_assert(settle_now(NULL));
    cr_expect_eq(bench_counter(&bench, "timers.unwatched"), 3);
    cr_expect_eq(made.at->ring.unwatched_timers, 0);
}

Test(settle, is_silent_about_a_program_that_never_ran_the_agent) {
    made.at->header.state = QMON_STATE_EXEC;
    made.at->process.flags = QMON_PROCESS_UNSTARTED;
    cr_assert(settle_now(NULL));
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    cr_expect_eq(bench_counter(&bench, "record.untold"), 1);
    cr_expect_eq(made.at->header.state, QMON_STATE_DONE);
}

/* As settle_now() for a record whose owner was seen to end so by its parent. */
static void settle_seen(int wait_status) {
    struct qmon__record_file file = bench_record(&made);
    struct qmon__settlement settlement = {
        .death = {.found_ns = real_clock_ns()}, .has_end = true, .wait_status = wait_status};
    cr_assert(qmon__settle(&bench.pass, &file, &settlement));
    qmon__record_close(&file);
}

Test(settle, tells_the_end_of_a_program_that_never_ran_the_agent_where_a_parent_saw_a_crash) {
    const int ends[] = {0, 3 << 8, SIGTERM, SIGKILL};
    strcpy(made.at->process.executable, "/srv/static");
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        made.at->header.state = QMON_STATE_EXEC;
        made.at->process.flags = QMON_PROCESS_UNSTARTED;
        settle_seen(ends[i]);
        cr_expect_eq(bench_events(&bench, NULL, ""), ends[i] == SIGKILL, "status %x", ends[i]);
    }
    cr_expect_eq(bench_events(&bench, NULL, "static was killed (SIGKILL)"), 1);
    cr_expect_eq(bench_counter(&bench, "record.untold"), 3);
}

Test(settle, leaves_programs_alone_that_are_excluded) {
    char *items[] = {(char *) "/srv/stat*"};
    struct qmon_config config = *bench.pass.config;
    config.exclude = (struct qmon_patterns){items, 1};
    bench.pass.config = &config;
    strcpy(made.at->process.executable, "/srv/static");
    made.at->header.state = QMON_STATE_EXEC;
    made.at->process.flags = 0;
    settle_seen(SIGSEGV);
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    made.at->header.state = QMON_STATE_RUNNING;
    settle_seen(SIGSEGV);
    cr_expect_eq(bench_events(&bench, NULL, "\"SIGSEGV\""), 1);
}

Test(settle, does_not_know_the_end_of_a_program_that_the_root_became) {
    made.at->header.state = QMON_STATE_EXEC;
    cr_assert(settle_now(NULL));
    cr_expect_eq(bench_events(&bench, NULL, "\"crash\""), 0);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "went on as a program without the agent"), 1);
}

/* The cache in memory would say at the second try that this has been told. */
Test(settle, leaves_to_others_what_its_host_s_limits_keep_it_from) {
    make_crash(&made, 0x1000);
    made.at->process.announced = QMON_ANNOUNCED_START;
    struct qmon_config *config = bench.config;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &none);
        struct qmon_store *memory = qmon_store_open(NULL, &(const char *){NULL});
        qmon__pass_borrow(&bench.pass, config, memory, qmon_monotonic_ms() + 5000);
        bool kept = settle_now(NULL);
        kept |= settle_now(NULL);
        _exit(kept);
    }
    int status;
    waitpid(child, &status, 0);
    cr_expect_eq(status, 0);
    cr_expect_eq(made.at->header.state, QMON_STATE_SEALED);
    cr_expect(settle_now(NULL));
    cr_expect_eq(bench_alerts(&bench, "\"SIGSEGV\"", "\"crash\""), 1);
    cr_expect_eq(bench_events(&bench, NULL, "\"crash\""), 1);
}

Test(settle, sends_the_alert_though_the_store_is_full_and_saves_it_later) {
    struct http_server *server = http_server_start(NULL);
    char setting[300];
    snprintf(setting, sizeof setting, "QMON_WEBHOOK_URL=%s", http_server_url(server, "/hook"));
    bench_close(&bench);
    unmake_record(&made);
    unsetenv("QMON_EVENTS_FILE");
    bench_open(&bench, setting);
    made = make_record(bench.records, (uint32_t) free_pid());
    make_crash(&made, 0x1000);
    made.at->process.flags = 0;
    struct rlimit before, none;
    getrlimit(RLIMIT_FSIZE, &before);
    none = before;
    none.rlim_cur = 8192; /* the record's head can still be written, the store cannot */
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    bool kept = settle_now(NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    cr_expect_not(kept);
    cr_expect_eq(http_server_count(server), 1, "the alert is out");
    cr_expect_eq(made.at->header.state, QMON_STATE_SEALED, "the record stays");
    cr_expect(made.at->process.announced & QMON_ANNOUNCED_TOLD);
    cr_expect(settle_now(NULL));
    cr_expect_eq(http_server_count(server), 1, "not a second time");
    cr_expect_eq(bench_events(&bench, NULL, "SIGSEGV"), 1);
    cr_expect_eq(made.at->header.state, QMON_STATE_DONE);
    http_server_stop(server);
}

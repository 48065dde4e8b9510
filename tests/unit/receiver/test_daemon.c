#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "moment.h"
#include "procfs.h"
#include "settle.h"

static struct bench bench;
static struct made_record root;

static void set_up(void) {
    bench_open(&bench, NULL);
    root = make_record(bench.records, (uint32_t) free_pid());
    root.at->process.session = (uint32_t) getsid(0);
    root.at->process.announced = QMON_ANNOUNCED_START;
    make_exit(&root, 0);
}

static void tear_down(void) {
    unmake_record(&root);
    bench_close(&bench);
}

TestSuite(daemon, .init = set_up, .fini = tear_down, .timeout = 30);

/* A child that leaves its session after a while; 0 at once, -1 never. */
static pid_t start_child(int after_ms) {
    pid_t pid = fork();
    if (pid == 0) {
        if (after_ms > 0)
            qmon__pause_us((unsigned) after_ms * 1000);
        if (after_ms >= 0)
            setsid();
        sleep_with_test();
    }
    struct qmon__proc_stat stat;
    do
        cr_assert_eq(qmon__proc_stat((uint32_t) pid, &stat), 0);
    while (after_ms == 0 && stat.session != (uint32_t) pid);
    return pid;
}

static struct made_record child_record(pid_t pid) {
    struct made_record child = make_record(bench.records, (uint32_t) pid);
    child.at->process.flags = QMON_PROCESS_FORKED;
    child.at->process.root_pid = root.at->process.pid;
    child.at->process.root_created_boot_ns = root.at->process.created_boot_ns;
    return child;
}

static bool settle_made(const struct made_record *made) {
    struct qmon__record_file file = bench_record(made);
    struct qmon__settlement settlement = {.death = {.found_ns = real_clock_ns()}};
    cr_assert(qmon__settle(&bench.pass, &file, &settlement));
    if (settlement.superseded || made->at->header.state == QMON_STATE_DONE)
        qmon__record_remove(&file);
    qmon__record_close(&file);
    return settlement.superseded;
}

static bool settle_root(void) {
    return settle_made(&root);
}

/* One that had left the session, and is gone. */
static struct made_record dead_daemon(void) {
    const pid_t pid = free_pid();
    struct made_record child = child_record(pid);
    child.at->process.session = (uint32_t) pid;
    return child;
}

Test(daemon, takes_the_roots_place) {
    pid_t pid = start_child(0);
    struct made_record child = child_record(pid);
    cr_expect(settle_root());
    cr_expect_eq(bench_events(&bench, NULL, ""), 0, "nothing has stopped");
    cr_expect_eq(child.at->process.flags,
                 QMON_PROCESS_FORKED | QMON_PROCESS_ROOT | QMON_PROCESS_TELL_LIFECYCLE | QMON_PROCESS_TELL_EXIT);
    cr_expect_eq(child.at->process.announced, QMON_ANNOUNCED_START);
    end_sleeper(pid);
    unmake_record(&child);
}

Test(daemon, may_need_a_moment_to_become_one) {
    pid_t pid = start_child(150);
    struct made_record child = child_record(pid);
    cr_expect(settle_root());
    end_sleeper(pid);
    unmake_record(&child);
}

Test(daemon, is_not_a_child_that_stays_in_the_session) {
    pid_t pid = start_child(-1);
    struct made_record child = child_record(pid);
    uint64_t start_ms = qmon_monotonic_ms();
    cr_expect_not(settle_root());
    cr_expect_lt(qmon_monotonic_ms() - start_ms, 3000);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 1);
    cr_expect_eq(child.at->process.flags, QMON_PROCESS_FORKED);
    end_sleeper(pid);
    unmake_record(&child);
}

Test(daemon, is_not_a_child_of_somebody_else) {
    pid_t pid = start_child(0);
    struct made_record child = child_record(pid);
    child.at->process.root_created_boot_ns++;
    cr_expect_not(settle_root());
    end_sleeper(pid);
    unmake_record(&child);
}

Test(daemon, is_not_a_program_that_a_child_has_become) {
    pid_t pid = start_child(0);
    struct made_record child = child_record(pid);
    child.at->process.execs = 1;
    cr_expect_not(settle_root());
    end_sleeper(pid);
    unmake_record(&child);
}

/* As of pg_ctl, which starts a server that goes on, and whose children leave their sessions. */
Test(daemon, is_not_a_child_of_the_program_that_a_child_has_become) {
    int ends[2];
    pid_t worker = 0;
    cr_assert_eq(pipe(ends), 0);
    const pid_t server = fork();
    if (server == 0) {
        if (fork() == 0) {
            const pid_t own = setsid();
            if (write(ends[1], &own, sizeof own) < 0)
                _exit(1);
        }
        for (;;)
            pause();
    }
    cr_assert_eq(read(ends[0], &worker, sizeof worker), (ssize_t) sizeof worker);
    close(ends[0]);
    close(ends[1]);
    struct made_record servers = child_record(server), workers = child_record(worker);
    servers.at->process.flags = 0;
    servers.at->process.execs = 1;
    workers.at->process.parent_pid = (uint32_t) server;
    cr_expect_not(settle_root());
    cr_expect_eq(workers.at->process.flags, QMON_PROCESS_FORKED);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 1, "the root's own");
    kill(worker, SIGKILL);
    end_sleeper(server);
    unmake_record(&workers);
    unmake_record(&servers);
}

Test(daemon, is_not_looked_for_when_the_root_failed) {
    pid_t pid = start_child(0);
    struct made_record child = child_record(pid);
    make_exit(&root, 1);
    cr_expect_not(settle_root());
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "exit status 1"), 1);
    end_sleeper(pid);
    unmake_record(&child);
}

Test(daemon, hands_the_role_on_to_a_daemon_of_its_own) {
    pid_t first = start_child(0);
    struct made_record child = child_record(first);
    cr_expect(settle_root());
    end_sleeper(first); /* the one in the middle of a double fork */
    pid_t second = start_child(0);
    struct made_record grandchild = child_record(second);
    make_exit(&child, 0);
    struct made_record before = root;
    root = child;
    cr_expect(settle_root());
    root = before;
    cr_expect(grandchild.at->process.flags & QMON_PROCESS_ROOT);
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    end_sleeper(second);
    unmake_record(&child);
    unmake_record(&grandchild);
}

Test(daemon, need_not_leave_the_session_of_the_one_in_the_middle) {
    pid_t first = start_child(0);
    struct made_record child = child_record(first);
    cr_expect(settle_root());
    pid_t second = start_child(-1);
    struct made_record grandchild = child_record(second);
    grandchild.at->process.session = (uint32_t) first;
    end_sleeper(first);
    make_exit(&child, 0);
    cr_expect(settle_made(&child));
    cr_expect(grandchild.at->process.flags & QMON_PROCESS_ROOT);
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    end_sleeper(second);
    unmake_record(&child);
    unmake_record(&grandchild);
}

Test(daemon, explains_a_root_that_went_unseen_a_moment_ago) {
    pid_t pid = start_child(0);
    struct made_record child = child_record(pid);
    root.at->header.state = QMON_STATE_RUNNING;
    root.at->end.how = QMON_END_NONE;
    cr_expect(settle_root());
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    end_sleeper(pid);
    unmake_record(&child);
}

Test(daemon, does_not_explain_a_root_that_went_unseen_long_after) {
    pid_t pid = start_child(0);
    struct made_record child = child_record(pid);
    child.at->process.created_boot_ns -= 60ull * 1000000000u;
    root.at->header.state = QMON_STATE_RUNNING;
    root.at->end.how = QMON_END_NONE;
    cr_expect_not(settle_root());
    cr_expect_eq(bench_alerts(&bench, "\"KILLED\"", NULL), 1);
    end_sleeper(pid);
    unmake_record(&child);
}

Test(daemon, that_crashed_and_was_told_before_its_root_was_seen_to_was_in_its_place) {
    struct made_record child = dead_daemon();
    make_crash(&child, 0x1000);
    settle_made(&child);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "SIGSEGV"), 1);
    cr_expect_eq(root.at->header.successor, child.at->process.pid);
    cr_expect(settle_root());
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 1);
    cr_expect_eq(bench_alerts(&bench, "\"startup\"", NULL), 0);
    unmake_record(&child);
}

Test(daemon, that_crashed_and_is_not_told_yet_takes_the_roots_place) {
    struct made_record child = dead_daemon();
    make_crash(&child, 0x1000);
    cr_expect(settle_root());
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 0);
    settle_made(&child);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "SIGSEGV"), 1);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 1);
    unmake_record(&child);
}

Test(daemon, that_failed_is_told_with_its_status) {
    struct made_record child = dead_daemon();
    make_exit(&child, 3);
    settle_made(&child);
    cr_expect_eq(bench_alerts(&bench, "\"exit:3\"", NULL), 1);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "exit status 3"), 1);
    cr_expect(settle_root());
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 1);
    unmake_record(&child);
}

Test(daemon, that_ended_well_leaves_the_stop_to_the_root) {
    struct made_record child = dead_daemon();
    make_exit(&child, 0);
    settle_made(&child);
    cr_expect_not(settle_root());
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "exit status 0"), 1);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 1);
    unmake_record(&child);
}

Test(daemon, is_not_a_child_that_crashed_before_the_root_ended) {
    struct made_record child = dead_daemon();
    make_crash(&child, 0x1000);
    make_exit(&root, 0);
    settle_made(&child);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 0);
    cr_expect_eq(root.at->header.successor, 0);
    cr_expect_not(settle_root());
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "exit status 0"), 1);
    unmake_record(&child);
}

Test(daemon, is_not_a_child_that_crashed_after_it_was_decided_that_there_is_none) {
    cr_expect_not(settle_root());
    struct made_record child = dead_daemon();
    make_crash(&child, 0x1000);
    settle_made(&child);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 1);
    unmake_record(&child);
}

Test(daemon, is_not_a_worker_that_crashed_while_the_daemon_goes_on) {
    pid_t pid = start_child(0);
    struct made_record child = child_record(pid), worker = dead_daemon();
    child.at->process.session = worker.at->process.session = (uint32_t) pid;
    make_crash(&worker, 0x1000);
    settle_made(&worker);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", NULL), 0);
    cr_expect_eq(root.at->header.successor, 0);
    cr_expect(settle_root());
    cr_expect_eq(root.at->header.successor, (uint32_t) pid);
    cr_expect(child.at->process.flags & QMON_PROCESS_ROOT);
    end_sleeper(pid);
    unmake_record(&child);
    unmake_record(&worker);
}

/* Both at once, over and over: each decides without the other, and one stop is told. */
Test(daemon, and_its_root_are_seen_to_at_the_same_time, .timeout = 120) {
    for (unsigned i = 0; i < 60; i++) {
        unlink(root.path);
        unmake_record(&root);
        root = make_record(bench.records, (uint32_t) free_pid());
        root.at->process.session = (uint32_t) getsid(0);
        root.at->process.announced = QMON_ANNOUNCED_START;
        make_exit(&root, 0);
        struct made_record child = dead_daemon();
        make_crash(&child, 0x1000);
        pid_t stop = bench_receive(&root, "stop", root.path, 5000, i % 2);
        qmon__pause_us(i % 7 * 500);
        pid_t crash = bench_receive(&child, "crash", child.path, 5000, i % 3);
        bench_wait(stop);
        bench_wait(crash);
        for (unsigned waits = 0; waits < 4000 && (bench_exists(root.path) || bench_exists(child.path)); waits++)
            qmon__pause_us(1000);
        cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "SIGSEGV"), i + 1, "round %u", i);
        cr_assert_eq(bench_alerts(&bench, "\"shutdown\"", NULL), i + 1, "round %u", i);
        unmake_record(&child);
    }
}

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include <qmon/receiver.h>

#include "bench.h"
#include "moment.h"

static struct bench bench;

static void set_up(void) {
    bench_open(&bench, NULL);
}

static void tear_down(void) {
    bench_close(&bench);
}

TestSuite(await, .init = set_up, .fini = tear_down, .timeout = 20);

Test(await, returns_at_once_where_there_is_nothing) {
    uint64_t start_ms = qmon_monotonic_ms();
    cr_expect_eq(qmon_await(bench.scratch.path, 0, 5000), 0);
    cr_expect_eq(qmon_await("/nonexistent/state", 0, 5000), 0);
    cr_expect_lt(qmon_monotonic_ms() - start_ms, 4000);
}

Test(await, waits_for_records_of_the_dead_and_not_for_those_of_the_living) {
    pid_t pid = start_sleeper();
    struct made_record living = make_record(bench.records, (uint32_t) pid);
    cr_expect_eq(qmon_await(bench.scratch.path, 0, 5000), 0);
    struct made_record dead = make_record(bench.records, (uint32_t) free_pid());
    cr_expect_eq(qmon_await(bench.scratch.path, 0, 50), -ETIMEDOUT);
    cr_expect_eq(qmon_await(bench.scratch.path, dead.at->process.pid, 50), -ETIMEDOUT);
    cr_expect_eq(qmon_await(bench.scratch.path, (uint32_t) pid, 5000), 0, "another's");
    dead.at->header.state = QMON_STATE_DONE;
    cr_expect_eq(qmon_await(bench.scratch.path, 0, 5000), 0);
    end_sleeper(pid);
    unmake_record(&living);
    unmake_record(&dead);
}

Test(await, waits_for_a_receiver_that_is_at_work) {
    pid_t pid = start_sleeper();
    struct made_record made = make_record(bench.records, (uint32_t) pid);
    pid_t receiver = fork();
    if (receiver == 0) {
        bench_record(&made); /* locked until this process ends */
        usleep(200000);
        _exit(0);
    }
    qmon__pause_us(50000);
    uint64_t start_ms = qmon_monotonic_ms();
    cr_expect_eq(qmon_await(bench.scratch.path, (uint32_t) pid, 10000), 0);
    cr_expect_geq(qmon_monotonic_ms() - start_ms, 50);
    bench_wait(receiver);
    end_sleeper(pid);
    unmake_record(&made);
}

static void note_process(void *context, const struct qmon_live_process *process) {
    uint32_t *seen = context;
    seen[0]++;
    seen[1] = process->pid;
    seen[2] = process->root;
    cr_expect_str_eq(process->executable, "/usr/bin/victim");
}

Test(visit_live, shows_who_is_alive_and_monitored, .init = set_up, .fini = tear_down, .timeout = 20) {
    pid_t pid = start_sleeper(), exec = start_sleeper();
    struct made_record living = make_record(bench.records, (uint32_t) pid);
    struct made_record dead = make_record(bench.records, (uint32_t) free_pid());
    struct made_record unstarted = make_record(bench.records, (uint32_t) exec);
    unstarted.at->process.flags = QMON_PROCESS_UNSTARTED;
    uint32_t seen[3] = {0};
    cr_assert_eq(qmon_visit_live(bench.scratch.path, note_process, seen), 0);
    cr_expect_eq(seen[0], 1);
    cr_expect_eq(seen[1], (uint32_t) pid);
    cr_expect_eq(seen[2], 1);
    end_sleeper(pid);
    end_sleeper(exec);
    unmake_record(&living);
    unmake_record(&dead);
    unmake_record(&unstarted);
}

/* Deaths by SIGKILL whose sender has noted itself in the record. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <qmon/receiver.h>

#include "bench.h"
#include "recover.h"

static struct bench bench;

static void set_up(void) {
    bench_open(&bench, NULL);
}

static void tear_down(void) {
    bench_close(&bench);
}

TestSuite(killer, .init = set_up, .fini = tear_down, .timeout = 30);

#define ADMIN 1234567u

static struct made_record killed(uint32_t killer, uint32_t relation) {
    struct made_record made = make_record(bench.records, (uint32_t) free_pid());
    made.at->process.announced = QMON_ANNOUNCED_START;
    made.at->header.killer.pid = killer;
    made.at->header.killer.relation = relation;
    made.at->header.killer.real_ns = made.at->process.created_real_ns + 1;
    memset(made.at->header.killer.name, 'k', sizeof made.at->header.killer.name); /* without an end */
    return made;
}

static unsigned recover(const struct qmon_known_end *known) {
    unsigned recovered = 0;
    cr_assert_eq(qmon_recover(bench.store, bench.config, bench.scratch.path, known, &recovered), 0);
    return recovered;
}

Test(killer, of_another_tree_is_named_and_the_death_is_critical) {
    struct made_record made = killed(ADMIN, QMON_KILLER_OTHER);
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_alerts(&bench, "\"SIGKILL\"", "was killed by kkkkkkkkkkkkkkk (SIGKILL)"), 1);
    cr_expect_eq(bench_events(&bench, NULL, "\"sender_pid\":1234567"), 1);
    cr_expect_eq(bench_events(&bench, NULL, "\"critical\""), 1);
    cr_expect_eq(bench_events(&bench, NULL, "signal SIGKILL"), 1, "how it stopped is known");
    unmake_record(&made);
}

Test(killer, of_the_same_tree_makes_it_a_warning) {
    struct made_record made = killed(ADMIN, QMON_KILLER_KIN);
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_events(&bench, NULL, "of the same tree"), 1);
    cr_expect_eq(bench_events(&bench, NULL, "\"critical\""), 0);
    unmake_record(&made);
}

Test(killer, does_not_outweigh_what_a_parent_saw) {
    struct made_record made = killed(ADMIN, QMON_KILLER_OTHER);
    struct qmon_known_end known = {.pid = made.at->process.pid, .wait_status = 3 << 8};
    cr_expect_eq(recover(&known), 2);
    cr_expect_eq(bench_events(&bench, NULL, "\"exit:3\""), 1);
    cr_expect_eq(bench_events(&bench, NULL, "SIGKILL"), 0);
    unmake_record(&made);
}

Test(killer, does_not_outweigh_what_the_process_said_of_its_end) {
    struct made_record made = killed(ADMIN, QMON_KILLER_OTHER);
    make_exit(&made, 0);
    cr_expect_eq(recover(NULL), 1);
    cr_expect_eq(bench_events(&bench, NULL, "SIGKILL"), 0);
    unmake_record(&made);
}

Test(killer, of_a_program_that_went_on_without_the_agent_tells_its_death) {
    struct made_record made = killed(ADMIN, QMON_KILLER_OTHER);
    atomic_store(&made.at->header.state, QMON_STATE_EXEC);
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_alerts(&bench, "\"SIGKILL\"", "was killed by"), 1);
    unmake_record(&made);
}

Test(killer, is_not_asked_for_of_a_live_process) {
    pid_t sleeper = start_sleeper();
    struct made_record made = make_record(bench.records, (uint32_t) sleeper);
    made.at->header.killer.pid = ADMIN;
    cr_expect_eq(recover(NULL), 0);
    end_sleeper(sleeper);
    unmake_record(&made);
}

/* Ended on the agent's first steps in it: known, but not yet running. */
Test(killer, of_one_that_had_only_begun_is_told) {
    struct made_record made = killed(ADMIN, QMON_KILLER_KIN);
    atomic_store(&made.at->header.state, QMON_STATE_EMPTY);
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_alerts(&bench, "\"SIGKILL\"", "was killed by"), 1);
    unmake_record(&made);
}

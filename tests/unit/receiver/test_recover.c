#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/receiver.h>

#include "bench.h"
#include "places.h"
#include "recover.h"
#include "rounds.h"

static struct bench bench;

static void set_up(void) {
    bench_open(&bench, NULL);
}

static void tear_down(void) {
    bench_close(&bench);
}

TestSuite(recover, .init = set_up, .fini = tear_down, .timeout = 30);

static unsigned recover(const struct qmon_known_end *known) {
    unsigned recovered = 0;
    cr_assert_eq(qmon_recover(bench.store, bench.config, bench.scratch.path, known, &recovered), 0);
    return recovered;
}

static struct made_record dead_record(void) {
    struct made_record made = make_record(bench.records, (uint32_t) free_pid());
    made.at->process.announced = QMON_ANNOUNCED_START;
    return made;
}

Test(recover, finds_a_death_that_nobody_saw_and_tells_it_once) {
    struct made_record made = dead_record();
    cr_expect_eq(recover(NULL), 2);
    cr_expect_not(bench_exists(made.path));
    cr_expect_eq(bench_alerts(&bench, "\"KILLED\"", "ended without a trace"), 1);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "ended without a trace"), 1);
    cr_expect_eq(recover(NULL), 0);
    cr_expect_eq(bench_events(&bench, NULL, ""), 2);
    unmake_record(&made);
}

Test(recover, tells_the_stacks_that_a_dying_process_took_of_its_threads) {
    struct made_record made = dead_record();
    make_crash(&made, 0x401000);
    made.at->threads.entries[0] = (struct qmon_record_thread){
        .tid = 4711, .frame_count = 2, .unwind_end = QMON_UNWIND_COMPLETE, .state = 'S', .name = "waiter"};
    made.at->threads.frames[0] = 0x402000;
    made.at->threads.frames[1] = 0x403000;
    made.at->threads.frame_flags[0] = QMON_FRAME_EXACT;
    atomic_store(&made.at->threads.count, 1);
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_alerts(&bench, "\"tid\":4711,\"name\":\"waiter\",\"state\":\"sleeping\"", "\"pc\":\"0x403000\""),
                 1);
    unmake_record(&made);
}

Test(recover, knows_what_the_parent_saw) {
    static const struct {
        int wait_status;
        const char *word, *other;
        unsigned events;
    } table[] = {
        {SIGKILL, "\"SIGKILL\"", "\"crash\"", 2},
        {SIGSEGV, "\"SIGSEGV\"", "before the agent could capture", 2},
        {SIGSEGV | 0x80, "\"shutdown\"", "signal SIGSEGV", 2},
        {SIGTERM, "\"shutdown\"", "signal SIGTERM", 1},
        {0, "\"shutdown\"", "exit status 0", 1},
        {3 << 8, "\"exit:3\"", "\"exit\"", 2},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct made_record made = dead_record();
        struct qmon_known_end known = {.pid = made.at->process.pid, .wait_status = table[i].wait_status};
        char pid[32];
        cr_expect_eq(recover(&known), table[i].events, "row %zu", i);
        snprintf(pid, sizeof pid, "\"pid\":%u,", known.pid);
        cr_expect_eq(bench_events(&bench, NULL, pid), table[i].events, "row %zu: events of %s", i, pid);
        cr_expect_geq(bench_events(&bench, NULL, table[i].word), 1, "row %zu", i);
        cr_expect_geq(bench_events(&bench, NULL, table[i].other), 1, "row %zu", i);
        unmake_record(&made);
    }
    cr_expect_eq(bench_events(&bench, NULL, "\"KILLED\""), 0);
}

Test(recover, asks_a_zombie_how_it_ended) {
    pid_t pid = fork();
    siginfo_t info;
    if (pid == 0)
        _exit(7);
    waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT);
    struct made_record made = make_record(bench.records, (uint32_t) pid);
    made.at->process.announced = QMON_ANNOUNCED_START;
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_alerts(&bench, "\"exit:7\"", NULL), 1);
    cr_expect_eq(bench_events(&bench, NULL, "\"crash\""), 0);
    end_sleeper(pid);
    unmake_record(&made);
}

Test(recover, leaves_the_living_alone_in_every_state) {
    pid_t pid = start_sleeper();
    struct made_record made = make_record(bench.records, (uint32_t) pid);
    for (uint32_t state = QMON_STATE_EMPTY; state <= QMON_STATE_DONE; state++) {
        made.at->header.state = state;
        cr_expect_eq(recover(NULL), 0, "state %u", state);
        cr_expect(bench_exists(made.path), "state %u", state);
    }
    end_sleeper(pid);
    unmake_record(&made);
}

Test(recover, leaves_what_qmon_run_waits_for_to_qmon_run) {
    pid_t parent = start_sleeper(); /* of the same executable as we are */
    struct made_record made = dead_record();
    made.at->process.parent_pid = (uint32_t) parent;
    cr_expect_eq(recover(NULL), 0);
    struct qmon_known_end known = {.pid = made.at->process.pid, .wait_status = SIGKILL};
    cr_expect_eq(recover(&known), 2);
    end_sleeper(parent);
    unmake_record(&made);
}

static void recover_in_a_hurry(void) {
    struct qmon__places places;
    qmon__places_open(&places, bench.scratch.path, bench.config);
    qmon__recover(&bench.pass, &places, NULL, true);
    qmon__places_close(&places);
}

Test(recover, gives_a_monitored_parent_a_moment_to_say_what_it_saw) {
    struct made_record told = dead_record(), untold = dead_record();
    told.at->process.host_parent_known = untold.at->process.host_parent_known = 1;
    recover_in_a_hurry();
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    told.at->end.wait_status = SIGKILL;
    told.at->end.seen_by_parent = 1;
    untold.at->header.found_real_ns -= 2000000000u;
    recover_in_a_hurry();
    cr_expect_eq(bench_events(&bench, NULL, "\"SIGKILL\""), 1);
    cr_expect_eq(bench_events(&bench, NULL, "\"KILLED\""), 1);
    unmake_record(&told);
    unmake_record(&untold);
}

/* SIGTERM came before the SIGKILL that its record tells of. */
Test(recover, gives_the_parent_of_a_program_that_had_not_begun_that_moment_before_it_tells_of_a_kill) {
    struct made_record made = dead_record();
    made.at->header.state = QMON_STATE_EXEC;
    made.at->header.killer.pid = (uint32_t) getpid();
    made.at->process.flags = QMON_PROCESS_UNSTARTED;
    made.at->process.host_parent_known = 1;
    recover_in_a_hurry();
    cr_expect(bench_exists(made.path));
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    made.at->end.wait_status = SIGTERM;
    made.at->end.seen_by_parent = 1;
    recover_in_a_hurry();
    cr_expect_not(bench_exists(made.path));
    cr_expect_eq(bench_events(&bench, NULL, "\"SIGKILL\""), 0);
    unmake_record(&made);
}

Test(recover, gives_the_parent_of_what_was_killed_in_an_exec_that_moment) {
    struct made_record made = dead_record();
    made.at->header.state = QMON_STATE_EXEC;
    made.at->process.host_parent_known = 1;
    recover_in_a_hurry();
    cr_expect(bench_exists(made.path));
    made.at->end.wait_status = SIGKILL;
    made.at->end.seen_by_parent = 1;
    recover_in_a_hurry();
    cr_expect_eq(bench_events(&bench, NULL, "\"SIGKILL\""), 1);
    unmake_record(&made);
}

Test(recover, leaves_alone_what_another_receiver_has) {
    struct made_record made = dead_record();
    struct qmon__record_file file = bench_record(&made);
    cr_expect_eq(recover(NULL), 0);
    cr_expect(bench_exists(made.path));
    qmon__record_close(&file);
    cr_expect_eq(recover(NULL), 2);
    unmake_record(&made);
}

Test(recover, leaves_a_crash_to_the_receiver_that_saw_its_process) {
    struct made_record made = dead_record();
    make_crash(&made, 0x1000);
    struct qmon__record_file file = bench_record(&made);
    cr_assert_eq(qmon__record_try_lock(&file, QMON__LOCK_CRASH), 0);
    qmon__record_unlock(&file, QMON__LOCK_PROCESS);
    cr_expect_eq(recover(NULL), 0);
    cr_expect(bench_exists(made.path));
    qmon__record_close(&file); /* as when that receiver dies */
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_alerts(&bench, "\"SIGSEGV\"", "\"crash\""), 1);
    unmake_record(&made);
}

Test(recover, removes_what_is_done_and_what_never_began) {
    struct made_record done = dead_record(), unstarted = dead_record();
    done.at->header.state = QMON_STATE_DONE;
    unstarted.at->header.state = QMON_STATE_EXEC;
    unstarted.at->process.flags = QMON_PROCESS_UNSTARTED;
    cr_expect_eq(recover(NULL), 0);
    cr_expect_not(bench_exists(done.path));
    cr_expect_not(bench_exists(unstarted.path));
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    unmake_record(&done);
    unmake_record(&unstarted);
}

Test(recover, moves_what_is_no_record_aside_and_counts_it) {
    struct made_record made = dead_record();
    made.at->header.magic = 0x12345678;
    cr_expect_eq(recover(NULL), 0);
    char aside[600];
    snprintf(aside, sizeof aside, "%s.damaged", made.path);
    cr_expect(bench_exists(aside));
    cr_expect_eq(bench_counter(&bench, "record.damaged"), 1);
    char *log = scratch_read(bench.log);
    cr_expect_eq(recover(NULL), 0);
    cr_expect_eq(bench_counter(&bench, "record.damaged"), 1, "and leaves it there");
    free(log);
    unmake_record(&made);
}

Test(recover, gives_a_record_that_is_just_being_made_its_time) {
    struct made_record made = dead_record();
    cr_assert_eq(truncate(made.path, 0), 0);
    cr_expect_eq(recover(NULL), 0);
    cr_expect(bench_exists(made.path));
    cr_expect_eq(bench_counter(&bench, "record.damaged"), 0);
    unmake_record(&made);
}

Test(recover, survives_records_of_pure_noise) {
    for (unsigned seed = 1; seed <= rounds_of(200); seed++) {
        struct made_record made = dead_record();
        uint32_t random = seed;
        unsigned char *bytes = (unsigned char *) made.at;
        struct qmon_record_header header = made.at->header;
        uint64_t namespace = made.at->process.pid_namespace;
        uint32_t pid = made.at->process.pid;
        for (size_t i = 0; i < sizeof *made.at; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (unsigned char) (random >> 24);
        }
        made.at->header = header;
        made.at->header.state = seed % (QMON_STATE_DONE + 1);
        made.at->process.pid_namespace = namespace;
        made.at->process.pid = pid;
        made.at->process.boot_id[0] = '\0';
        recover(NULL);
        unlink(made.path);
        unmake_record(&made);
    }
}

Test(recover, tells_of_a_machine_that_was_lost) {
    struct made_record made = dead_record();
    strcpy(made.at->process.boot_id, "00000000-0000-4000-8000-000000000000");
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_alerts(&bench, "lost-with-machine", "\"crash\""), 1);
    unmake_record(&made);
}

Test(recover, makes_the_same_event_when_a_first_try_died_after_the_save) {
    struct made_record made = dead_record();
    static struct qmon_record before;
    before = *made.at;
    recover(NULL);
    uint64_t found = made.at->header.found_real_ns;
    cr_assert_neq(found, 0);
    unmake_record(&made);
    struct made_record again = make_record(bench.records, before.process.pid);
    *again.at = before; /* nothing was marked but when it was found */
    again.at->header.found_real_ns = found;
    cr_expect_eq(recover(NULL), 2);
    cr_expect_eq(bench_events(&bench, NULL, ""), 2);
    cr_expect_eq(bench_alerts(&bench, "", NULL), 2 + 1, "two lines, and the end of the last");
    unmake_record(&again);
}

Test(recover, in_a_hurry_looks_only_at_free_numbers_and_at_what_was_moved_aside) {
    pid_t pid = start_sleeper();
    struct made_record dead = dead_record();
    struct made_record reused = make_record(bench.records, (uint32_t) pid);
    struct made_record aside = make_record(bench.records, (uint32_t) getpid());
    char moved[600];
    reused.at->process.created_boot_ns = LONG_BEFORE_NS;
    aside.at->process.created_boot_ns = LONG_BEFORE_NS;
    snprintf(moved, sizeof moved, "%s.12345", aside.path);
    cr_assert_eq(rename(aside.path, moved), 0);
    recover_in_a_hurry();
    cr_expect_not(bench_exists(dead.path));
    cr_expect_not(bench_exists(moved));
    cr_expect(bench_exists(reused.path));
    recover(NULL);
    cr_expect_not(bench_exists(reused.path), "a full search has it");
    end_sleeper(pid);
    unmake_record(&dead);
    unmake_record(&reused);
    unmake_record(&aside);
}

Test(recover, keeps_apart_processes_that_had_the_same_number) {
    struct made_record made = dead_record();
    recover(NULL);
    struct made_record again = make_record(bench.records, made.at->process.pid);
    again.at->process.announced = QMON_ANNOUNCED_START;
    recover(NULL);
    cr_expect_eq(bench_events(&bench, NULL, "\"KILLED\""), 2);
    unmake_record(&made);
    unmake_record(&again);
}

Test(recover, is_done_by_one_only_when_many_try) {
    enum { RECORDS = 12, TRIERS = 6 };
    struct made_record made[RECORDS];
    pid_t triers[TRIERS];
    for (unsigned i = 0; i < RECORDS; i++)
        made[i] = dead_record();
    for (unsigned i = 0; i < TRIERS; i++) {
        triers[i] = fork();
        if (triers[i] == 0) {
            const char *problem;
            struct qmon_store *store = qmon_store_open(bench.scratch.path, &problem);
            unsigned recovered;
            qmon_recover(store, bench.config, bench.scratch.path, NULL, &recovered);
            qmon_store_close(store);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < TRIERS; i++)
        bench_wait(triers[i]);
    recover(NULL);
    cr_expect_eq(bench_events(&bench, NULL, "\"crash\""), RECORDS);
    cr_expect_eq(bench_events(&bench, NULL, "\"shutdown\""), RECORDS);
    for (unsigned i = 0; i < RECORDS; i++) {
        cr_expect_not(bench_exists(made[i].path));
        unmake_record(&made[i]);
    }
}

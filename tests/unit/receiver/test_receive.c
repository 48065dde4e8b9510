/*
 * `qmon receive` as the agent starts it: a process of its own, the record on descriptor 3.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/receiver.h>

#include "bench.h"
#include "http_server.h"
#include "moment.h"

static struct bench bench;
static struct http_server *server;

static void set_up(void) {
    bench_open(&bench, NULL);
}

static void tear_down(void) {
    bench_close(&bench);
    if (server != NULL)
        http_server_stop(server);
}

TestSuite(receive, .init = set_up, .fini = tear_down, .timeout = 60);

/* Alerts go to a server that answers as the words say, not into the file. */
static void use_server(const char *words) {
    static char setting[300];
    server = http_server_start(NULL);
    cr_assert(http_server_script_words(server, words));
    snprintf(setting, sizeof setting, "QMON_WEBHOOK_URL=%s", http_server_url(server, "/hook"));
    putenv(setting);
    unsetenv("QMON_EVENTS_FILE");
}

static int receive(const struct made_record *made, const char *why, bool hold) {
    return bench_wait(bench_receive(made, why, made->path, 5000, hold));
}

static void wait_until_gone(const char *path) {
    while (bench_exists(path))
        qmon__pause_us(1000);
}

Test(receive, tells_the_start_of_a_process_that_runs) {
    pid_t pid = start_sleeper();
    struct made_record made = make_record(bench.records, (uint32_t) pid);
    cr_expect_eq(receive(&made, "start", false), 0);
    cr_expect_eq(bench_alerts(&bench, "\"startup\"", NULL), 1);
    cr_expect_eq(made.at->process.announced, QMON_ANNOUNCED_START);
    cr_expect_eq(made.at->process.session, (uint32_t) getsid(0));
    cr_expect(bench_exists(made.path), "the process still needs it");
    cr_expect_eq(receive(&made, "start", false), 0);
    cr_expect_eq(bench_alerts(&bench, "\"startup\"", NULL), 1);
    end_sleeper(pid);
    unmake_record(&made);
}

Test(receive, tells_stop_and_removes_the_record) {
    struct made_record made = make_record(bench.records, (uint32_t) free_pid());
    make_exit(&made, 0);
    cr_expect_eq(receive(&made, "stop", false), 0);
    cr_expect_eq(bench_alerts(&bench, "\"shutdown\"", "exit status 0"), 1);
    cr_expect_not(bench_exists(made.path));
    unmake_record(&made);
}

Test(receive, keeps_an_exec_to_itself) {
    pid_t pid = start_sleeper();
    struct made_record made = make_record(bench.records, (uint32_t) pid);
    made.at->process.announced = QMON_ANNOUNCED_START;
    made.at->process.execs = 1;
    cr_expect_eq(receive(&made, "exec", false), 0);
    cr_expect_eq(bench_events(&bench, "stored", "\"exec\""), 1);
    cr_expect_eq(bench_alerts(&bench, "", NULL), 0);
    end_sleeper(pid);
    unmake_record(&made);
}

Test(receive, tells_start_before_stop_when_both_receivers_run_at_once) {
    enum { PROCESSES = 20 };
    struct made_record made[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) {
        made[i] = make_record(bench.records, (uint32_t) free_pid());
        make_exit(&made[i], 0);
        pid_t stop = bench_receive(&made[i], i % 2 == 0 ? "stop" : "start", made[i].path, 5000, false);
        pid_t start = bench_receive(&made[i], i % 2 == 0 ? "start" : "stop", made[i].path, 5000, false);
        bench_wait(start);
        bench_wait(stop);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        char pid[32];
        snprintf(pid, sizeof pid, "\"pid\":%u,", made[i].at->process.pid);
        cr_expect_eq(bench_alerts(&bench, pid, "\"startup\""), 1, "%s", pid);
        cr_expect_eq(bench_alerts(&bench, pid, "\"shutdown\""), 1, "%s", pid);
        cr_expect_lt(bench_alert_line(&bench, pid, "\"startup\""), bench_alert_line(&bench, pid, "\"shutdown\""));
        unmake_record(&made[i]);
    }
}

Test(receive, lets_a_crashed_process_go_before_the_alert_is_out) {
    use_server("slow:4000*2");
    pid_t pid = start_sleeper(); /* the host, which waits */
    struct made_record made = make_record(bench.records, (uint32_t) pid);
    made.at->process.announced = QMON_ANNOUNCED_START;
    make_crash(&made, 0x1000);
    uint64_t start_ms = qmon_monotonic_ms();
    cr_expect_eq(receive(&made, "crash", false), 0);
    uint64_t held_ms = qmon_monotonic_ms() - start_ms;
    cr_expect_lt(held_ms, 3000);
    end_sleeper(pid);
    cr_expect_eq(qmon_await(bench.scratch.path, (uint32_t) pid, 20000), 0);
    cr_expect_eq(http_server_count(server), 2, "the crash and the stop");
    cr_expect_not(bench_exists(made.path));
    cr_expect_eq(bench_events(&bench, "alerted", "SIGSEGV"), 2);
    unmake_record(&made);
}

Test(receive, holds_a_process_that_nothing_outlives_until_the_alert_is_out) {
    use_server("slow:300,ok");
    pid_t pid = start_sleeper();
    struct made_record made = make_record(bench.records, (uint32_t) pid);
    made.at->process.announced = QMON_ANNOUNCED_START;
    made.at->process.flags = 0;
    make_crash(&made, 0x1000);
    uint64_t start_ms = qmon_monotonic_ms();
    cr_expect_eq(receive(&made, "crash", true), 0);
    cr_expect_geq(qmon_monotonic_ms() - start_ms, 300);
    cr_expect_eq(http_server_count(server), 1);
    end_sleeper(pid);
    unmake_record(&made);
}

/* Of a host that waits to be let go, and whose start and stop are not to be told. */
static struct made_record crash_of_sleeper(pid_t *ret_pid) {
    *ret_pid = start_sleeper();
    struct made_record made = make_record(bench.records, (uint32_t) *ret_pid);
    made.at->process.flags = 0;
    make_crash(&made, 0x1000);
    return made;
}

Test(receive, holds_nobody_past_the_deadline) {
    use_server("hang");
    pid_t pid;
    struct made_record made = crash_of_sleeper(&pid);
    uint64_t start_ms = qmon_monotonic_ms();
    bench_wait(bench_receive(&made, "crash", made.path, 800, true));
    cr_expect_leq(qmon_monotonic_ms() - start_ms, 4000, "channels have ten seconds otherwise");
    cr_expect_eq(bench_events(&bench, NULL, "SIGSEGV"), 1, "it is in the store, to be sent later");
    end_sleeper(pid);
    unmake_record(&made);
}

Test(receive, lets_its_host_go_by_a_byte_and_goes_on) {
    use_server("slow:1000");
    pid_t pid;
    struct made_record made = crash_of_sleeper(&pid);
    int release, status;
    char byte;
    pid_t receiver = bench_receive_with_release(&made, &release);
    cr_assert_eq(read(release, &byte, 1), 1);
    cr_expect_eq(waitpid(receiver, &status, WNOHANG), 0, "the same process goes on");
    end_sleeper(pid);
    cr_expect_eq(read(release, &byte, 1), 0, "and has nothing more to say");
    cr_expect_eq(bench_wait(receiver), 0);
    cr_expect_eq(http_server_count(server), 1);
    close(release);
    unmake_record(&made);
}

Test(receive, makes_safe_what_has_no_file_before_the_process_goes) {
    use_server("slow:4000");
    pid_t pid;
    struct made_record made = crash_of_sleeper(&pid);
    uint64_t start_ms = qmon_monotonic_ms();
    cr_expect_eq(bench_wait(bench_receive(&made, "crash", "", 5000, false)), 0);
    cr_expect_lt(qmon_monotonic_ms() - start_ms, 3000);
    cr_expect_eq(bench_events(&bench, "alerted", "SIGSEGV"), 1);
    cr_expect_eq(http_server_wait(server, 1, 10000), 1);
    end_sleeper(pid);
    unmake_record(&made);
}

/* A process that has dropped its privileges: its receiver may not write where it was told to, and has a store elsewhere. */
static pid_t receive_as_nobody(const struct made_record *made, const char *home) {
    pid_t child = fork();

    if (child != 0)
        return child;
    if (setgid(65534) != 0 || setuid(65534) != 0)
        _exit(9);
    setenv("QMON_STATE_DIR", "/proc/none", 1);
    setenv("XDG_STATE_HOME", home, 1);
    setenv("QMON_WEBHOOK_URL", "http://127.0.0.1:1/", 1);
    setenv("DISCORD_WEBHOOK_URL", "http://127.0.0.1:1/", 1);
    unsetenv("QMON_EVENTS_FILE");
    int status = bench_wait(bench_receive(made, "crash", "", 3000, true));
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 8);
}

static unsigned due_in(const char *home) {
    char path[300];
    sqlite3 *database;
    sqlite3_stmt *statement;
    unsigned waiting, soon;

    snprintf(path, sizeof path, "%s/qmon/store.db", home);
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(database,
                                    "SELECT count(*), sum(due_ms < 4000000000000) FROM outbox WHERE status = 0", -1,
                                    &statement, NULL),
                 SQLITE_OK, "%s", sqlite3_errmsg(database));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    waiting = (unsigned) sqlite3_column_int(statement, 0);
    soon = (unsigned) sqlite3_column_int(statement, 1);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    cr_expect_geq(waiting, 2, "one for each channel");
    return soon;
}

Test(receive, leaves_what_it_could_not_tell_to_who_has_the_record_and_to_nobody_else) {
    struct scratch home = scratch_make();
    struct made_record made = make_record(bench.records, 4711);
    int status;

    if (geteuid() != 0)
        cr_skip_test("only root can become nobody");
    made.at->process.announced = QMON_ANNOUNCED_START | QMON_ANNOUNCED_STOP;
    make_crash(&made, 0x1000);
    cr_assert_eq(chown(home.path, 65534, 65534), 0);
    cr_assert_eq(waitpid(receive_as_nobody(&made, home.path), &status, 0) > 0, true);
    cr_expect_eq(status, 1 << 8, "the host is told to keep its record: %x", (unsigned) status);
    cr_expect_eq(due_in(home.path), 0, "it would be told twice");
    unmake_record(&made);
    scratch_remove(&home);
}

Test(receive, is_not_stopped_by_a_service_manager) {
    use_server("slow:500");
    struct made_record made = make_record(bench.records, (uint32_t) free_pid());
    made.at->process.announced = QMON_ANNOUNCED_START;
    make_exit(&made, 0);
    pid_t receiver = bench_receive(&made, "stop", made.path, 5000, false);
    cr_assert_eq(http_server_wait(server, 1, 10000), 1);
    kill(receiver, SIGTERM);
    kill(receiver, SIGINT);
    kill(receiver, SIGHUP);
    cr_expect_eq(bench_wait(receiver), 0);
    cr_expect_not(bench_exists(made.path));
    unmake_record(&made);
}

Test(receive, alerts_once_when_twenty_processes_crash_alike_at_once) {
    enum { PROCESSES = 20 };
    struct made_record made[PROCESSES];
    pid_t receivers[PROCESSES], hosts[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) {
        hosts[i] = start_sleeper();
        made[i] = make_record(bench.records, (uint32_t) hosts[i]);
        made[i].at->process.flags = 0;
        make_crash(&made[i], 0x1000);
        receivers[i] = bench_receive(&made[i], "crash", made[i].path, 5000, false);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        cr_expect_eq(bench_wait(receivers[i]), 0);
        end_sleeper(hosts[i]);
        wait_until_gone(made[i].path);
        unmake_record(&made[i]);
    }
    cr_expect_eq(bench_events(&bench, "alerted", "SIGSEGV"), 1);
    cr_expect_eq(bench_events(&bench, "suppressed", "SIGSEGV"), PROCESSES - 1);
    cr_expect_eq(bench_alerts(&bench, "SIGSEGV", NULL), 1);
}

/* A child that was forked just then may live on for a while. */
static void await_release(const struct made_record *made) {
    struct qmon__record_file file;
    int directory = open(bench.records, O_RDONLY | O_DIRECTORY);
    if (qmon__record_open_at(&file, directory, strrchr(made->path, '/') + 1) == 0) {
        cr_assert_eq(qmon__record_lock_until(&file, QMON__LOCK_PROCESS, qmon_monotonic_ms() + 20000), 0);
        qmon__record_close(&file);
    }
    close(directory);
}

Test(receive, loses_nothing_and_doubles_nothing_when_it_is_killed_at_any_moment) {
    enum { TRIES = 60 };
    struct made_record made[TRIES];
    for (unsigned i = 0; i < TRIES; i++) {
        made[i] = make_record(bench.records, (uint32_t) free_pid());
        make_report(&made[i], "E1", "left in the ring");
        make_exit(&made[i], 3);
        made[i].at->ring.slots[0].frames[0] = i; /* no two alike, or the second would only be counted */
        pid_t receiver = bench_receive(&made[i], "stop", made[i].path, 5000, false);
        qmon__pause_us(i * 150);
        if (receiver > 0) {
            kill(-receiver, SIGKILL); /* and the child that it may have left its work to */
            kill(receiver, SIGKILL);
        }
        bench_wait(receiver);
    }
    for (unsigned i = 0; i < TRIES; i++)
        await_release(&made[i]);
    unsigned recovered;
    cr_assert_eq(qmon_recover(bench.store, bench.config, bench.scratch.path, NULL, &recovered), 0);
    cr_expect_eq(bench_events(&bench, NULL, "\"startup\""), TRIES);
    cr_expect_eq(bench_events(&bench, NULL, "\"shutdown\""), TRIES);
    cr_expect_eq(bench_events(&bench, NULL, "\"exit:3\""), TRIES);
    cr_expect_eq(bench_events(&bench, NULL, "\"error\""), 2 * TRIES, "the kind of one, the severity of another");
    cr_expect_geq(bench_events(&bench, "alerted", "\"exit:3\""), 1);
    for (unsigned i = 0; i < TRIES; i++) {
        cr_expect_not(bench_exists(made[i].path));
        unmake_record(&made[i]);
    }
}

Test(receive, names_what_it_cannot_read_and_moves_it_aside) {
    const char *whys[] = {"start", "stop", "crash", "exec"};
    for (unsigned i = 0; i < 4; i++) {
        struct made_record made = make_record(bench.records, (uint32_t) free_pid());
        made.at->header.version = 99;
        pid_t receiver = bench_receive(&made, whys[i], made.path, 5000, false);
        cr_expect_neq(bench_wait(receiver), 0, "%s", whys[i]);
        wait_until_gone(made.path);
        unmake_record(&made);
    }
    while (bench_counter(&bench, "record.damaged") < 4)
        qmon__pause_us(1000);
    char *log = scratch_read(bench.log);
    cr_assert_not_null(log);
    cr_expect_not_null(strstr(log, "is damaged: it is of another version"));
    free(log);
}

Test(receive, refuses_arguments_that_make_no_sense) {
    char why[] = "--why=tea", name[] = "receive";
    pid_t pid = fork();
    if (pid == 0) {
        fclose(stderr);
        _exit(qmon_receive_main(2, (char *[]){name, why, NULL}));
    }
    cr_expect_eq(bench_wait(pid), 2 << 8);
}

Test(receive, clears_up_after_others_when_its_own_work_is_done) {
    struct made_record lost = make_record(bench.records, (uint32_t) free_pid());
    lost.at->process.announced = QMON_ANNOUNCED_START;
    struct made_record made = make_record(bench.records, (uint32_t) free_pid());
    make_exit(&made, 0);
    cr_expect_eq(receive(&made, "stop", false), 0);
    cr_expect_not(bench_exists(lost.path));
    cr_expect_eq(bench_alerts(&bench, "\"KILLED\"", NULL), 1);
    unmake_record(&lost);
    unmake_record(&made);
}

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record_maker.h"
#include "report.h"
#include "scratch.h"

static struct scratch scratch;
static struct made_record made;
static struct qmon__report report;

static void set_up(void) {
    scratch = scratch_make();
    made = make_record(scratch.path, 4242);
}

static void tear_down(void) {
    qmon_event_free(report.event);
    unmake_record(&made);
    scratch_remove(&scratch);
}

TestSuite(lifecycle_event, .init = set_up, .fini = tear_down, .timeout = 10);

static const char *reason(void) {
    static char text[256];
    qmon__end_reason(made.at, text, sizeof text);
    return text;
}

static void stop_by_signal(int signal, int code, uint32_t sender) {
    made.at->header.state = QMON_STATE_STOPPED;
    made.at->end = (struct qmon_record_end){
        .how = QMON_END_SIGNAL, .signal = signal, .signal_code = code, .sender_pid = sender, .sender_uid = 1000};
}

Test(lifecycle_event, says_how_a_process_ended) {
    make_exit(&made, 3);
    cr_expect_str_eq(reason(), "exit status 3");
    stop_by_signal(SIGINT, SI_KERNEL, 0);
    cr_expect_str_eq(reason(), "signal SIGINT");
    stop_by_signal(SIGTERM, SI_USER, (uint32_t) free_pid());
    char expected[64];
    snprintf(expected, sizeof expected, "signal SIGTERM from pid %u (uid 1000)", made.at->end.sender_pid);
    cr_expect_str_eq(reason(), expected);
    stop_by_signal(SIGTERM, SI_USER, 4242);
    cr_expect_str_eq(reason(), "signal SIGTERM from itself");
    stop_by_signal(SIGTERM, SI_USER, (uint32_t) getpid());
    cr_expect_eq(strncmp(reason(), "signal SIGTERM from pid ", 24), 0);
    cr_expect(strstr(reason(), "(qmon-unit)") != NULL || strstr(reason(), "(unit)") != NULL, "%s", reason());
    stop_by_signal(4711, SI_USER, 0);
    cr_expect_str_eq(reason(), "signal 4711");
}

Test(lifecycle_event, counts_uptime_by_the_clock_that_nobody_sets) {
    made.at->process.created_boot_ns = 1000000000u;
    make_exit(&made, 0);
    made.at->end.boot_ns = 3500000000u;
    cr_assert_eq(qmon__lifecycle_event(made.at, QMON__PHASE_SHUTDOWN, reason(), made.at->end.real_ns, 0, &report), 0);
    cr_expect_eq(report.event->lifecycle.uptime_ns, 2500000000u);
    cr_expect_str_eq(report.event->lifecycle.phase, "shutdown");
    cr_expect(report.event->exit.present);
}

Test(lifecycle_event, grows_more_severe_the_worse_the_end) {
    static const struct {
        uint32_t state, how;
        int status;
        enum qmon_severity severity;
    } table[] = {
        {QMON_STATE_STOPPED, QMON_END_EXIT, 0, QMON_SEVERITY_INFO},
        {QMON_STATE_STOPPED, QMON_END_EXIT, 1, QMON_SEVERITY_WARNING},
        {QMON_STATE_STOPPED, QMON_END_SIGNAL, 0, QMON_SEVERITY_INFO},
        {QMON_STATE_SEALED, QMON_END_NONE, 0, QMON_SEVERITY_ERROR},
        {QMON_STATE_RUNNING, QMON_END_NONE, 0, QMON_SEVERITY_ERROR},
        {QMON_STATE_RUNNING, QMON_END_EXIT, 0, QMON_SEVERITY_INFO},
        {QMON_STATE_EXEC, QMON_END_NONE, 0, QMON_SEVERITY_INFO},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        made.at->header.state = table[i].state;
        made.at->end.how = table[i].how;
        made.at->end.status = table[i].status;
        qmon_event_free(report.event);
        cr_assert_eq(qmon__lifecycle_event(made.at, QMON__PHASE_SHUTDOWN, "x", 0, 0, &report), 0);
        cr_expect_eq(report.event->severity, table[i].severity, "row %zu", i);
    }
}

Test(lifecycle_event, believes_no_time_that_lies_in_the_future) {
    uint64_t now_ns = real_clock_ns();
    cr_assert_eq(qmon__lifecycle_event(made.at, QMON__PHASE_STARTUP, NULL, UINT64_MAX, 0, &report), 0);
    cr_expect_geq(report.event->time_ns, now_ns);
    cr_expect_lt(report.event->time_ns, now_ns + 60000000000u);
    cr_expect_null(report.event->lifecycle.reason);
}

Test(lifecycle_event, of_an_exit_has_its_code) {
    cr_assert_eq(qmon__exit_event(made.at, 42, real_clock_ns(), 0, &report), 0);
    cr_expect_eq(report.event->kind, QMON_KIND_EXIT);
    cr_expect_str_eq(report.event->code, "exit:42");
    cr_expect_eq(report.event->exit.status, 42);
    cr_expect_eq(report.event->severity, QMON_SEVERITY_ERROR);
}

static void panic(const char *message, const char *of_another) {
    struct qmon_record_crash *crash = &made.at->crash;
    make_exit(&made, QMON_PANIC_STATUS);
    crash->origin = QMON_ORIGIN_PANIC;
    crash->tid = 4242;
    crash->frame_count_inner = 1;
    crash->frames[0] = 0x1000;
    snprintf(crash->exception_message, sizeof crash->exception_message, "%s", message);
    snprintf(crash->abort_message, sizeof crash->abort_message, "%s", of_another);
    cr_assert_eq(qmon__exit_event(made.at, QMON_PANIC_STATUS, real_clock_ns(), 0, &report), 0);
    cr_assert_eq(report.event->thread_count, 1);
    cr_assert_eq(report.event->threads[0].frames[0].pc, 0x1000);
    cr_assert_str_eq(report.event->exception.type, "panic");
}

Test(lifecycle_event, tells_a_panic_with_an_exit) {
    panic("no room", "");
    cr_expect_str_eq(report.event->exception.message, "no room");
    cr_expect_eq(report.event->exception.thrown_count, 0);
}

Test(lifecycle_event, tells_the_panic_that_a_panic_is_the_answer_to) {
    made.at->thrown = (struct qmon_record_thrown){.tid = 4243, .frame_count = 1, .frames = {0x2000}};
    panic("Any { .. }", "no room");
    cr_expect_str_eq(report.event->exception.message, "no room");
    cr_assert_eq(report.event->exception.thrown_count, 1);
    cr_expect_eq(report.event->exception.thrown[0].tid, 4243);
    cr_assert_eq(report.event->note_count, 1);
    cr_expect_str_eq(report.event->notes[0], "The main thread's own panic: Any { .. }");
}

Test(lifecycle_event, tells_a_panic_of_which_the_record_has_no_words) {
    made.at->thrown = (struct qmon_record_thrown){.tid = 4243, .frame_count = 1, .frames = {0x2000}};
    panic("", "");
    cr_expect_null(report.event->exception.message);
    cr_expect_eq(report.event->note_count, 0);
}

Test(lifecycle_event, takes_nothing_for_a_panic_that_is_none) {
    made.at->crash.frame_count_inner = 1;
    make_exit(&made, QMON_PANIC_STATUS);
    cr_assert_eq(qmon__exit_event(made.at, QMON_PANIC_STATUS, real_clock_ns(), 0, &report), 0);
    cr_expect_eq(report.event->thread_count, 0);
    cr_expect_null(report.event->exception.type);
}

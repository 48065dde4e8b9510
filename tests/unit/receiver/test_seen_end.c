#include <criterion/criterion.h>
#include <signal.h>

#include <qmon/receiver.h>

#include "bench.h"

static struct bench bench;

static void set_up(void) {
    bench_open(&bench, NULL);
}

static void tear_down(void) {
    bench_close(&bench);
}

TestSuite(seen_end, .init = set_up, .fini = tear_down, .timeout = 20);

static unsigned report_end(int wait_status) {
    static char busybox[] = "busybox", option[] = "-c";
    char *argv[] = {busybox, option, NULL};
    struct qmon_seen_end end = {.pid = 4242,
                                .wait_status = wait_status,
                                .start_real_ns = real_clock_ns() - 5000000,
                                .end_real_ns = real_clock_ns(),
                                .executable = "/bin/busybox",
                                .argv = argv,
                                .why = "is statically linked"};
    unsigned made = 7;
    cr_assert_eq(qmon_report_seen_end(bench.store, bench.config, &end, &made), 0);
    return made;
}

Test(seen_end, tells_crashes_and_failures_and_nothing_else) {
    cr_expect_eq(report_end(0), 0);
    cr_expect_eq(report_end(SIGTERM), 0);
    cr_expect_eq(bench_events(&bench, NULL, ""), 0);
    cr_expect_eq(report_end(SIGSEGV | 0x80), 1);
    cr_expect_eq(bench_alerts(&bench, "\"SIGSEGV\"", "it is statically linked"), 1);
    cr_expect_eq(report_end(9 << 8), 1);
    cr_expect_eq(bench_alerts(&bench, "\"exit:9\"", "\"/bin/busybox\""), 1);
}

Test(seen_end, is_silent_about_exits_where_those_are_not_wanted) {
    bench_close(&bench);
    bench_open(&bench, "QMON_EXIT=off");
    cr_expect_eq(report_end(9 << 8), 0);
    cr_expect_eq(report_end(SIGKILL), 1);
}

/* Many errors at once, which leaves out what only other kinds of event need: no other is let in. */
#include <criterion/criterion.h>

#include "bench.h"
#include "moment.h"

static struct bench bench;

static void set_up(void) {
    bench_open(&bench, NULL);
}

static void tear_down(void) {
    bench_close(&bench);
}

TestSuite(process_many, .init = set_up, .fini = tear_down, .timeout = 20);

static struct qmon__report report_of(enum qmon_kind kind, const char *code) {
    struct qmon__report report = {.event = qmon_event_new(qmon_real_ns())};

    report.event->kind = kind;
    report.event->severity = QMON_SEVERITY_ERROR;
    report.event->code = code;
    report.event->service.name = "shop";
    return report;
}

Test(process_many, keeps_and_tells_errors) {
    struct qmon__report reports[] = {report_of(QMON_KIND_ERROR, "one"), report_of(QMON_KIND_ERROR, "two")};

    cr_expect(qmon__process_many(&bench.pass, reports, 2));
    cr_expect_eq(bench_events(&bench, "alerted", "\"kind\":\"error\""), 2);
    cr_expect_eq(bench_alerts(&bench, "\"code\":\"two\"", NULL), 1);
    for (size_t i = 0; i < 2; i++)
        qmon_event_free(reports[i].event);
}

Test(process_many, leaves_every_other_kind_to_who_knows_of_echoes_and_loops) {
    static const enum qmon_kind kinds[] = {QMON_KIND_CRASH, QMON_KIND_EXIT, QMON_KIND_LIFECYCLE};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct qmon__report reports[] = {report_of(QMON_KIND_ERROR, "one"), report_of(kinds[i], "SIGSEGV")};
        cr_expect_not(qmon__process_many(&bench.pass, reports, 2), "%s", qmon_kind_name(kinds[i]));
        for (size_t k = 0; k < 2; k++)
            qmon_event_free(reports[k].event);
    }
    cr_expect_eq(bench_events(&bench, NULL, "\"id\""), 0, "nor is any of the errors kept by it");
}

#include <string.h>

#include <criterion/criterion.h>

#include "trace_case.h"

static struct qmon_event *event;

static void close_event(void) {
    qmon_event_free(event);
    event = NULL;
}

TestSuite(describe_other, .fini = close_event, .timeout = 10);

static void exit_with(int status) {
    close_event();
    event = trace_event(QMON_KIND_EXIT);
    event->exit.present = true;
    event->exit.status = status;
    event->process.start_time_ns = event->time_ns - UINT64_C(3200000000);
    qmon_describe(event);
}

Test(describe_other, words_an_exit_status) {
    exit_with(3);
    cr_assert_str_eq(event->title, "exit status 3");
    cr_assert_str_eq(event->message, "shop ended with exit status 3 after 3.2 s.");
}

static void panic_in(const char *functions, const char *message) {
    close_event();
    event = trace_event(QMON_KIND_EXIT);
    event->exit.present = true;
    event->exit.status = 101;
    event->exception.type = "panic";
    event->exception.message = message;
    if (functions)
        trace_app(event, functions);
    qmon_describe(event);
}

Test(describe_other, words_a_panic_by_what_it_said) {
    panic_in("pick main", "index out of bounds: the len is 3 but the index is 7");
    cr_assert_str_eq(event->title,
                     "Rust panic: index out of bounds: the len is 3 but the index is 7 in pick (shop.c:10)");
    cr_assert_str_eq(event->cause.kind, "panic");
    cr_assert(strstr(event->message, "exit status 101"));
}

Test(describe_other, words_a_panic_that_said_nothing) {
    panic_in("core::option::unwrap_failed main", NULL);
    cr_assert_eq(strncmp(event->title, "Rust panic: unwrap of None", 26), 0, "%s", event->title);
    panic_in(NULL, NULL);
    cr_assert_str_eq(event->title, "Rust panic");
    panic_in(NULL, "");
    cr_assert_str_eq(event->title, "Rust panic");
}

Test(describe_other, says_what_shells_mean_by_a_status) {
    exit_with(127);
    cr_assert(strstr(event->message, "did not find"));
    exit_with(139);
    cr_assert(strstr(event->message, "SIGSEGV"));
    exit_with(255);
    cr_assert_null(strstr(event->message, "SIG"));
}

Test(describe_other, words_an_error) {
    event = trace_event(QMON_KIND_ERROR);
    event->code = "404";
    event->message = "no such\nuser";
    qmon_describe(event);
    cr_assert_str_eq(event->title, "404: no such user");
    cr_assert_str_eq(event->message, "no such\nuser");
    event->report.endpoint = "/api/users";
    qmon_describe(event);
    cr_assert_str_eq(event->title, "404: no such user at /api/users");
    event->message = NULL;
    qmon_describe(event);
    cr_assert_str_eq(event->title, "404 at /api/users");
    cr_assert_str_eq(event->message, "The program reported \"404\".");
}

Test(describe_other, cuts_a_long_title_and_keeps_its_message) {
    char message[1001];

    memset(message, 'm', 1000);
    message[1000] = '\0';
    event = trace_event(QMON_KIND_ERROR);
    event->code = "404";
    event->message = message;
    qmon_describe(event);
    cr_assert_lt(strlen(event->title), 170);
    cr_assert_str_eq(event->message, message);
}

static void lifecycle(const char *phase, const char *reason) {
    event = trace_event(QMON_KIND_LIFECYCLE);
    event->service.version = "1.4.2";
    event->lifecycle.phase = phase;
    event->lifecycle.reason = reason;
    event->lifecycle.uptime_ns = reason ? UINT64_C(3200000000) : 0;
    qmon_describe(event);
}

Test(describe_other, words_a_start) {
    lifecycle("startup", NULL);
    cr_assert_str_eq(event->title, "shop started");
    cr_assert_str_eq(event->message, "shop 1.4.2 started on web-7 as process 4711.");
}

Test(describe_other, words_a_stop_by_how_it_came) {
    static const struct {
        const char *reason, *title;
    } cases[] = {
        {"exit status 0", "shop stopped: exit status 0 after 3.2 s"},
        {"signal SIGTERM from pid 71 (bash)", "shop stopped by signal SIGTERM from pid 71 (bash) after 3.2 s"},
        {"crash", "shop stopped by a crash after 3.2 s"},
        {"ended without a trace", "shop stopped: ended without a trace after 3.2 s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lifecycle("shutdown", cases[i].reason);
        cr_expect_str_eq(event->title, cases[i].title);
        close_event();
    }
}

Test(describe_other, tells_no_secret) {
    event = trace_event(QMON_KIND_ERROR);
    event->code = "500";
    event->message = "connect redis://app:hunter2@cache failed";
    qmon_describe(event);
    cr_assert_null(strstr(event->title, "hunter2"));
    cr_assert_null(strstr(event->message, "hunter2"));
}

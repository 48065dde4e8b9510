#include <signal.h>

#include <criterion/criterion.h>

#include "trace_case.h"

static struct qmon_event *event;
static struct qmon_config config;

static void close_event(void) {
    qmon_event_free(event);
    event = NULL;
}

static struct qmon_patterns one(const char *pattern) {
    static char *items[1];

    items[0] = (char *) pattern;
    return (struct qmon_patterns){items, 1};
}

/* What becomes of the event when these files are ignored. */
static const char *without_files(const char *pattern) {
    config.ignored_files = one(pattern);
    return qmon_filter(event, &config);
}

static const char *without_codes(const char *pattern) {
    config.ignored_codes = one(pattern);
    return qmon_filter(event, &config);
}

static const char *without_endpoints(const char *pattern) {
    config.ignored_endpoints = one(pattern);
    return qmon_filter(event, &config);
}

/* strlen <- parse (src/http.c) <- helper (vendor/json.c) <- main (src/http.c) */
static void typical_crash(void) {
    event = trace_crash(SIGSEGV, SEGV_MAPERR);
    trace_frame(event, QMON_ROLE_QMON, "qmon__fatal");
    trace_frame(event, QMON_ROLE_LIBC, "strlen");
    trace_frame(event, QMON_ROLE_APP, "parse")->file = "/srv/build/src/http.c";
    trace_frame(event, QMON_ROLE_APP, "helper")->file = "/srv/build/vendor/json.c";
    trace_frame(event, QMON_ROLE_APP, "main")->file = "/srv/build/src/http.c";
    trace_start(event);
}

Test(filter, finds_the_programs_own_first_frame, .init = typical_crash, .fini = close_event, .timeout = 10) {
    cr_assert_null(qmon_filter(event, &config));
    cr_assert_eq(event->origin, 2);
    const struct qmon_frame *frames = event->threads[0].frames;
    cr_assert(!frames[0].in_app && !frames[1].in_app && frames[2].in_app && frames[4].in_app && !frames[5].in_app);
}

Test(filter, leaves_out_frames_by_path_base_name_and_module, .init = typical_crash, .fini = close_event,
     .timeout = 10) {
    struct qmon_frame *frames = event->threads[0].frames;
    static const char *const patterns[] = {"/srv/build/vendor/*", "json.c", "json.?", "*/vendor/*"};

    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        cr_assert_null(without_files(patterns[i]), "%s", patterns[i]);
        cr_assert(frames[3].filtered && !frames[3].in_app, "%s", patterns[i]);
        cr_assert(!frames[2].filtered && !frames[4].filtered, "%s", patterns[i]);
    }
    cr_assert_null(without_files("libc.so.6"));
    cr_assert(frames[1].filtered && frames[6].filtered && !frames[3].filtered);
    cr_assert_null(without_files("/usr/lib/*"));
    cr_assert(frames[1].filtered && !frames[2].filtered);
    cr_assert_null(without_files("vendor"));
    cr_assert(!frames[3].filtered, "a pattern is the whole name, not a part of it");
}

Test(filter, ignores_an_event_by_its_origin_alone, .init = typical_crash, .fini = close_event, .timeout = 10) {
    cr_assert_str_eq(without_files("http.c"), "ignored-file");
    cr_assert_eq(event->origin, 3, "what is left still has an origin");
    cr_assert_null(without_files("json.c"));
    cr_assert_eq(event->origin, 2);
    cr_assert_str_eq(without_files("shop"), "ignored-file");
    cr_assert_eq(event->origin, SIZE_MAX);
}

Test(filter, ignores_nothing_for_a_frame_that_is_a_guess, .fini = close_event, .timeout = 10) {
    event = trace_crash(SIGSEGV, SEGV_MAPERR);
    trace_frame(event, QMON_ROLE_APP, "stale")->guess = true;
    cr_assert_null(without_files("shop.c"));
    cr_assert_eq(event->origin, SIZE_MAX);
    trace_frame(event, QMON_ROLE_APP, "other")->guess = true;
    event->threads[0].frames[1].file = "/srv/build/src/other.c";
    cr_assert_null(without_files("shop.c"));
    cr_assert_eq(event->origin, 1, "better a guess than nothing");
    cr_assert(!event->threads[0].frames[1].in_app);
    trace_frame(event, QMON_ROLE_APP, "sure")->file = "/srv/build/src/sure.c";
    cr_assert_null(without_files("shop.c"));
    cr_assert_eq(event->origin, 2);
}

Test(filter, takes_a_jump_to_nowhere_for_nobodys_frame, .fini = close_event, .timeout = 10) {
    event = trace_crash(SIGSEGV, SEGV_MAPERR);
    *trace_frame(event, QMON_ROLE_APP, NULL) = (struct qmon_frame){.pc = 0, .exact = true};
    trace_app(event, "caller main");
    trace_filter(event);
    cr_assert_eq(event->origin, 1);
    cr_assert(!event->threads[0].frames[0].in_app);
}

Test(filter, marks_every_thread, .fini = close_event, .timeout = 10) {
    event = trace_crash(SIGSEGV, SEGV_MAPERR);
    trace_app(event, "f main");
    struct qmon_frame other = {.function = "g", .file = "/x/json.c", .module = "/usr/bin/shop"};
    struct qmon_thread threads[2] = {event->threads[0], {.frames = &other, .frame_count = 1}};
    event->threads = threads;
    event->thread_count = 2;
    trace_filter(event);
    cr_assert(other.in_app);
    cr_assert_null(without_files("json.c"));
    cr_assert(other.filtered && !other.in_app);
}

Test(filter, ignores_signals_by_name_and_number, .init = typical_crash, .fini = close_event, .timeout = 10) {
    cr_assert_str_eq(without_codes("SIGSEGV"), "ignored-code");
    cr_assert_str_eq(without_codes("11"), "ignored-code");
    cr_assert_str_eq(without_codes("SIG*"), "ignored-code");
    cr_assert_null(without_codes("SEGV"));
    cr_assert_null(without_codes("1"));
}

Test(filter, ignores_exits_by_code_and_status, .fini = close_event, .timeout = 10) {
    event = trace_event(QMON_KIND_EXIT);
    event->exit.present = true;
    event->exit.status = 2;
    event->code = "exit:2";
    cr_assert_str_eq(without_codes("exit:2"), "ignored-code");
    cr_assert_str_eq(without_codes("2"), "ignored-code");
    cr_assert_str_eq(without_codes("exit:*"), "ignored-code");
    cr_assert_null(without_codes("22"));
    cr_assert_null(without_codes("SIGINT"));
}

Test(filter, ignores_errors_by_code_and_endpoint, .fini = close_event, .timeout = 10) {
    event = trace_event(QMON_KIND_ERROR);
    event->code = "404";
    event->report.endpoint = "/health?from=lb";
    cr_assert_str_eq(without_codes("4*"), "ignored-code");
    cr_assert_null(without_codes("5*"));
    cr_assert_str_eq(without_endpoints("/health"), "ignored-endpoint");
    cr_assert_str_eq(without_endpoints("/health?from=*"), "ignored-endpoint");
    cr_assert_null(without_endpoints("/heal"));
}

Test(filter, is_at_peace_with_an_event_that_has_nothing, .fini = close_event, .timeout = 10) {
    event = trace_event(QMON_KIND_LIFECYCLE);
    event->thread_count = 0;
    config.ignored_files = config.ignored_codes = config.ignored_endpoints = one("*");
    cr_assert_null(qmon_filter(event, &config));
    cr_assert_eq(event->origin, SIZE_MAX);
}

Test(filter, does_not_take_a_language_for_the_program, .fini = close_event, .timeout = 10) {
    event = trace_crash(SIGSEGV, SEGV_MAPERR);
    trace_frame(event, QMON_ROLE_RUNTIME, NULL);
    trace_frame(event, QMON_ROLE_APP, "void std::__introsort_loop<int*>(int*, int*)");
    trace_frame(event, QMON_ROLE_APP, "core::panicking::panic_fmt");
    trace_filter(event);
    cr_assert_eq(event->origin, 1, "built into the program is better than nothing");
    trace_app(event, "sort main");
    trace_filter(event);
    cr_assert_eq(event->origin, 3);
    cr_assert(!event->threads[0].frames[1].in_app && event->threads[0].frames[3].in_app);
}

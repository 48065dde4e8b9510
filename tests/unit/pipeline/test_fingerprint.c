#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "trace_case.h"

/* A crash of the program with these functions, filtered, described and fingerprinted. */
struct crash {
    const char *functions;
    int signal, code;
    uint64_t address;
    const char *abort_message;
    void (*change)(struct qmon_event *event);
};

static const char *print(struct qmon_event *event) {
    static char prints[8][QMON_EVENT_FINGERPRINT_BYTES];
    static unsigned next;
    char *print = prints[next++ % 8];

    qmon_fingerprint(event);
    snprintf(print, QMON_EVENT_FINGERPRINT_BYTES, "%s", event->fingerprint);
    qmon_event_free(event);
    cr_assert_eq(strlen(print), 32);
    cr_assert_eq(strspn(print, "0123456789abcdef"), 32);
    return print;
}

static const char *of(const struct crash *crash) {
    struct qmon_event *event = trace_crash(crash->signal ? crash->signal : SIGSEGV, crash->signal ? crash->code : 1);
    struct qmon_crash_facts facts = {.program_counter = 0x1000, .abort_message = crash->abort_message};

    event->signal.address = crash->address;
    event->signal.sender_pid = event->signal.code <= 0 ? event->process.pid : 0;
    trace_app(event, crash->functions ? crash->functions : "f g h main");
    trace_start(event);
    if (crash->change)
        crash->change(event);
    trace_filter(event);
    qmon_describe_crash(event, &facts);
    return print(event);
}
#define OF(...) of(&(struct crash){__VA_ARGS__})
#define SAME(a, b) cr_expect_str_eq(a, b)
#define DIFFERENT(a, b) cr_expect_str_neq(a, b)

static void another_run(struct qmon_event *event) {
    event->time_ns++;
    event->process.pid = 99;
    event->signal.sender_pid = event->signal.sender_pid ? 99 : 0;
    event->host.name = "web-8";
    event->process.executable = "/opt/other/place/shop";
    event->threads[0].tid = 100;
    for (size_t i = 0; i < event->threads[0].frame_count; i++) {
        struct qmon_frame *frame = &event->threads[0].frames[i];
        frame->pc += 0x10000;
        frame->offset += 7;
        frame->function_offset += 7;
        frame->line += 3;
        frame->build_id = "ffff";
        if (frame->role == QMON_ROLE_APP)
            frame->module = "/opt/other/place/shop";
    }
}

static void inlined(struct qmon_event *event) {
    event->threads[0].frames[0].inlined = true;
    event->threads[0].frames[1].inlined = true;
}

static void of_a_thread(struct qmon_event *event) {
    event->threads[0].frame_count -= 3;
    trace_frame(event, QMON_ROLE_LIBC, "start_thread");
    trace_frame(event, QMON_ROLE_LIBC, "clone3");
}

static void cut_off(struct qmon_event *event) {
    event->threads[0].frame_count -= 3;
}

static void nameless(struct qmon_event *event) {
    for (size_t i = 0; i < event->threads[0].frame_count; i++)
        event->threads[0].frames[i].function = NULL;
}

static void nameless_elsewhere(struct qmon_event *event) {
    nameless(event);
    event->threads[0].frames[0].offset += 1;
}

static void nameless_moved(struct qmon_event *event) {
    nameless(event);
    for (size_t i = 0; i < event->threads[0].frame_count; i++)
        event->threads[0].frames[i].pc += 0x10000;
}

Test(fingerprint, is_the_same_on_another_host_in_another_build, .timeout = 10) {
    SAME(OF(.functions = "f g h main"), OF(.functions = "f g h main", .change = another_run));
}

Test(fingerprint, tells_functions_and_their_callers_apart, .timeout = 10) {
    const char *first = OF(.functions = "f g h main");

    DIFFERENT(first, OF(.functions = "e g h main"));
    DIFFERENT(first, OF(.functions = "f x h main"));
    DIFFERENT(first, OF(.functions = "f g x main"));
    DIFFERENT(first, OF(.functions = "f h g main"));
}

Test(fingerprint, does_not_depend_on_what_the_optimizer_did, .timeout = 10) {
    const char *first = OF(.functions = "f g h main");

    SAME(first, OF(.functions = "f.isra.0 g.part.0.constprop.1 h.cold main"));
    SAME(first, OF(.functions = "f.llvm.123 g h main"));
    SAME(first, OF(.functions = "f g h main", .change = inlined));
}

Test(fingerprint, does_not_depend_on_the_thread, .timeout = 10) {
    SAME(OF(.functions = "f g h main"), OF(.functions = "f g h worker", .change = of_a_thread));
    DIFFERENT(OF(.functions = "f g main", .change = cut_off), OF(.functions = "f g h", .change = cut_off));
    DIFFERENT(OF(.functions = "main"), OF(.functions = "worker", .change = of_a_thread));
}

Test(fingerprint, does_not_depend_on_how_deep_a_recursion_was, .timeout = 10) {
    SAME(OF(.functions = "leaf walk walk walk h main"), OF(.functions = "leaf walk walk walk walk walk walk h main"));
    SAME(OF(.functions = "leaf a b a b a b h main"), OF(.functions = "leaf a b b b a a b h main"));
    DIFFERENT(OF(.functions = "leaf walk h main"), OF(.functions = "leaf walk x main"));
}

Test(fingerprint, looks_no_further_than_eight_functions, .timeout = 10) {
    SAME(OF(.functions = "a b c d e f g h i main"), OF(.functions = "a b c d e f g h j main"));
    DIFFERENT(OF(.functions = "a b c d e f g h i main"), OF(.functions = "a b c d e f g x i main"));
}

Test(fingerprint, does_not_depend_on_the_address_that_a_bad_pointer_had, .timeout = 10) {
    SAME(OF(.address = 8), OF(.address = 0));
    SAME(OF(.address = 8), OF(.address = 0x123456789000));
    DIFFERENT(OF(.address = 8), OF(.signal = SIGFPE, .code = FPE_INTDIV));
}

Test(fingerprint, tells_kinds_of_abort_apart, .timeout = 10) {
    const char *plain = OF(.signal = SIGABRT, .code = SI_TKILL);
    const char *freed = OF(.signal = SIGABRT, .code = SI_TKILL, .abort_message = "double free or corruption (out)");

    DIFFERENT(plain, freed);
    SAME(freed, OF(.signal = SIGABRT, .code = SI_TKILL, .abort_message = "free(): invalid next size (fast)"));
    DIFFERENT(freed, OF(.signal = SIGABRT, .code = SI_TKILL, .abort_message = "*** stack smashing detected ***"));
}

Test(fingerprint, tells_assertions_apart_but_not_by_line, .timeout = 10) {
    const char *first = OF(.signal = SIGABRT, .abort_message = "shop: a.c:10: f: Assertion `n > 1' failed.");

    SAME(first, OF(.signal = SIGABRT, .abort_message = "shop: a.c:123: f: Assertion `n > 1' failed."));
    DIFFERENT(first, OF(.signal = SIGABRT, .abort_message = "shop: a.c:10: f: Assertion `n > 2' failed."));
    DIFFERENT(first, OF(.signal = SIGABRT, .abort_message = "shop: b.c:10: f: Assertion `n > 1' failed."));
}

static void throws_logic_error(struct qmon_event *event) {
    event->exception.type = "std::logic_error";
    event->exception.message = "order 17";
    trace_frame(event, QMON_ROLE_RUNTIME, "std::terminate()");
}

static void throws_logic_error_again(struct qmon_event *event) {
    throws_logic_error(event);
    event->exception.message = "order 18";
}

static void throws_my_error(struct qmon_event *event) {
    throws_logic_error(event);
    event->exception.type = "my_error";
}

Test(fingerprint, tells_exceptions_apart_by_type_not_by_words, .timeout = 10) {
    struct qmon_event *events[3];
    void (*const changes[])(struct qmon_event *) = {throws_logic_error, throws_logic_error_again, throws_my_error};
    const struct qmon_crash_facts facts = {.origin = QMON_ORIGIN_TERMINATE};

    for (int i = 0; i < 3; i++) {
        events[i] = trace_crash(SIGABRT, SI_TKILL);
        trace_app(events[i], "f main");
        changes[i](events[i]);
        trace_filter(events[i]);
        qmon_describe_crash(events[i], &facts);
    }
    const char *first = print(events[0]);
    SAME(first, print(events[1]));
    DIFFERENT(first, print(events[2]));
}

Test(fingerprint, takes_module_and_offset_where_no_name_is_known, .timeout = 10) {
    const char *first = OF(.change = nameless);

    SAME(first, OF(.change = nameless_moved));
    DIFFERENT(first, OF(.change = nameless_elsewhere));
}

static void overflow(struct qmon_event *event) {
    event->cause.kind = "stack-overflow";
}

static const char *of_overflow(const char *functions) {
    struct qmon_event *event = trace_crash(SIGSEGV, 1);

    trace_app(event, functions);
    trace_start(event);
    trace_filter(event);
    overflow(event);
    return print(event);
}

Test(fingerprint, knows_a_stack_overflow_wherever_it_ended, .timeout = 10) {
    const char *first = of_overflow("f g f g f g f g main");

    SAME(first, of_overflow("g f g f g f g main"));
    SAME(first, of_overflow("print format f g f g f g f g main"));
    DIFFERENT(first, of_overflow("f h f h f h f h main"));
}

static void from_outside(struct qmon_event *event) {
    event->signal.sender_pid = 71;
    event->signal.code = SI_USER;
}

Test(fingerprint, does_not_look_where_a_signal_from_outside_found_the_program, .timeout = 10) {
    SAME(OF(.functions = "f main", .signal = SIGABRT, .change = from_outside),
         OF(.functions = "g main", .signal = SIGABRT, .change = from_outside));
    DIFFERENT(OF(.functions = "f main", .signal = SIGABRT), OF(.functions = "g main", .signal = SIGABRT));
}

static void of_another_program(struct qmon_event *event) {
    event->process.executable = "/usr/bin/till";
}

Test(fingerprint, tells_programs_apart, .timeout = 10) {
    DIFFERENT(OF(.functions = "main"), OF(.functions = "main", .change = of_another_program));
}

static void filtered(struct qmon_event *event) {
    event->threads[0].frames[0].role = QMON_ROLE_LIBC;
}

Test(fingerprint, looks_past_libc_into_the_program, .timeout = 10) {
    SAME(OF(.functions = "strlen f main", .change = filtered), OF(.functions = "strcpy f main", .change = filtered));
}

/* All in main, and no source known: what an optimizer leaves of a program without debug information. */
static void poor(struct qmon_event *event) {
    for (size_t i = 0; i < event->threads[0].frame_count; i++)
        event->threads[0].frames[i].file = NULL;
}

Test(fingerprint, looks_at_the_manner_where_one_function_is_all_it_knows, .timeout = 10) {
    const char *first = OF(.functions = "main", .address = 8, .change = poor);

    SAME(first, OF(.functions = "main", .address = 8, .change = poor));
    DIFFERENT(first, OF(.functions = "main", .address = 16, .change = poor));
    DIFFERENT(first, OF(.functions = "main", .address = 0x123456789000, .change = poor));
    SAME(OF(.functions = "main", .address = 0x123456789000, .change = poor),
         OF(.functions = "main", .address = 0x123456780000, .change = poor));
    SAME(OF(.functions = "f main", .address = 8, .change = cut_off),
         OF(.functions = "f main", .address = 16, .change = cut_off));
}

static void in_a_library(struct qmon_event *event) {
    struct qmon_frame *frame = event->threads[0].frames;
    frame->role = QMON_ROLE_RUNTIME;
    frame->function = NULL;
    frame->module = "/usr/lib/libstdc++.so.6.0.30";
    event->threads[0].frame_count = 1;
}

static void in_another_hosts_library(struct qmon_event *event) {
    in_a_library(event);
    event->threads[0].frames[0].module = "/opt/lib/libstdc++.so.6.0.31";
    event->threads[0].frames[0].offset += 64;
    event->threads[0].frames[0].build_id = "ffff";
}

Test(fingerprint, does_not_depend_on_the_version_of_a_library, .timeout = 10) {
    SAME(OF(.change = in_a_library), OF(.change = in_another_hosts_library));
}

static struct qmon_event *error(const char *code, const char *functions) {
    struct qmon_event *event = trace_event(QMON_KIND_ERROR);

    event->code = code;
    trace_app(event, functions);
    trace_filter(event);
    return event;
}

Test(fingerprint, groups_errors_by_code_and_stack, .timeout = 10) {
    struct qmon_event *worded = error("404", "f main");

    worded->message = "no such user 17";
    const char *first = print(error("404", "f main"));
    SAME(first, print(worded));
    DIFFERENT(first, print(error("500", "f main")));
    DIFFERENT(first, print(error("404", "g main")));
}

static const char *of_error_without_stack(const char *message, const char *endpoint) {
    struct qmon_event *event = error("E", "");

    event->message = message;
    event->report.endpoint = endpoint;
    return print(event);
}

Test(fingerprint, groups_errors_without_a_stack_by_words_without_numbers, .timeout = 10) {
    const char *first = of_error_without_stack("user 17 not found", "/users/17");

    SAME(first, of_error_without_stack("user 4711 not found", "/users/4711"));
    DIFFERENT(first, of_error_without_stack("user 17 not allowed", "/users/17"));
    DIFFERENT(first, of_error_without_stack("user 17 not found", "/orders/17"));
}

static struct qmon_event *start_or_stop(const char *phase, uint32_t pid) {
    struct qmon_event *event = trace_event(QMON_KIND_LIFECYCLE);

    event->lifecycle.phase = phase;
    event->process.pid = pid;
    return event;
}

Test(fingerprint, gives_each_start_and_stop_its_own, .timeout = 10) {
    const char *first = print(start_or_stop("startup", 1));

    SAME(first, print(start_or_stop("startup", 1)));
    DIFFERENT(first, print(start_or_stop("shutdown", 1)));
    DIFFERENT(first, print(start_or_stop("startup", 2)));
}

static struct qmon_event *exit_with(int status) {
    struct qmon_event *event = trace_event(QMON_KIND_EXIT);

    event->exit.present = true;
    event->exit.status = status;
    event->thread_count = 0;
    return event;
}

static struct qmon_event *panic_in(const char *functions, const char *message) {
    struct qmon_event *event = trace_event(QMON_KIND_EXIT);

    event->exit.present = true;
    event->exit.status = 101;
    event->exception.type = "panic";
    event->exception.message = message;
    trace_app(event, functions);
    trace_filter(event);
    qmon_describe(event);
    return event;
}

Test(fingerprint, tells_panics_apart_by_their_place_and_not_by_their_words, .timeout = 10) {
    SAME(print(panic_in("pick main", "the index is 7")), print(panic_in("pick main", "the index is 8")));
    DIFFERENT(print(panic_in("pick main", "none")), print(panic_in("take main", "none")));
}

Test(fingerprint, tells_exits_apart_by_status, .timeout = 10) {
    SAME(print(exit_with(2)), print(exit_with(2)));
    DIFFERENT(print(exit_with(2)), print(exit_with(3)));
}

/* Thrown in a worker's function, thrown on where all futures are waited for. */
static const char *thrown_on(const char *function) {
    struct qmon_event *event = trace_crash(SIGABRT, SI_TKILL);
    struct qmon_crash_facts facts = {.origin = QMON_ORIGIN_TERMINATE};
    struct qmon_frame frame = {.function = function, .module = "/usr/bin/shop", .role = QMON_ROLE_APP};
    struct qmon_thread thread = {.frames = &frame, .frame_count = 1};

    trace_frame(event, QMON_ROLE_RUNTIME, "std::rethrow_exception");
    trace_app(event, "waits main");
    trace_start(event);
    event->exception.type = "std::runtime_error";
    event->exception.thrown = function ? &thread : NULL;
    event->exception.thrown_count = function ? 1 : 0;
    trace_filter(event);
    qmon_describe_crash(event, &facts);
    return print(event);
}

Test(fingerprint, tells_exceptions_apart_by_where_they_were_thrown_first, .timeout = 10) {
    SAME(thrown_on("pays()"), thrown_on("pays()"));
    DIFFERENT(thrown_on("pays()"), thrown_on("packs()"));
    DIFFERENT(thrown_on("pays()"), thrown_on(NULL));
}

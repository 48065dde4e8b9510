#include <signal.h>
#include <string.h>

#include <criterion/criterion.h>

#include "describe.h"
#include "trace_case.h"

static struct qmon_event *event;
static struct qmon_crash_facts facts;

/* abort() in f() of the program. */
static void open_event(void) {
    event = trace_crash(SIGABRT, SI_TKILL);
    event->signal.sender_pid = event->process.pid;
    trace_frame(event, QMON_ROLE_LIBC, "raise");
    trace_frame(event, QMON_ROLE_LIBC, "abort");
    trace_app(event, "f main");
    trace_start(event);
    facts =
        (struct qmon_crash_facts){.machine = "x86_64", .program_counter = 0x7f0000001000, .origin = QMON_ORIGIN_ABORT};
}

static void close_event(void) {
    qmon_event_free(event);
    event = NULL;
}

TestSuite(describe_abort, .init = open_event, .fini = close_event, .timeout = 10);

static void expect(const char *kind, const char *title) {
    trace_filter(event);
    qmon_describe_crash(event, &facts);
    cr_assert_str_eq(event->cause.kind, kind);
    cr_assert_str_eq(event->title, title);
}

#define HAS(text, part) cr_assert(strstr(text, part), "\"%s\" is not in: %s", part, text)

Test(describe_abort, tells_a_plain_abort) {
    expect("abort", "SIGABRT in f (shop.c:12)");
    HAS(event->message, "called abort()");
}

Test(describe_abort, quotes_an_assertion_with_its_own_place) {
    facts.origin = QMON_ORIGIN_ASSERT;
    facts.assertion = "x > 0";
    facts.assertion_file = "/srv/build/src/a.c";
    facts.assertion_function = "int shop::check(int)";
    facts.assertion_line = 10;
    expect("assertion", "Assertion `x > 0' failed in shop::check (a.c:10)");
    HAS(event->cause.detail, "/srv/build/src/a.c");
}

Test(describe_abort, quotes_an_unexpected_error) {
    facts.origin = QMON_ORIGIN_ASSERT;
    facts.assertion = "Permission denied";
    facts.assertion_file = "a.c";
    facts.assertion_line = 10;
    facts.abort_message = "shop: a.c:10: f: Unexpected error: Permission denied.";
    expect("assertion", "Unexpected error: Permission denied in a.c:10");
}

Test(describe_abort, reads_the_assertion_out_of_glibcs_message) {
    facts.abort_message = "shop: src/a.c:10: check: Assertion `x > 0' failed.";
    expect("assertion", "Assertion `x > 0' failed in check (a.c:10)");
}

Test(describe_abort, takes_assertions_apart_whatever_they_hold) {
    struct qmon__assertion it;

    cr_assert(qmon__parse_assertion(event, "p: a.cc:3: int ns::f(int): Assertion `s == \"' failed.\"' failed.", &it));
    cr_assert_str_eq(it.expression, "s == \"' failed.\"");
    cr_assert_str_eq(it.function, "int ns::f(int)");
    cr_assert_str_eq(it.file, "a.cc");
    cr_assert_eq(it.line, 3);
    cr_assert(qmon__parse_assertion(event, "a.c:7: Assertion `0' failed.", &it));
    cr_assert_str_eq(it.file, "a.c");
    cr_assert_null(it.function);
    cr_assert(qmon__parse_assertion(event, "my prog: x: /tmp/b.c:99: f: Assertion `0' failed.", &it));
    cr_assert_str_eq(it.file, "/tmp/b.c");
    static const char *const others[] = {"",
                                         "Assertion `",
                                         "Assertion `x' failed.",
                                         "p: a.c:1: f: Assertion `x",
                                         "a.c:99999999999999: f: Assertion `x' failed.",
                                         ": Assertion `' failed."};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_expect_not(qmon__parse_assertion(event, others[i], &it), "%s", others[i]);
}

Test(describe_abort, knows_glibcs_words) {
    static const struct {
        const char *message, *kind, *title;
    } cases[] = {
        {"free(): double free detected in tcache 2", "heap-corruption", "Double free in f (shop.c:12)"},
        {"double free or corruption (!prev)", "heap-corruption", "Double free in f (shop.c:12)"},
        {"free(): invalid pointer", "heap-corruption", "Invalid free in f (shop.c:12)"},
        {"munmap_chunk(): invalid pointer", "heap-corruption", "Invalid free in f (shop.c:12)"},
        {"free(): invalid next size (fast)", "heap-corruption", "Heap corruption in f (shop.c:12)"},
        {"malloc(): corrupted top size", "heap-corruption", "Heap corruption in f (shop.c:12)"},
        {"corrupted size vs. prev_size", "heap-corruption", "Heap corruption in f (shop.c:12)"},
        {"Fatal glibc error: malloc.c:2593 (sysmalloc): assertion failed: (old_top == initial_top (av))",
         "heap-corruption", "Heap corruption in f (shop.c:12)"},
        {"malloc.c:2617: sysmalloc: Assertion `(old_top == 0)' failed.", "heap-corruption",
         "Heap corruption in f (shop.c:12)"},
        {"*** stack smashing detected ***: terminated", "stack-smashing", "Stack smashing in f (shop.c:12)"},
        {"*** buffer overflow detected ***: terminated", "buffer-overflow", "Buffer overflow in f (shop.c:12)"},
        {"something of the program's own", "abort", "something of the program's own in f (shop.c:12)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facts.abort_message = cases[i].message;
        expect(cases[i].kind, cases[i].title);
        HAS(event->cause.detail, cases[i].message);
    }
}

/* f threw: libstdc++'s frames between it and abort(). */
static void throw_in_f(void) {
    close_event();
    event = trace_crash(SIGABRT, SI_TKILL);
    trace_frame(event, QMON_ROLE_LIBC, "abort");
    trace_frame(event, QMON_ROLE_RUNTIME, "__gnu_cxx::__verbose_terminate_handler()");
    trace_frame(event, QMON_ROLE_RUNTIME, "std::terminate()");
    trace_frame(event, QMON_ROLE_RUNTIME, "__cxa_throw");
    trace_app(event, "f main");
    facts.origin = QMON_ORIGIN_TERMINATE;
}

Test(describe_abort, quotes_an_uncaught_exception) {
    throw_in_f();
    event->exception.type = "std::runtime_error";
    event->exception.message = "no such order\nat all";
    expect("uncaught-exception", "std::runtime_error: no such order at all in f (shop.c:14)");
    HAS(event->message, "no such order");
    event->exception.message = NULL;
    event->exception.type = "int";
    expect("uncaught-exception", "int in f (shop.c:14)");
}

Test(describe_abort, places_an_exception_where_it_was_thrown_and_not_in_the_terminate_handler) {
    close_event();
    event = trace_crash(SIGABRT, SI_TKILL);
    trace_frame(event, QMON_ROLE_LIBC, "abort");
    trace_app(event, "last_words");
    trace_frame(event, QMON_ROLE_RUNTIME, "std::terminate()");
    trace_frame(event, QMON_ROLE_RUNTIME, "__cxa_throw");
    trace_app(event, "g main");
    facts.origin = QMON_ORIGIN_TERMINATE;
    event->exception.type = "int";
    expect("uncaught-exception", "int in g (shop.c:14)");
}

Test(describe_abort, places_an_exception_that_was_thrown_on_where_it_was_thrown_first) {
    struct qmon_frame frames[] = {
        {.function = "__cxa_throw", .module = "/usr/lib/libstdc++.so.6", .role = QMON_ROLE_RUNTIME},
        {.function = "pays(int)", .module = "/usr/bin/shop", .role = QMON_ROLE_APP, .file = "till.c", .line = 7}};
    struct qmon_thread thread = {.frames = frames, .frame_count = 2};
    throw_in_f();
    event->exception.type = "int";
    event->exception.thrown = &thread;
    event->exception.thrown_count = 1;
    expect("uncaught-exception", "int in pays (till.c:7)");
    HAS(event->cause.detail, "thrown in pays (till.c:7), thrown on by f (shop.c:14), and nothing caught it");
}

Test(describe_abort, says_which_rust_panic_it_was) {
    static const struct {
        const char *function, *title;
    } cases[] = {
        {"core::panicking::panic_bounds_check", "Rust panic: index out of bounds in f (shop.c:13)"},
        {"core::option::unwrap_failed", "Rust panic: unwrap of None in f (shop.c:13)"},
        {"core::panicking::panic_null_pointer_dereference", "Rust panic: null pointer in f (shop.c:13)"},
        {"core::panicking::assert_failed::<i32, i32>", "Rust panic: assertion failed in f (shop.c:13)"},
        {"core::slice::index::slice_end_index_len_fail", "Rust panic: slice out of bounds in f (shop.c:13)"},
        {"core::panicking::panic_const::panic_const_div_by_zero", "Rust panic: division by zero in f (shop.c:13)"},
        {"core::panicking::panic_const::panic_const_mul_overflow", "Rust panic: arithmetic overflow in f (shop.c:13)"},
        {"core::panicking::panic_fmt", "Rust panic in f (shop.c:13)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        close_event();
        event = trace_crash(SIGABRT, SI_TKILL);
        trace_frame(event, QMON_ROLE_LIBC, "abort");
        trace_frame(event, QMON_ROLE_RUNTIME, "__rustc::rust_panic");
        trace_frame(event, QMON_ROLE_RUNTIME, cases[i].function);
        trace_app(event, "f main");
        expect("panic", cases[i].title);
    }
}

Test(describe_abort, does_not_blame_an_exception_that_was_caught) {
    event->exception.type = "std::runtime_error";
    facts.origin = QMON_ORIGIN_TERMINATE;
    expect("abort", "SIGABRT in f (shop.c:12)");
    HAS(event->message, "while it dealt with an exception of type std::runtime_error");
}

Test(describe_abort, tells_terminate_without_an_exception) {
    throw_in_f();
    facts.origin = QMON_ORIGIN_ABORT;
    expect("terminate", "std::terminate in f (shop.c:14)");
}

Test(describe_abort, knows_functions_that_only_run_for_one_reason) {
    event->threads[0].frames[0].function = "__cxa_pure_virtual";
    expect("pure-virtual-call", "Pure virtual call in f (shop.c:12)");
    event->threads[0].frames[0].function = "__cxa_pure_virtual_of_another_kind";
    expect("abort", "SIGABRT in f (shop.c:12)");
}

Test(describe_abort, trusts_no_old_message_when_the_signal_is_another) {
    event->signal.number = SIGSEGV;
    event->signal.name = "SIGSEGV";
    event->signal.code = SEGV_MAPERR;
    event->signal.has_address = true;
    facts.origin = QMON_ORIGIN_SIGNAL;
    facts.abort_message = "free(): invalid pointer";
    expect("null-dereference", "SIGSEGV in f (shop.c:12)");
}

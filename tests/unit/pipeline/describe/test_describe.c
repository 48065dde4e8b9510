/* Titles and causes of crashes by address and signal; see test_describe_abort.c for those that somebody put in words. */
#include <signal.h>
#include <string.h>

#include <criterion/criterion.h>

#include "trace_case.h"

static struct qmon_event *event;
static struct qmon_crash_facts facts;

static void close_event(void) {
    qmon_event_free(event);
    event = NULL;
}

TestSuite(describe, .fini = close_event, .timeout = 10);

/* A crash in f() with an address; the stack is 8 MB below 0x7ffff0000000. */
static void crash(int signal, int code, uint64_t address) {
    close_event();
    event = trace_crash(signal, code);
    event->signal.address = address;
    trace_app(event, "f main");
    trace_start(event);
    facts = (struct qmon_crash_facts){.machine = "x86_64",
                                      .stack_low = 0x7fffef800000,
                                      .stack_high = 0x7ffff0000000,
                                      .stack_pointer = 0x7fffefffe000,
                                      .program_counter = 0x555500001000,
                                      .access = 1,
                                      .frames_total = 5};
}

static void describe(void) {
    trace_filter(event);
    qmon_describe_crash(event, &facts);
    cr_assert_not_null(event->title);
    cr_assert_not_null(event->message);
}

#define HAS(text, part) cr_assert(strstr(text, part), "\"%s\" is not in: %s", part, text)

static void expect(const char *kind, const char *part) {
    describe();
    cr_assert_str_eq(event->cause.kind, kind);
    HAS(event->cause.detail, part);
    HAS(event->message, event->cause.detail);
}

Test(describe, says_signal_function_and_line_in_the_title) {
    crash(SIGSEGV, SEGV_MAPERR, 8);
    describe();
    cr_assert_str_eq(event->title, "SIGSEGV in f (shop.c:10)");
}

Test(describe, makes_do_with_module_or_program_where_less_is_known) {
    crash(SIGSEGV, SEGV_MAPERR, 8);
    event->threads[0].frames[0].file = NULL;
    describe();
    cr_assert_str_eq(event->title, "SIGSEGV in f (shop)");
    event->threads[0].frames[0].function = NULL;
    describe();
    cr_assert_str_eq(event->title, "SIGSEGV in shop+0x1000");
    event->threads[0].frame_count = 0;
    describe();
    cr_assert_str_eq(event->title, "SIGSEGV in shop");
}

Test(describe, names_what_was_called_by_code_without_a_name) {
    crash(SIGSEGV, 1, 0);
    event->threads[0].frame_count = 0;
    trace_frame(event, QMON_ROLE_LIBC, "memmove");
    trace_frame(event, QMON_ROLE_RUNTIME, "Unsafe_PutLong");
    struct qmon_frame *made = trace_frame(event, QMON_ROLE_APP, NULL);
    made->language = "java";
    made->module = NULL;
    made->file = NULL;
    trace_start(event);
    describe();
    cr_expect_not_null(strstr(event->title, "in Unsafe_PutLong"), "%s", event->title);
}

Test(describe, tells_a_null_pointer_with_its_offset) {
    crash(SIGSEGV, SEGV_MAPERR, 0);
    expect("null-dereference", "read from address 0: a null pointer was used");
    crash(SIGSEGV, SEGV_MAPERR, 24);
    facts.access = 2;
    expect("null-dereference", "wrote to address 0x18: a null pointer was used, 24 bytes into");
    crash(SIGSEGV, SEGV_MAPERR, UINT64_MAX - 15);
    expect("null-dereference", "16 bytes before 0");
    crash(SIGSEGV, SEGV_MAPERR, UINT64_MAX);
    expect("null-dereference", "MAP_FAILED");
}

Test(describe, memory_that_was_refused_is_told_with_a_null_pointer, .timeout = 10) {
    struct qmon_pair limits[] = {{"stack", "8 MB"}, {"address space", "256 MB"}};
    crash(SIGSEGV, SEGV_MAPERR, 0);
    event->context.error_name = "ENOMEM";
    event->context.limits = limits;
    event->context.limit_count = 2;
    expect("null-dereference", "a null pointer was used. The last call of this thread that failed was refused memory "
                               "(ENOMEM); the address space is limited to 256 MB.");
    crash(SIGSEGV, SEGV_MAPERR, 0);
    event->context.error_name = "ENOENT";
    expect("null-dereference", "a null pointer was used.");
    cr_expect_null(strstr(event->cause.detail, "ENOMEM"));
}

Test(describe, tells_a_wild_pointer_and_what_it_looks_like) {
    crash(SIGSEGV, SEGV_MAPERR, 0x123456789000);
    expect("wild-pointer", "read from 0x123456789000, where there is no memory.");
    crash(SIGSEGV, SEGV_MAPERR, 0x6f6c6c6568); /* "hello" */
    expect("wild-pointer", "the characters \"hello\"");
    crash(SIGSEGV, SEGV_MAPERR, 0xdeadbeef);
    expect("wild-pointer", "0xdeadbeef, a mark");
    crash(SIGSEGV, SEGV_MAPERR, 0xffffffff81234560);
    expect("wild-pointer", "cut to 32 bits");
}

Test(describe, finds_the_register_that_holds_no_address) {
    crash(SIGSEGV, 128, 0);
    struct qmon_register registers[] = {
        {"rax", 1, NULL}, {"rdi", UINT64_C(0x4141414141414141), NULL}, {"eflags", UINT64_C(0xff00000000000000), NULL}};
    event->registers = registers;
    event->register_count = 3;
    expect("wild-pointer", "rdi holds 0x4141414141414141, the characters \"AAAAAAAA\"");
    event->register_count = 1;
    expect("wild-pointer", "refused an instruction");
}

Test(describe, tells_jumps_to_null_and_to_data) {
    crash(SIGSEGV, SEGV_MAPERR, 0);
    facts.access = 3;
    facts.program_counter = 0;
    *event->threads[0].frames = (struct qmon_frame){.exact = true};
    expect("jump-to-null", "called a function through a null pointer");
    cr_assert_str_eq(event->title, "SIGSEGV in main (shop.c:11)", "%s", event->title);
    crash(SIGSEGV, SEGV_ACCERR, 0x7fffefffe100);
    facts.access = 0;
    facts.program_counter = event->signal.address;
    expect("wild-jump", "there is no code but the stack");
    facts.address_words = "data of shop+0x20";
    expect("wild-jump", "where there is data and no code: data of shop+0x20");
    facts.address_words = NULL;
    crash(SIGSEGV, SEGV_MAPERR, 0x10);
    facts.access = 3;
    expect("jump-to-null", "at 0x10");
}

Test(describe, names_the_library_that_was_unloaded_where_the_program_jumped_to_nothing) {
    struct qmon_module modules[] = {{.path = "/usr/lib/libshop.so.1.4", .start = 0x700000000000, .end = 0x700000002000},
                                    {.path = "/usr/lib/libc.so.6", .start = 0x700000100000, .end = 0x700000200000}};
    struct qmon_crumb crumbs[] = {
        {.text = "opens library /opt/plug-ins/till.so"}, {.text = "opens library libshop.so"}, {.text = "forks"}};

    crash(SIGSEGV, SEGV_MAPERR, 0x700000211000);
    facts.access = 3;
    facts.program_counter = event->signal.address;
    event->modules = modules;
    event->module_count = 2;
    expect("wild-jump", "where there is no code, and nothing is mapped.");
    event->crumbs = crumbs;
    event->crumb_count = 3;
    expect("wild-jump", "/opt/plug-ins/till.so, which the program opened or tried to, is not loaded");
    event->crumbs = crumbs + 1;
    event->crumb_count = 2;
    expect("wild-jump", "where there is no code, and nothing is mapped.");
    event->crumbs = crumbs;
    event->signal.code = SEGV_ACCERR;
    expect("wild-jump", "just behind the code of /usr/lib/libc.so.6");
}

Test(describe, tells_memory_that_may_only_be_read) {
    struct qmon_module module = {.path = "/usr/bin/shop", .start = 0x555500001000, .end = 0x555500002000};

    crash(SIGSEGV, SEGV_ACCERR, 0x555500001234);
    facts.access = 2;
    expect("write-to-read-only", "which it may only read: a constant");
    event->modules = &module;
    event->module_count = 1;
    expect("write-to-read-only", "in the code of /usr/bin/shop");
    event->signal.address = 0x555500002345;
    expect("write-to-read-only", "just behind the code of /usr/bin/shop");
    facts.address_words = "\"north\" in shop";
    expect("write-to-read-only", "which it may only read: \"north\" in shop.");
    crash(SIGSEGV, SEGV_ACCERR, 0x700000000000);
    expect("protected-memory", "not permitted");
}

Test(describe, tells_bus_errors_apart) {
    crash(SIGBUS, BUS_ADRERR, 0x700000001000);
    expect("truncated-mapping", "nothing behind it");
    facts.address_words = "the mapped file prices.db+0x1000";
    expect("truncated-mapping", "in the mapped file prices.db+0x1000");
    facts.address_words = NULL;
    crash(SIGBUS, BUS_ADRALN, 0x700000001001);
    expect("misaligned-access", "address that this instruction cannot be used at");
    crash(SIGBUS, 4, 0x700000001000);
    expect("hardware-error", "defective");
}

/* Frames of f -> g -> f -> g ..., called by main, the innermost in printf. */
static void recurse(unsigned times) {
    event->threads[0].frame_count = 0;
    trace_frame(event, QMON_ROLE_LIBC, "printf");
    for (unsigned i = 0; i < times; i++)
        trace_app(event, "g f");
    trace_app(event, "main");
    trace_start(event);
}

Test(describe, tells_a_stack_overflow_and_its_cycle) {
    crash(SIGSEGV, SEGV_MAPERR, 0x7fffef7ffff8);
    facts.stack_pointer = 0x7fffef800000;
    recurse(100);
    event->threads[0].frames[100].omitted_after = 82424;
    facts.frames_total = 82424 + 205;
    expect("stack-overflow", "f -> g repeated 41,312 times");
    cr_assert_str_eq(event->title, "Stack overflow in g (shop.c:11)");
    HAS(event->cause.detail, "The stack has 8192 KiB.");
}

Test(describe, tells_a_stack_overflow_without_recursion) {
    crash(SIGSEGV, SEGV_ACCERR, 0x7fffef7f0000);
    facts.stack_pointer = 0x7fffef7f0000;
    facts.access = 2;
    expect("stack-overflow", "large local variables");
    cr_assert_null(strstr(event->cause.detail, "KiB"), "the mapping above need not be the stack");
    crash(SIGSEGV, SEGV_MAPERR, 0x7fffeb900000); /* one frame of 64 MB */
    facts.stack_pointer = 0x7fffeb900078;
    expect("stack-overflow", "large local variables");
}

Test(describe, tells_an_overflow_of_a_stack_that_it_does_not_know) {
    crash(SIGSEGV, SEGV_MAPERR, 0x7000000ffff8);
    facts.stack_pointer = 0x700000100000;
    recurse(150);
    facts.frames_total = 305;
    expect("stack-overflow", "f -> g repeated 150 times");
}

Test(describe, tells_a_stack_pointer_that_was_overwritten) {
    crash(SIGSEGV, SEGV_MAPERR, 0x7000000ffff8);
    facts.stack_pointer = 0x700000100000;
    expect("wild-stack-pointer", "The stack pointer is 0x700000100000");
    crash(SIGSEGV, SEGV_MAPERR, 8);
    facts.stack_low = 0x10000;
    facts.stack_pointer = 0x10;
    expect("wild-stack-pointer", "The stack pointer is 0x10");
}

Test(describe, takes_no_other_fault_for_a_stack_overflow) {
    crash(SIGSEGV, SEGV_MAPERR, 8); /* null, with a stack that lies low */
    facts.stack_low = 0x400000;
    facts.stack_pointer = 0x400100;
    expect("null-dereference", "8 bytes");
    crash(SIGSEGV, SEGV_ACCERR, 0x7ffff0000010); /* above the stack */
    facts.access = 2;
    expect("write-to-read-only", "0x7ffff0000010");
    crash(SIGSEGV, SEGV_MAPERR, 0x7fffef700000); /* far below, while the stack pointer is well */
    expect("wild-pointer", "0x7fffef700000");
}

Test(describe, tells_arithmetic_instructions_and_limits) {
    static const struct {
        int number, code;
        const char *kind, *title;
    } cases[] = {
        {SIGFPE, FPE_INTDIV, "division-by-zero", "Division by zero in f (shop.c:10)"},
        {SIGFPE, FPE_FLTINV, "floating-point", "SIGFPE in f (shop.c:10)"},
        {SIGILL, ILL_ILLOPN, "illegal-instruction", "Illegal instruction in f (shop.c:10)"},
        {SIGTRAP, 128, "trap", "Trap in f (shop.c:10)"},
        {SIGXCPU, 128, "cpu-limit", "CPU time limit exceeded in f (shop.c:10)"},
        {SIGXFSZ, 128, "file-size-limit", "File size limit exceeded in f (shop.c:10)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        crash(cases[i].number, cases[i].code, 0);
        describe();
        cr_expect_str_eq(event->cause.kind, cases[i].kind);
        cr_expect_str_eq(event->title, cases[i].title);
        close_event();
    }
}

static void at_code(const char *bytes, size_t count) {
    facts.code = (const uint8_t *) bytes;
    facts.code_bytes = count;
}
#define AT_CODE(bytes) at_code(bytes, sizeof(bytes) - 1)

Test(describe, reads_the_instruction) {
    crash(SIGILL, ILL_ILLOPN, 0x555500001000);
    AT_CODE("\x0f\x0b\x55\x48");
    expect("trap-instruction", "__builtin_trap()");
    AT_CODE("\x62\xf1\x55\x48\x58\xc2\x90\x90\x90");
    expect("illegal-instruction", "Its bytes: 62 f1 55 48 58 c2 90 90");
    facts.machine = "aarch64";
    AT_CODE("\x20\x00\x20\xd4");
    expect("trap-instruction", "__builtin_trap()");
    AT_CODE("\x20\x00");
    expect("illegal-instruction", "20 00");
}

Test(describe, reads_what_the_processor_refused) {
    uint64_t smashed = UINT64_C(0x4242424242424242);

    crash(SIGSEGV, 128, 0);
    AT_CODE("\xf4");
    expect("privileged-instruction", "Its bytes: f4");
    AT_CODE("\x0f\x29\x45\xe8");
    expect("misaligned-access", "multiple of 16");
    AT_CODE("\xc3");
    facts.stack = (const uint8_t *) &smashed;
    facts.stack_bytes = sizeof smashed;
    expect("smashed-return", "0x4242424242424242: these are the characters \"BBBBBBBB\"");
    cr_assert_str_eq(event->title, "Overwritten return address in f (shop.c:10)");
    AT_CODE("\x48\x8b\x00");
    expect("wild-pointer", "refused");
}

Test(describe, says_which_limit_when_the_kernel_sends_in_the_programs_name) {
    crash(SIGXFSZ, SI_USER, 0);
    event->signal.has_address = false;
    event->signal.sender_pid = event->process.pid;
    expect("file-size-limit", "RLIMIT_FSIZE");
    event->signal.sender_pid = 71;
    expect("sent-signal", "pid 71");
}

Test(describe, names_the_forbidden_system_call) {
    crash(SIGSYS, 1, 0);
    facts.system_call = "ptrace";
    expect("seccomp-violation", "forbids: ptrace");
    cr_assert_str_eq(event->title, "Forbidden system call ptrace in f (shop.c:10)");
}

Test(describe, says_who_sent_a_signal) {
    crash(SIGSEGV, SI_USER, 0);
    event->signal.has_address = false;
    event->signal.sender_pid = 71;
    expect("sent-signal", "pid 71 (uid 0)");
    cr_assert_str_eq(event->title, "SIGSEGV sent by pid 71 in f (shop.c:10)");
    event->signal.sender_name = "deploy.sh (bash)";
    expect("sent-signal", "another process: deploy.sh (bash), pid 71 (uid 0)");
    cr_assert_str_eq(event->title, "SIGSEGV sent by deploy.sh (bash) (pid 71) in f (shop.c:10)");
    event->signal.sender_pid = event->process.pid;
    expect("sent-signal", "to itself");
    cr_assert_str_eq(event->title, "SIGSEGV in f (shop.c:10)");
    event->signal.sender_pid = 0;
    expect("sent-signal", "cannot be seen");
}

Test(describe, says_that_the_programs_own_handler_ran) {
    crash(SIGSEGV, SEGV_MAPERR, 8);
    facts.origin = QMON_ORIGIN_HANDLER;
    expect("null-dereference", "8 bytes");
    HAS(event->message, "own handler for SIGSEGV ran");
    cr_assert_str_eq(event->title, "SIGSEGV in f (shop.c:10)");
}

Test(describe, says_something_of_a_crash_that_nothing_is_known_of) {
    event = trace_event(QMON_KIND_CRASH);
    event->thread_count = 0;
    facts = (struct qmon_crash_facts){0};
    qmon_describe_crash(event, &facts);
    cr_assert_str_eq(event->title, "Crash in shop");
    cr_assert_not_null(event->message);
    cr_assert_null(event->cause.kind);
}

Test(describe, tells_no_secret) {
    crash(SIGABRT, SI_TKILL, 0);
    facts.origin = QMON_ORIGIN_ABORT;
    facts.abort_message = "cannot log in: password=hunter2";
    describe();
    cr_assert_null(strstr(event->title, "hunter2"));
    cr_assert_null(strstr(event->message, "hunter2"));
    cr_assert_null(strstr(event->cause.detail, "hunter2"));
    HAS(event->title, "password=[redacted]");
}

Test(describe, tells_a_division_by_zero_from_one_that_overflows) {
    struct qmon_register registers[] = {{.name = "rcx", .value = 0xffffffff00000000},
                                        {.name = "r9", .value = UINT64_MAX}};

    crash(SIGFPE, FPE_INTDIV, 0x555500001000);
    event->registers = registers;
    event->register_count = 2;
    AT_CODE("\xf7\xf9"); /* idiv ecx */
    expect("division-by-zero", "An integer was divided by zero.");
    AT_CODE("\x49\xf7\xf9"); /* idiv r9 */
    expect("division-overflow", "divided by -1");
    AT_CODE("\x48\xf7\xf1"); /* div rcx */
    expect("division-overflow", "too large");
    AT_CODE("\xf7\x7d\xf8"); /* idiv dword ptr [rbp - 8] */
    expect("division-by-zero", "or the smallest integer by -1");
    AT_CODE("\xf7");
    expect("division-by-zero", "or the smallest integer by -1");
}

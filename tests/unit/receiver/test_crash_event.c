#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "machine.h"
#include "procfs.h"
#include "record_maker.h"
#include "report.h"
#include "scratch.h"

static struct scratch scratch;
static struct made_record made;
static struct qmon__report report;

static void set_up(void) {
    scratch = scratch_make();
    made = make_record(scratch.path, 4242);
    make_crash(&made, 0x1000);
}

static void tear_down(void) {
    qmon_event_free(report.event);
    unmake_record(&made);
    scratch_remove(&scratch);
}

TestSuite(crash_event, .init = set_up, .fini = tear_down, .timeout = 10);

/* The copy that a receiver has. */
static const struct qmon_event *event_of_record(void) {
    static struct qmon_record copy;
    memcpy(&copy, made.at, sizeof copy);
    qmon__record_sanitize(&copy, ~0u);
    cr_assert_eq(qmon__crash_event(&copy, real_clock_ns(), 0, &report), 0);
    return report.event;
}

static bool has_note(const struct qmon_event *event, const char *words) {
    for (size_t i = 0; i < event->note_count; i++)
        if (strstr(event->notes[i], words) != NULL)
            return true;
    return false;
}

Test(crash_event, says_what_the_slot_says) {
    const struct qmon_event *event = event_of_record();
    cr_expect_eq(event->kind, QMON_KIND_CRASH);
    cr_expect_eq(event->severity, QMON_SEVERITY_CRITICAL);
    cr_expect_str_eq(event->code, "SIGSEGV");
    cr_expect_eq(event->signal.number, SIGSEGV);
    cr_expect_str_eq(event->signal.code_name, "SEGV_MAPERR");
    cr_expect(event->signal.has_address);
    cr_expect_eq(event->signal.address, 0x10);
    cr_expect_eq(event->process.pid, 4242);
    cr_expect_eq(event->process.root_pid, 4242);
    cr_expect(event->process.root);
    cr_expect_str_eq(event->process.executable, "/usr/bin/victim");
    cr_assert_eq(event->thread_count, 1);
    cr_expect_str_eq(event->threads[0].name, "worker");
    cr_expect(event->threads[0].crashed);
    cr_expect_null(event->threads[0].unwind_note);
    cr_assert_eq(event->threads[0].frame_count, 2);
    cr_expect_eq(event->threads[0].frames[0].pc, 0x1000);
    cr_expect(event->threads[0].frames[0].exact);
    cr_expect_not(event->threads[0].frames[1].exact);
    cr_expect_eq(event->note_count, 0);
    cr_expect_eq(event->time_ns, made.at->crash.real_ns);
}

#ifdef __x86_64__
Test(crash_event, names_registers_and_knows_that_it_was_a_write) {
    const struct qmon_event *event = event_of_record();
    cr_assert_eq(event->register_count, QMON_X86_COUNT);
    cr_expect_str_eq(event->registers[QMON_X86_RIP].name, "rip");
    cr_expect_eq(event->registers[QMON_X86_RIP].value, 0x1000);
    cr_expect_eq(report.facts.access, 2);
    cr_expect_eq(report.facts.program_counter, 0x1000);
    cr_expect_eq(report.facts.stack_pointer, 0x7ffc00001000);
}
#endif

Test(crash_event, keeps_both_ends_of_a_deep_stack_and_the_count_between) {
    struct qmon_record_crash *crash = &made.at->crash;
    crash->frame_count_inner = crash->frame_count_outer = QMON_CRASH_FRAMES_HALF;
    crash->frames_between = 99488;
    for (unsigned i = 0; i < QMON_CRASH_FRAMES; i++)
        crash->frames[i] = 0x1000 + i;
    const struct qmon_event *event = event_of_record();
    const struct qmon_thread *thread = &event->threads[0];
    cr_assert_eq(thread->frame_count, QMON_CRASH_FRAMES);
    cr_expect_eq(thread->frames[255].omitted_after, 99488);
    cr_expect_eq(thread->frames[254].omitted_after, 0);
    cr_expect_eq(thread->frames[255].index, 255);
    cr_expect_eq(thread->frames[256].index, 256 + 99488);
    cr_expect_eq(thread->frames[511].pc, 0x1000 + 511);
    cr_expect_eq(report.facts.frames_total, 100000);
}

Test(crash_event, says_how_far_a_capture_got_that_was_cut_off) {
    made.at->header.state = QMON_STATE_CRASHING;
    made.at->crash.stage = QMON_STAGE_SIGNAL;
    const struct qmon_event *event = event_of_record();
    cr_expect_str_eq(event->code, "SIGSEGV");
    cr_expect(has_note(event, "signal and registers were captured, modules and stack were not"));
    cr_expect_str_eq(event->threads[0].unwind_note, "the process ended while its stack was captured");
#ifdef __x86_64__
    cr_assert_eq(event->threads[0].frame_count, 1, "the program counter is better than nothing");
    cr_expect_eq(event->threads[0].frames[0].pc, 0x1000);
    cr_expect(event->threads[0].frames[0].exact);
#endif
}

Test(crash_event, takes_nothing_from_a_slot_that_was_only_claimed) {
    made.at->crash.stage = QMON_STAGE_CLAIMED;
    const struct qmon_event *event = event_of_record();
    cr_expect_str_eq(event->code, "crash");
    cr_expect_eq(event->signal.number, 0);
    cr_expect_eq(event->register_count, 0);
    cr_expect_eq(event->threads[0].frame_count, 0);
    cr_expect(has_note(event, "nothing but the fact was captured"));
}

Test(crash_event, does_not_invent_an_address_for_a_signal_that_was_sent) {
    made.at->crash.code = SI_USER;
    made.at->crash.sender_pid = 71;
    made.at->crash.sender_uid = 1000;
    const struct qmon_event *event = event_of_record();
    cr_expect_not(event->signal.has_address);
    cr_expect_eq(event->signal.sender_pid, 71);
    cr_expect_eq(event->signal.sender_uid, 1000);
}

static void sent_by(uint32_t pid, uint64_t boot_ns) {
    made.at->process.pid_namespace = qmon__proc_namespace(0, "pid");
    made.at->crash.code = SI_USER;
    made.at->crash.sender_pid = pid;
    made.at->crash.boot_ns = boot_ns;
}

Test(crash_event, names_the_program_that_sent_the_signal) {
    sent_by((uint32_t) getpid(), qmon_boot_ns());
    cr_expect_str_eq(event_of_record()->signal.sender_name, "qmon-unit");
}

Test(crash_event, names_no_program_that_came_to_the_pid_later) {
    sent_by((uint32_t) getpid(), 1);
    cr_expect_null(event_of_record()->signal.sender_name);
}

Test(crash_event, names_no_program_of_another_pid_namespace) {
    sent_by((uint32_t) getpid(), qmon_boot_ns());
    made.at->process.pid_namespace++;
    cr_expect_null(event_of_record()->signal.sender_name);
}

Test(crash_event, says_what_a_sender_calls_itself_and_what_its_file_is) {
    sent_by((uint32_t) getpid(), qmon_boot_ns());
    prctl(PR_SET_NAME, "deploy\n.sh");
    cr_expect_str_eq(event_of_record()->signal.sender_name, "deploy (qmon-unit)");
}

Test(crash_event, reads_an_exception_by_its_bare_type_name) {
    strcpy(made.at->crash.exception_type, "St13runtime_error");
    strcpy(made.at->crash.exception_message, "no such order");
    const struct qmon_event *event = event_of_record();
    cr_expect_str_eq(event->exception.type, "std::runtime_error");
    cr_expect_str_eq(event->exception.message, "no such order");
}

Test(crash_event, tells_of_the_programs_own_handler) {
    made.at->crash.origin = QMON_ORIGIN_HANDLER;
    made.at->crash.exit_status = 3;
    const struct qmon_event *event = event_of_record();
    cr_expect(has_note(event, "The program's own handler for SIGSEGV ended the process with exit status 3."));
    char reason[64];
    qmon__crash_reason(made.at, reason, sizeof reason);
    cr_expect_str_eq(reason, "exit status 3");
}

Test(crash_event, shows_breadcrumbs_in_the_order_in_which_they_fell) {
    struct qmon_record_crumbs *crumbs = &made.at->crumbs;
    for (uint32_t sequence = 30; sequence < 30 + QMON_CRUMBS; sequence++) {
        struct qmon_record_crumb *crumb = &crumbs->entries[sequence % QMON_CRUMBS];
        crumb->sequence = sequence;
        crumb->text[0] = (char) ('A' + sequence % 26);
    }
    crumbs->entries[40 % QMON_CRUMBS].sequence = 0; /* being written when the process died */
    const struct qmon_event *event = event_of_record();
    cr_assert_eq(event->crumb_count, 1 + QMON_CRUMBS - 1);
    cr_expect_str_eq(event->crumbs[0].text, "started /usr/bin/victim");
    cr_expect_eq(event->crumbs[1].text[0], 'A' + 30 % 26);
    cr_expect_eq(event->crumbs[63].text[0], 'A' + 93 % 26);
}

static void leave_crumb(uint32_t sequence, uint64_t real_ns, const char *text) {
    struct qmon_record_crumb *crumb = &made.at->crumbs.entries[sequence % QMON_CRUMBS];
    crumb->sequence = sequence;
    crumb->real_ns = real_ns;
    strcpy(crumb->text, text);
}

Test(crash_event, puts_the_exec_between_what_was_before_and_after_it) {
    struct qmon_record_process *process = &made.at->process;
    process->execs = 1;
    process->image_real_ns = process->created_real_ns + 1000;
    leave_crumb(1, process->created_real_ns + 10, "before");
    leave_crumb(2, process->image_real_ns + 10, "after, with token=abcdef0123456789");
    const struct qmon_event *event = event_of_record();
    cr_assert_eq(event->crumb_count, 4);
    cr_expect_str_eq(event->crumbs[0].text, "started another program");
    cr_expect_str_eq(event->crumbs[1].text, "before");
    cr_expect_str_eq(event->crumbs[2].text, "exec of /usr/bin/victim");
    cr_expect_str_eq(event->crumbs[3].text, "after, with token=[redacted]");
}

Test(crash_event, names_the_signals_that_were_handled) {
    made.at->process.flags |= QMON_PROCESS_FORKED;
    made.at->process.parent_pid = 71;
    leave_crumb(1, real_clock_ns(), "handled signal 11, for the 100th time");
    leave_crumb(2, real_clock_ns(), "handled signal 9999999999");
    const struct qmon_event *event = event_of_record();
    cr_assert_eq(event->crumb_count, 3);
    cr_expect_str_eq(event->crumbs[0].text, "made by fork of process 71");
    cr_expect_str_eq(event->crumbs[1].text, "handled SIGSEGV, for the 100th time");
    cr_expect_str_eq(event->crumbs[2].text, "handled signal 9999999999");
}

Test(crash_event, has_the_same_id_whoever_makes_it) {
    char first[QMON_EVENT_ID_BYTES];
    strcpy(first, event_of_record()->id);
    qmon_event_free(report.event);
    cr_expect_str_eq(event_of_record()->id, first);
    cr_expect_eq(first[14], '7');
    qmon_event_free(report.event);
    made.at->process.created_boot_ns++;
    cr_expect_str_neq(event_of_record()->id, first, "another process of the same number");
}

Test(crash_event, comes_of_a_slot_full_of_rubbish) {
    memset(&made.at->crash, 0xff, sizeof made.at->crash);
    memset(&made.at->modules, 0xff, sizeof made.at->modules);
    const struct qmon_event *event = event_of_record();
    cr_expect_eq(event->threads[0].frame_count, QMON_CRASH_FRAMES);
    cr_expect_eq(event->signal.number, 0, "-1 is no signal");
}

Test(machine, knows_its_tables, .timeout = 10) {
    cr_expect_str_eq(qmon__register_name("x86_64", QMON_X86_CR2), "cr2");
    cr_expect_str_eq(qmon__register_name("aarch64", QMON_ARM64_PC), "pc");
    cr_expect_null(qmon__register_name("x86_64", QMON_X86_COUNT));
    cr_expect_null(qmon__register_name("riscv64", 0));
    uint64_t registers[QMON_X86_COUNT] = {[QMON_X86_TRAPNO] = 14, [QMON_X86_ERR] = 0x14};
    cr_expect_eq(qmon__fault_access("x86_64", registers, QMON_X86_COUNT), 3);
    registers[QMON_X86_ERR] = 4;
    cr_expect_eq(qmon__fault_access("x86_64", registers, QMON_X86_COUNT), 1);
    registers[QMON_X86_TRAPNO] = 13; /* a general protection fault says nothing of it */
    cr_expect_eq(qmon__fault_access("x86_64", registers, QMON_X86_COUNT), 0);
    cr_expect_eq(qmon__fault_access("x86_64", registers, 3), 0);
#ifdef __x86_64__
    cr_expect_str_eq(qmon__system_call_name(0), "read");
    cr_expect_str_eq(qmon__system_call_name(231), "exit_group");
#endif
    cr_expect_null(qmon__system_call_name(100000));
}

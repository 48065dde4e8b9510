/*
 * The crash slot as an event. The slot is filled in the order of enum qmon_crash_stage; what lies behind the stage that was
 * reached is not looked at.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "context.h"
#include "identity.h"
#include "machine.h"
#include "report.h"
#include "sender.h"
#include "targets.h"

static const char *text_of(struct qmon_event *event, const char *text) {
    return text[0] != '\0' ? qmon_redact(event, qmon_event_text(event, text)) : NULL;
}

static void add_frames(struct qmon_event *event, const struct qmon_record_crash *crash, struct qmon_thread *thread) {
    size_t total = crash->frame_count_inner + crash->frame_count_outer;
    thread->frames = qmon_event_alloc(event, (total + 1) * sizeof *thread->frames);
    if (thread->frames == NULL)
        return;
    uint32_t index = 0;
    for (size_t i = 0; i < total; i++) {
        bool inner = i < crash->frame_count_inner;
        size_t slot = inner ? i : QMON_CRASH_FRAMES_HALF + (i - crash->frame_count_inner);
        struct qmon_frame *frame = &thread->frames[i];
        frame->index = index++;
        frame->pc = crash->frames[slot];
        frame->exact = (crash->frame_flags[slot] & QMON_FRAME_EXACT) != 0;
        frame->guess = (crash->frame_flags[slot] & QMON_FRAME_GUESS) != 0;
        frame->signal = (crash->frame_flags[slot] & QMON_FRAME_SIGNAL) != 0;
        if (inner && i + 1 == crash->frame_count_inner) {
            frame->omitted_after = crash->frames_between;
            index += (uint32_t) crash->frames_between;
        }
    }
    thread->frame_count = total;
}

static const char *unwind_words(uint32_t end) {
    switch (end) {
    case QMON_UNWIND_BROKEN:
        return "the stack could not be followed further";
    case QMON_UNWIND_FAULT:
        return "the stack is damaged: following it faulted here";
    case QMON_UNWIND_DEADLINE:
        return "following the stack took too long and ends here";
    case QMON_UNWIND_LIMIT:
        return "the stack is too deep to be followed to its end";
    case QMON_UNWIND_NONE:
        return "the stack was not captured";
    default:
        return NULL;
    }
}

/* Where it ends and why; else whether something in it was not found the sure way. */
static const char *stack_words(const struct qmon_record_crash *crash, const struct qmon_thread *thread) {
    const char *words = unwind_words(crash->unwind_end);
    for (size_t i = 0; i < thread->frame_count && words == NULL; i++)
        if (thread->frames[i].guess)
            words = "frames marked as guesses have no unwind table: frame pointers and return addresses suggest them";
    return words;
}

static void add_thread(struct qmon_event *event, const struct qmon_record_crash *crash, uint32_t stage) {
    struct qmon_thread *thread = qmon_event_alloc(event, sizeof *thread);
    if (thread == NULL)
        return;
    thread->tid = crash->tid;
    thread->name = crash->thread_name[0] != '\0' ? qmon_event_text(event, crash->thread_name) : NULL;
    thread->crashed = true;
    /* The walk counts its frames as it goes: one that was cut off has left what it had. */
    if (stage >= QMON_STAGE_MODULES)
        add_frames(event, crash, thread);
    thread->unwind_note =
        stage >= QMON_STAGE_STACK ? stack_words(crash, thread) : "the process ended while its stack was captured";
    event->threads = thread;
    event->thread_count = 1;
}

/* Without a stack, the program counter is better than nothing. */
static void add_program_counter(struct qmon_event *event, uint64_t pc) {
    if (pc == 0 || event->thread_count == 0 || event->threads[0].frame_count > 0)
        return;
    event->threads[0].frames = qmon_event_alloc(event, sizeof *event->threads[0].frames);
    if (event->threads[0].frames == NULL)
        return;
    event->threads[0].frames[0] = (struct qmon_frame){.pc = pc, .exact = true};
    event->threads[0].frame_count = 1;
}

static bool has_fault_address(int signal, int code) {
    if (code <= 0 || code == SI_KERNEL)
        return false;
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGTRAP ||
           signal == SIGSYS;
}

static void add_signal(struct qmon_event *event, const struct qmon_record_crash *crash) {
    if (crash->signal <= 0 || crash->signal > SIGRTMAX)
        return;
    event->signal.number = crash->signal;
    event->signal.name = qmon_signal_name(crash->signal);
    event->signal.code = crash->code;
    event->signal.code_name = qmon_signal_code_name(crash->signal, crash->code);
    event->signal.code_text = qmon_signal_code_text(crash->signal, crash->code);
    event->signal.has_address = has_fault_address(crash->signal, crash->code);
    if (event->signal.has_address)
        event->signal.address = crash->address;
    if (crash->code <= 0) {
        event->signal.sender_pid = crash->sender_pid;
        event->signal.sender_uid = crash->sender_uid;
    }
    event->code =
        event->signal.name != NULL ? event->signal.name : qmon_event_format(event, "signal %d", crash->signal);
}

static void add_sender(struct qmon_event *event, const struct qmon_record *record) {
    char name[QMON__SENDER_BYTES];
    const uint32_t pid = event->signal.sender_pid;
    if (pid != 0 && pid != record->process.pid &&
        qmon__sender_name(record, pid, record->crash.boot_ns, name, sizeof name))
        event->signal.sender_name = qmon_event_text(event, name);
}

static void add_registers(struct qmon_event *event, const struct qmon_record_crash *crash, const char *machine) {
    event->registers = qmon_event_alloc(event, (crash->register_count + 1u) * sizeof *event->registers);
    if (event->registers == NULL)
        return;
    for (uint32_t i = 0; i < crash->register_count; i++) {
        const char *name = qmon__register_name(machine, i);
        if (name != NULL)
            event->registers[event->register_count++] =
                (struct qmon_register){.name = name, .value = crash->registers[i]};
    }
}

/* What was copied from `start` on, of that what lies at `address`. */
static const uint8_t *bytes_at(struct qmon_event *event, const uint8_t *bytes, uint32_t count, uint64_t start,
                               uint64_t address, size_t *ret_count) {
    if (address < start || address - start >= count)
        return NULL;
    size_t left = count - (size_t) (address - start);
    uint8_t *copy = qmon_event_alloc(event, left);
    if (copy == NULL)
        return NULL;
    memcpy(copy, bytes + (address - start), left);
    *ret_count = left;
    return copy;
}

static void add_memory(struct qmon_event *event, const struct qmon_record_crash *crash,
                       struct qmon_crash_facts *facts) {
    facts->code = bytes_at(event, crash->code_bytes, crash->code_byte_count, crash->code_start, facts->program_counter,
                           &facts->code_bytes);
    facts->stack = bytes_at(event, crash->stack_bytes, crash->stack_byte_count, crash->stack_start,
                            facts->stack_pointer, &facts->stack_bytes);
}

static void add_facts(struct qmon__report *report, const struct qmon_record_crash *crash, const char *machine,
                      uint32_t stage) {
    struct qmon_event *event = report->event;
    struct qmon_crash_facts *facts = &report->facts;
    report->has_facts = true;
    facts->machine = qmon_event_text(event, machine);
    facts->origin = crash->origin;
    if (stage < QMON_STAGE_SIGNAL)
        return;
    facts->stack_low = crash->stack_low;
    facts->stack_high = crash->stack_high;
    facts->stack_pointer = qmon__register_stack_pointer(machine, crash->registers, crash->register_count);
    facts->program_counter = qmon__register_program_counter(machine, crash->registers, crash->register_count);
    if (crash->signal == SIGSEGV || crash->signal == SIGBUS)
        facts->access = qmon__fault_access(machine, crash->registers, crash->register_count);
    facts->frames_total = crash->frame_count_inner + crash->frames_between + crash->frame_count_outer;
    if (crash->signal == SIGSYS)
        facts->system_call = qmon__system_call_name(crash->signal_detail);
    if (stage >= QMON_STAGE_STACK)
        add_memory(event, crash, facts);
    if (stage < QMON_STAGE_CAUSE)
        return;
    facts->abort_message = text_of(event, crash->abort_message);
    facts->assertion = text_of(event, crash->assertion);
    facts->assertion_file = text_of(event, crash->assertion_file);
    facts->assertion_function = text_of(event, crash->assertion_function);
    facts->assertion_line = crash->assertion_line;
}

/* std::type_info names lack the "_Z" that demanglers want: "St13runtime_error", "i". */
static const char *exception_name(struct qmon_event *event, const char *type) {
    const char *symbol = qmon_event_format(event, "_ZTI%s", type);
    const char *readable = symbol != NULL ? qmon_demangle(event, symbol) : NULL;
    static const char prefix[] = "typeinfo for ";
    if (readable != NULL && strncmp(readable, prefix, sizeof prefix - 1) == 0)
        return readable + sizeof prefix - 1;
    return qmon_event_text(event, type);
}

void qmon__add_thrown(struct qmon_event *event, const struct qmon_record_thrown *thrown) {
    struct qmon_thread *thread = qmon_event_alloc(event, sizeof *thread);
    struct qmon_frame *frames = qmon_event_alloc(event, (thrown->frame_count + 1) * sizeof *frames);
    if (thread == NULL || frames == NULL || thrown->frame_count == 0)
        return;
    for (uint32_t i = 0; i < thrown->frame_count; i++)
        frames[i] = (struct qmon_frame){.index = i, .pc = thrown->frames[i]};
    *thread = (struct qmon_thread){.tid = thrown->tid, .frames = frames, .frame_count = thrown->frame_count};
    if (thrown->frame_count == QMON_THROWN_FRAMES)
        thread->unwind_note = "only the innermost functions were kept";
    event->exception.thrown = thread;
    event->exception.thrown_count = 1;
}

static void add_stage_note(struct qmon_event *event, uint32_t stage) {
    static const char *const reached[] = {
        [QMON_STAGE_NONE] = "nothing but the fact was captured",
        [QMON_STAGE_CLAIMED] = "nothing but the fact was captured",
        [QMON_STAGE_SIGNAL] = "signal and registers were captured, modules and stack were not",
        [QMON_STAGE_MODULES] = "the stack was not captured to its end",
        [QMON_STAGE_STACK] = "the cause was not looked for",
        [QMON_STAGE_CAUSE] = "everything was captured",
    };
    if (stage < QMON_STAGE_SEALED)
        qmon_event_note(event, "Reduced report: the process ended before its capture did; %s.", reached[stage]);
}

static void add_handler_note(struct qmon_event *event, const struct qmon_record_crash *crash) {
    const char *name = event->signal.name != NULL ? event->signal.name : "the signal";
    if (crash->origin != QMON_ORIGIN_HANDLER)
        return;
    if (crash->exit_status != 0)
        qmon_event_note(event, "The program's own handler for %s ended the process with exit status %u.", name,
                        crash->exit_status & 0xff);
    else
        qmon_event_note(event, "The program's own handler for %s ran first and did not recover.", name);
}

/* Between two looks at the map of a process that waits nothing is gained. */
static void add_by_map(struct qmon_event *event, const struct qmon_record_crash *crash, struct qmon__report *report) {
    struct qmon__memory_map map;
    qmon__memory_map_read(&map, report->live_pid);
    qmon__add_targets(event, crash, &map, report->live_pid);
    if (report->live_pid != 0 && event->signal.has_address)
        report->facts.address_words = qmon__address_words(event, crash, &map, event->signal.address, report->live_pid);
    qmon__memory_map_free(&map);
}

static void add_context(struct qmon_event *event, const struct qmon_record_crash *crash, uint32_t stage,
                        struct qmon__report *report) {
    qmon__context_of_crash(event, crash, stage, report->facts.program_counter);
    qmon__context_of_process(event, report->live_pid);
    if (stage >= QMON_STAGE_SIGNAL)
        add_by_map(event, crash, report);
}

/* A signal by which no program asks for a core, from the parent: a way to end a worker, as SIGKILL is (inet_gethost of Erlang). */
static bool is_ended_by_parent(const struct qmon_event *event) {
    const int number = event->signal.number;
    const bool plain = number == SIGUSR1 || number == SIGUSR2 || number == SIGALRM || number == SIGVTALRM ||
                       number == SIGPROF || number >= 34;
    return plain && (event->signal.code == SI_USER || event->signal.code == SI_QUEUE) &&
           event->signal.sender_pid != 0 && event->signal.sender_pid == event->process.parent_pid;
}

int qmon__crash_event(const struct qmon_record *record, uint64_t now_ns, uint32_t live_pid,
                      struct qmon__report *ret_report) {
    const struct qmon_record_crash *crash = &record->crash;
    uint32_t stage = atomic_load(&crash->stage);
    struct qmon_event *event =
        qmon__begin_event(record, crash->real_ns != 0 ? crash->real_ns : now_ns, live_pid, ret_report);
    if (event == NULL)
        return -ENOMEM;
    event->kind = QMON_KIND_CRASH;
    event->severity = QMON_SEVERITY_CRITICAL;
    event->code = "crash";
    struct utsname names;
    const char *machine = uname(&names) == 0 ? names.machine : "";
    if (stage >= QMON_STAGE_SIGNAL) {
        add_signal(event, crash);
        add_sender(event, record);
        if (is_ended_by_parent(event))
            event->severity = QMON_SEVERITY_WARNING;
        add_registers(event, crash, machine);
    }
    qmon__modules_of_record(event, &record->modules);
    add_thread(event, crash, stage);
    add_facts(ret_report, crash, machine, stage);
    add_program_counter(event, ret_report->facts.program_counter);
    add_context(event, crash, stage, ret_report);
    if (stage >= QMON_STAGE_CAUSE && crash->exception_type[0] != '\0') {
        event->exception.type = exception_name(event, crash->exception_type);
        event->exception.message = text_of(event, crash->exception_message);
    }
    if (event->exception.type != NULL)
        qmon__add_thrown(event, &record->thrown);
    qmon__add_crumbs(event, record);
    add_stage_note(event, stage);
    add_handler_note(event, crash);
    qmon__identify_event(event, record, "crash", 0);
    return 0;
}

/* describe_trap.c: the other signals: arithmetic, instructions, system calls, limits, and signals that somebody sent. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "describe.h"

static const struct {
    int number, code; /* code 0: any */
    const char *kind, *title, *means;
} traps[] = {
    {SIGFPE, FPE_INTDIV, "division-by-zero", "Division by zero",
     "An integer was divided by zero (or the smallest integer by -1)."},
    {SIGFPE, FPE_INTOVF, "integer-overflow", "Integer overflow", "An integer overflowed, and this was checked."},
    {SIGFPE, FPE_FLTDIV, "floating-point", NULL,
     "A floating-point number was divided by zero, with traps switched on."},
    {SIGFPE, FPE_FLTOVF, "floating-point", NULL, "A floating-point number became too large, with traps switched on."},
    {SIGFPE, FPE_FLTUND, "floating-point", NULL, "A floating-point number became too small, with traps switched on."},
    {SIGFPE, FPE_FLTRES, "floating-point", NULL, "A floating-point result was inexact, with traps switched on."},
    {SIGFPE, FPE_FLTINV, "floating-point", NULL,
     "A floating-point operation was invalid (its result is not a number), with traps switched on."},
    {SIGFPE, 0, "arithmetic", NULL, "The processor refused an arithmetic operation."},
    {SIGILL, ILL_PRVOPC, "privileged-instruction", "Privileged instruction",
     "The program used an instruction that is the kernel's alone."},
    {SIGILL, 0, "illegal-instruction", "Illegal instruction",
     "The processor does not know this instruction: it lacks what the program was built for, or the program jumped into "
     "data."},
    {SIGTRAP, 0, "trap", "Trap", "A breakpoint or a trap in the program was reached, and no debugger was there."},
    {SIGQUIT, 0, "quit", NULL, "Somebody asked the program to quit and leave a core dump (Ctrl-\\ on a terminal)."},
    {SIGXCPU, 0, "cpu-limit", "CPU time limit exceeded",
     "The program used up the CPU time that it may use (RLIMIT_CPU)."},
    {SIGXFSZ, 0, "file-size-limit", "File size limit exceeded",
     "The program wrote a file larger than it may (RLIMIT_FSIZE)."},
    {SIGPIPE, 0, "broken-pipe", "Broken pipe", "The program wrote to a pipe or connection that nobody reads any more."},
    {SIGALRM, 0, "alarm", "Alarm",
     "A timer that the program had set (alarm, setitimer) ran out, and nothing handled it."},
};

/* The divisor, where the instruction takes it from a register: `div` and `idiv` of 16 to 64 bits. */
static bool find_divisor(const struct qmon_event *event, const struct qmon_crash_facts *facts, uint64_t *ret_divisor,
                         uint64_t *ret_minus_one) {
    static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    size_t at = 0;
    uint8_t extension = 0;

    if (!facts->code || !facts->machine || strcmp(facts->machine, "x86_64") != 0)
        return false;
    bool word = facts->code_bytes > 0 && facts->code[0] == 0x66;
    at += word;
    if (at < facts->code_bytes && facts->code[at] >> 4 == 4)
        extension = facts->code[at++];
    if (at + 1 >= facts->code_bytes || facts->code[at] != 0xf7 || facts->code[at + 1] >> 6 != 3 ||
        (facts->code[at + 1] >> 3 & 6) != 6)
        return false;
    const char *name = names[(facts->code[at + 1] & 7) | (extension & 1) << 3];
    *ret_minus_one = (extension & 8) ? UINT64_MAX : word ? UINT16_MAX : UINT32_MAX;
    for (size_t i = 0; i < event->register_count; i++)
        if (strcmp(event->registers[i].name, name) == 0) {
            *ret_divisor = event->registers[i].value & *ret_minus_one;
            return true;
        }
    return false;
}

/* The processor has one exception for both. */
static bool describe_division(const struct qmon_event *event, const struct qmon_crash_facts *facts,
                              struct qmon__cause *ret_cause) {
    uint64_t divisor, minus_one;

    if (event->signal.number != SIGFPE || event->signal.code != FPE_INTDIV ||
        !find_divisor(event, facts, &divisor, &minus_one))
        return false;
    *ret_cause = divisor == 0
                     ? (struct qmon__cause){.kind = "division-by-zero",
                                            .title = "Division by zero",
                                            .detail = "An integer was divided by zero."}
                     : (struct qmon__cause){.kind = "division-overflow",
                                            .title = "Division overflow",
                                            .detail = divisor == minus_one
                                                          ? "The smallest integer was divided by -1: the result is one "
                                                            "more than the largest."
                                                          : "The result of an integer division is too large."};
    return true;
}

bool qmon__describe_trap(struct qmon_event *event, const struct qmon_crash_facts *facts,
                         struct qmon__cause *ret_cause) {
    if (event->signal.number == SIGSYS) {
        const char *call = facts->system_call ? facts->system_call : "one without a name";
        ret_cause->kind = "seccomp-violation";
        ret_cause->title = qmon_event_format(event, "Forbidden system call %s", call);
        ret_cause->detail =
            qmon_event_format(event, "The program made a system call that its seccomp filter forbids: %s.", call);
        return true;
    }
    if (describe_division(event, facts, ret_cause))
        return true;
    for (size_t i = 0; i < sizeof traps / sizeof traps[0]; i++) {
        if (traps[i].number != event->signal.number || (traps[i].code && traps[i].code != event->signal.code))
            continue;
        ret_cause->kind = traps[i].kind;
        ret_cause->title = traps[i].title;
        ret_cause->detail = traps[i].means;
        return true;
    }
    return false;
}

/* What the kernel sends in the name of the process itself. */
static bool is_kernels(const struct qmon_event *event) {
    int number = event->signal.number;
    bool own = event->signal.sender_pid == 0 || event->signal.sender_pid == event->process.pid;
    return own && event->signal.code == SI_USER && (number == SIGXFSZ || number == SIGXCPU || number == SIGPIPE);
}

bool qmon__describe_sent(struct qmon_event *event, struct qmon__cause *ret_cause) {
    int code = event->signal.code;
    bool sent = code == SI_USER || code == SI_TKILL || code == SI_QUEUE;
    uint32_t pid = event->signal.sender_pid;
    const char *name = event->signal.name ? event->signal.name : "the signal";

    if (!sent || event->signal.number == 0 || is_kernels(event))
        return false;
    ret_cause->kind = "sent-signal";
    if (pid != 0 && pid == event->process.pid) {
        ret_cause->detail = qmon_event_format(event, "The program sent %s to itself (raise, kill).", name);
        return true;
    }
    if (pid == 0) {
        ret_cause->detail = qmon_event_format(
            event, "%s was sent by a process that cannot be seen from here (of another pid namespace, or gone).", name);
        return true;
    }
    const char *sender = event->signal.sender_name;
    ret_cause->title = qmon_event_format(event, "%s sent by %s%spid %" PRIu32 "%s", name, sender ? sender : "",
                                         sender ? " (" : "", pid, sender ? ")" : "");
    ret_cause->detail =
        qmon_event_format(event,
                          "%s was sent by another process: %s%spid %" PRIu32 " (uid %" PRIu32
                          "). The trace shows what the program was doing when it came.",
                          name, sender ? sender : "", sender ? ", " : "", pid, event->signal.sender_uid);
    return true;
}

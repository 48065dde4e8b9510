/*
 * describe_code.c: what the instruction at the program counter gives away. Only few are looked at, those whose presence is
 * a cause by itself: traps that compilers put in, privileged instructions, a return to no address, aligned vector moves.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <qmon/text.h>

#include "describe.h"

#define SHOWN_BYTES 8u

enum instruction { UNKNOWN, TRAP, BREAKPOINT, PRIVILEGED, RETURN, ALIGNED_MOVE };

static bool is_two_byte_privileged(uint8_t second) {
    static const uint8_t seconds[] = {0x06, 0x08, 0x09, 0x20, 0x21, 0x22, 0x23, 0x30, 0x32, 0x33, 0x35};
    return memchr(seconds, second, sizeof seconds) != NULL;
}

static enum instruction decode_x86(const uint8_t *code, size_t bytes) {
    static const uint8_t privileged[] = {0xf4, 0xfa, 0xfb, 0xec, 0xed, 0xee, 0xef, 0xe4,
                                         0xe5, 0xe6, 0xe7, 0x6c, 0x6d, 0x6e, 0x6f};
    size_t at = 0;

    while (at + 1 < bytes && at < 6 && (code[at] == 0x66 || code[at] == 0xf2 || code[at] == 0xf3 || code[at] >> 4 == 4))
        at++;
    if (at >= bytes)
        return UNKNOWN;
    if (code[at] == 0xc3 || code[at] == 0xc2)
        return RETURN;
    if (code[at] == 0xcc)
        return BREAKPOINT;
    if (memchr(privileged, code[at], sizeof privileged))
        return PRIVILEGED;
    if (code[at] != 0x0f || at + 1 >= bytes)
        return UNKNOWN;
    uint8_t second = code[at + 1];
    if (second == 0x0b || second == 0xb9 || second == 0xff) /* ud2, ud1, ud0 */
        return TRAP;
    if (is_two_byte_privileged(second))
        return PRIVILEGED;
    bool double_quad = at > 0 && (code[0] == 0x66) && (second == 0x6f || second == 0x7f || second == 0xe7);
    return second == 0x28 || second == 0x29 || second == 0x2b || double_quad ? ALIGNED_MOVE : UNKNOWN;
}

static enum instruction decode_arm64(const uint8_t *code, size_t bytes) {
    if (bytes < 4)
        return UNKNOWN;
    uint32_t word = (uint32_t) code[0] | (uint32_t) code[1] << 8 | (uint32_t) code[2] << 16 | (uint32_t) code[3] << 24;
    if ((word & 0xffff0000u) == 0) /* udf */
        return TRAP;
    return (word & 0xffe0001fu) == 0xd4200000u ? BREAKPOINT : UNKNOWN; /* brk */
}

static enum instruction decode(const struct qmon_crash_facts *facts) {
    if (!facts->code || !facts->machine)
        return UNKNOWN;
    if (strcmp(facts->machine, "x86_64") == 0)
        return decode_x86(facts->code, facts->code_bytes);
    return strcmp(facts->machine, "aarch64") == 0 ? decode_arm64(facts->code, facts->code_bytes) : UNKNOWN;
}

/* "0f ff 48 c7" */
static const char *byte_words(struct qmon_event *event, const struct qmon_crash_facts *facts) {
    char buffer[SHOWN_BYTES * 3 + 1];
    struct qmon_text text;

    qmon_text_begin(&text, buffer, sizeof buffer);
    for (size_t i = 0; i < facts->code_bytes && i < SHOWN_BYTES; i++)
        qmon_text_format(&text, "%s%02x", i ? " " : "", facts->code[i]);
    return qmon_event_text(event, buffer);
}

static bool describe_illegal(struct qmon_event *event, const struct qmon_crash_facts *facts,
                             struct qmon__cause *ret_cause) {
    if (decode(facts) == TRAP || decode(facts) == BREAKPOINT) {
        ret_cause->kind = "trap-instruction";
        ret_cause->title = "Trap instruction";
        ret_cause->detail =
            "The program came to an instruction that stands where it must never come: __builtin_trap(), code "
            "that was declared unreachable, or a check of the compiler or a sanitizer that failed.";
        return true;
    }
    if (!qmon__describe_trap(event, facts, ret_cause))
        return false;
    if (facts->code)
        ret_cause->detail = qmon_event_format(event, "%s Its bytes: %s", ret_cause->detail, byte_words(event, facts));
    return true;
}

static void describe_return(struct qmon_event *event, const struct qmon_crash_facts *facts,
                            struct qmon__cause *ret_cause) {
    uint64_t to = 0;
    const char *where = "";

    if (facts->stack && facts->stack_bytes >= sizeof to) {
        memcpy(&to, facts->stack, sizeof to);
        const char *words = qmon__value_words(event, to);
        where = qmon_event_format(event, ", 0x%" PRIx64 "%s%s", to, words ? ": these are " : "", words ? words : "");
    }
    ret_cause->kind = "smashed-return";
    ret_cause->title = "Overwritten return address";
    ret_cause->detail =
        qmon_event_format(event,
                          "A function was about to return to what is no address%s. Its return address "
                          "was overwritten, most likely by a local array that was written past its end.",
                          where);
}

/* A general protection fault: a SIGSEGV of the kernel's without an address. */
static bool describe_refused(struct qmon_event *event, const struct qmon_crash_facts *facts,
                             struct qmon__cause *ret_cause) {
    switch (decode(facts)) {
    case RETURN:
        describe_return(event, facts, ret_cause);
        return true;
    case PRIVILEGED:
        ret_cause->kind = "privileged-instruction";
        ret_cause->title = "Privileged instruction";
        ret_cause->detail =
            qmon_event_format(event, "The program used an instruction that is the kernel's alone. Its bytes: %s",
                              byte_words(event, facts));
        return true;
    case ALIGNED_MOVE:
        if (qmon__wild_register(event))
            return false;
        ret_cause->kind = "misaligned-access";
        ret_cause->title = "Misaligned access";
        ret_cause->detail =
            "A vector instruction was used on an address that is no multiple of 16: an object or the stack "
            "is not aligned as the compiler was told.";
        return true;
    default:
        return false;
    }
}

bool qmon__describe_code(struct qmon_event *event, const struct qmon_crash_facts *facts,
                         struct qmon__cause *ret_cause) {
    if (event->signal.number == SIGILL)
        return describe_illegal(event, facts, ret_cause);
    if (event->signal.number == SIGSEGV && !event->signal.has_address)
        return describe_refused(event, facts, ret_cause);
    return false;
}

/*
 * describe_memory.c: SIGSEGV and SIGBUS: what address, and how it came to be one. Only what address, registers and module
 * map prove is said as a fact; the rest is said as a likelihood.
 */
#include <ctype.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "describe.h"

#define NULL_REACH 65536u /* nothing is ever mapped below (vm.mmap_min_addr) */
#define BEFORE_NULL UINT64_C(0xffffffffffff0000)

enum { READ = 1, WRITE = 2, EXECUTE = 3 };

static const char *access_words(int access) {
    return access == READ ? "read from" : access == WRITE ? "wrote to" : access == EXECUTE ? "jumped to" : "accessed";
}

static const struct qmon_module *module_at(const struct qmon_event *event, uint64_t address) {
    for (size_t i = 0; i < event->module_count; i++)
        if (address >= event->modules[i].start && address < event->modules[i].end)
            return &event->modules[i];
    return NULL;
}

#define NEAR (UINT64_C(16) << 20)

/* Where a module's data would be: constants and variables follow its code, with no other module in between. */
static const struct qmon_module *module_before(const struct qmon_event *event, uint64_t address) {
    const struct qmon_module *before = NULL;

    for (size_t i = 0; i < event->module_count; i++) {
        const struct qmon_module *module = &event->modules[i];
        if (module->end <= address && address - module->end < NEAR && (!before || module->end > before->end))
            before = module;
    }
    return before;
}

/* ", in the code of /usr/bin/shop"; "" where no module is near. */
static const char *place_words(struct qmon_event *event, uint64_t address) {
    const struct qmon_module *module = module_at(event, address);

    if (module)
        return qmon_event_format(event, ", in the code of %s", module->path);
    module = module_before(event, address);
    return module ? qmon_event_format(event, ", just behind the code of %s, where its constants and variables are",
                                      module->path)
                  : "";
}

/* The same, by what the kernel said of it while the process was there. */
static const char *target_words(struct qmon_event *event, const struct qmon_crash_facts *facts) {
    return facts->address_words ? qmon_event_format(event, ": %s", facts->address_words)
                                : place_words(event, event->signal.address);
}

/* Bytes that are text, or a pattern that allocators and debuggers fill memory with, tell how a pointer went wrong. */
const char *qmon__value_words(struct qmon_event *event, uint64_t value) {
    static const struct {
        uint64_t pattern, mask;
        const char *means;
    } known[] = {
        {UINT64_C(0xdeadbeef), UINT64_C(0xffffffff), "0xdeadbeef, a mark for memory that is not in use"},
        {UINT64_C(0x5a5a5a5a5a5a0000), UINT64_C(0xffffffffffff0000), "bytes that jemalloc fills freed memory with"},
        {UINT64_C(0xa5a5a5a5a5a50000), UINT64_C(0xffffffffffff0000), "bytes that jemalloc fills new memory with"},
        {UINT64_C(0xcdcdcdcdcdcd0000), UINT64_C(0xffffffffffff0000), "bytes that mark memory which was never set"},
        {UINT64_C(0xdddddddddddd0000), UINT64_C(0xffffffffffff0000), "bytes that mark freed memory"},
        {UINT64_C(0xbebebebebebe0000), UINT64_C(0xffffffffffff0000), "bytes that mark memory which was never set"},
    };
    char text[9] = "";
    size_t printable = 0;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if ((value & known[i].mask) == known[i].pattern)
            return known[i].means;
    memcpy(text, &value, 8);
    while (printable < 8 && isprint((unsigned char) text[printable]))
        printable++;
    for (size_t i = printable; i < 8; i++)
        if (text[i] != '\0')
            return NULL;
    text[printable] = '\0';
    return printable >= 5 ? qmon_event_format(event, "the characters \"%s\": text was written over it", text) : NULL;
}

static bool is_canonical(uint64_t value) {
    uint64_t top = value >> 47;
    return top == 0 || top == UINT64_C(0x1ffff);
}

/* The registers that hold what can be no address: the fault's own is among them. */
const char *qmon__wild_register(struct qmon_event *event) {
    for (size_t i = 0; i < event->register_count; i++) {
        const struct qmon_register *it = &event->registers[i];
        static const char *const others[] = {"eflags", "err", "trapno", "cr2"};
        bool general = true;
        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
            general = general && strcasecmp(it->name, others[k]) != 0;
        if (!general || is_canonical(it->value))
            continue;
        const char *words = qmon__value_words(event, it->value);
        return qmon_event_format(event, "%s holds 0x%" PRIx64 "%s%s", it->name, it->value, words ? ", " : "",
                                 words ? words : "");
    }
    return NULL;
}

static void describe_no_address(struct qmon_event *event, struct qmon__cause *ret_cause) {
    const char *which = qmon__wild_register(event);

    ret_cause->kind = "wild-pointer";
    if (which)
        ret_cause->detail = qmon_event_format(
            event, "The program used a pointer that cannot be an address (it is not canonical): %s.", which);
    else
        ret_cause->detail =
            "The processor refused an instruction without naming an address: a pointer that cannot be an "
            "address, a misaligned vector access, or an instruction that needs privileges.";
}

/* Where a library is missing, that may be where it was. */
static bool describe_jump_to_nothing(struct qmon_event *event, struct qmon__cause *ret_cause) {
    const char *library = event->signal.code == SEGV_MAPERR ? qmon__unloaded_library(event) : NULL;

    if (!library)
        return false;
    ret_cause->kind = "wild-jump";
    ret_cause->detail =
        qmon_event_format(event,
                          "The program jumped to 0x%" PRIx64
                          ", where nothing is mapped. A function pointer, a virtual table or a return address was "
                          "overwritten or never set, or is of a library that was unloaded (dlclose): %s, which the "
                          "program opened or tried to, is not loaded.",
                          event->signal.address, library);
    return true;
}

static void describe_jump(struct qmon_event *event, const struct qmon_crash_facts *facts,
                          struct qmon__cause *ret_cause) {
    uint64_t address = event->signal.address;

    if (address < NULL_REACH) {
        ret_cause->kind = "jump-to-null";
        ret_cause->detail = address == 0 ? "The program called a function through a null pointer."
                                         : qmon_event_format(event,
                                                             "The program called a function at 0x%" PRIx64
                                                             ": a table of functions that a null pointer led to.",
                                                             address);
        return;
    }
    if (facts->address_words) {
        ret_cause->kind = "wild-jump";
        ret_cause->detail = qmon_event_format(event,
                                              "The program jumped to 0x%" PRIx64
                                              ", where there is data and no code: %s. A function pointer, a virtual "
                                              "table or a return address was overwritten or never set.",
                                              address, facts->address_words);
        return;
    }
    bool on_stack = address >= facts->stack_low && address < facts->stack_high;
    const bool nothing = !on_stack && event->signal.code == SEGV_MAPERR;
    const char *words = qmon__value_words(event, address);
    if (nothing && !words && describe_jump_to_nothing(event, ret_cause))
        return;
    ret_cause->kind = "wild-jump";
    ret_cause->detail = qmon_event_format(event,
                                          "The program jumped to 0x%" PRIx64
                                          ", where there is no code%s%s%s. A function pointer, a virtual table or a "
                                          "return address was overwritten or never set.",
                                          address,
                                          on_stack  ? " but the stack"
                                          : words   ? ""
                                          : nothing ? ", and nothing is mapped"
                                                    : place_words(event, address),
                                          words ? ": these are " : "", words ? words : "");
}

const char *qmon__scarcity_words(struct qmon_event *event) {
    const char *limit = NULL;

    if (!event->context.error_name || strcmp(event->context.error_name, "ENOMEM") != 0)
        return "";
    for (size_t i = 0; i < event->context.limit_count; i++)
        if (strcmp(event->context.limits[i].key, "address space") == 0)
            limit = event->context.limits[i].value;
    return qmon_event_format(event, " The last call of this thread that failed was refused memory (ENOMEM)%s%s.",
                             limit ? "; the address space is limited to " : "", limit ? limit : "");
}

static void describe_null(struct qmon_event *event, const struct qmon_crash_facts *facts,
                          struct qmon__cause *ret_cause) {
    uint64_t address = event->signal.address;
    const char *did = access_words(facts->access);

    ret_cause->kind = "null-dereference";
    if (address == 0)
        ret_cause->detail = qmon_event_format(event, "The program %s address 0: a null pointer was used.", did);
    else if (address == UINT64_MAX)
        ret_cause->detail = qmon_event_format(
            event, "The program %s address -1: a result that says \"failed\" (-1, MAP_FAILED) was used as a pointer.",
            did);
    else if (address > BEFORE_NULL)
        ret_cause->detail = qmon_event_format(event,
                                              "The program %s an address %" PRIu64
                                              " bytes before 0: a null pointer, or -1, was counted back from.",
                                              did, UINT64_C(0) - address);
    else
        ret_cause->detail = qmon_event_format(event,
                                              "The program %s address 0x%" PRIx64 ": a null pointer was used, %" PRIu64
                                              " bytes into what it should point to.",
                                              did, address, address);
    if (address != UINT64_MAX)
        ret_cause->detail = qmon_event_format(event, "%s%s", ret_cause->detail, qmon__scarcity_words(event));
}

static void describe_forbidden(struct qmon_event *event, const struct qmon_crash_facts *facts,
                               struct qmon__cause *ret_cause) {
    uint64_t address = event->signal.address;
    const char *of = target_words(event, facts);

    if (facts->access == WRITE) {
        ret_cause->kind = "write-to-read-only";
        ret_cause->detail =
            qmon_event_format(event, "The program wrote to 0x%" PRIx64 ", which it may only read%s.", address,
                              of[0] ? of : ": a constant (a string literal, say), code, or memory that was protected");
    } else {
        ret_cause->kind = "protected-memory";
        ret_cause->detail = qmon_event_format(event, "The program %s 0x%" PRIx64 ", where this is not permitted%s.",
                                              access_words(facts->access), address, of);
    }
}

static void describe_unmapped(struct qmon_event *event, const struct qmon_crash_facts *facts,
                              struct qmon__cause *ret_cause) {
    uint64_t address = event->signal.address;
    const char *words = qmon__value_words(event, address);
    const char *cut = address >> 32 == UINT64_C(0xffffffff) ? " It looks like a pointer that was cut to 32 bits." : "";

    ret_cause->kind = "wild-pointer";
    ret_cause->detail =
        qmon_event_format(event, "The program %s 0x%" PRIx64 ", where there is no memory%s%s.%s",
                          access_words(facts->access), address, words ? ": these are " : "", words ? words : "", cut);
}

static const struct {
    int number, code;
    const char *kind, *means;
} plain[] = {
    {SIGSEGV, 3, "bounds-check", "A pointer was used outside the bounds that were set for it."},
    {SIGSEGV, 4, "protection-key", "Memory was used that a protection key forbids just now."},
    {SIGSEGV, 5, "adjacent-memory", "Memory beside the permitted one was used."},
    {SIGSEGV, 8, "memory-tag",
     "A pointer's tag is not that of the memory: it was freed, or the pointer ran past its end."},
    {SIGSEGV, 9, "memory-tag",
     "A pointer's tag is not that of the memory: it was freed, or the pointer ran past its end."},
    {SIGSEGV, 10, "shadow-stack", "A return address is not the one that was put on the stack: it was overwritten."},
    {SIGBUS, 1, "misaligned-access", "Memory was used at an address that this instruction cannot be used at."},
    {SIGBUS, 3, "hardware-error", "The device behind the mapped memory reported an error."},
    {SIGBUS, 4, "hardware-error",
     "The memory itself is defective: the machine reported an error that cannot be corrected."},
    {SIGBUS, 5, "hardware-error",
     "The memory itself is defective: the machine found an error that cannot be corrected."},
};

static bool describe_plain(const struct qmon_event *event, struct qmon__cause *ret_cause) {
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (plain[i].number != event->signal.number || plain[i].code != event->signal.code)
            continue;
        ret_cause->kind = plain[i].kind;
        ret_cause->detail = plain[i].means;
        return true;
    }
    return false;
}

static void describe_truncated(struct qmon_event *event, const struct qmon_crash_facts *facts,
                               struct qmon__cause *ret_cause) {
    const struct qmon_module *module = module_at(event, event->signal.address);

    ret_cause->kind = "truncated-mapping";
    ret_cause->detail = qmon_event_format(
        event,
        "The program %s 0x%" PRIx64 ", %s%s%s: the file became shorter while it was mapped, or its disk is full or "
        "failing.",
        access_words(facts->access), event->signal.address, "which is mapped but has nothing behind it",
        module || facts->address_words ? ", in " : "",
        module                 ? module->path
        : facts->address_words ? facts->address_words
                               : "");
}

bool qmon__describe_memory(struct qmon_event *event, const struct qmon_crash_facts *facts,
                           struct qmon__cause *ret_cause) {
    int number = event->signal.number;
    uint64_t address = event->signal.address;

    if (number != SIGSEGV && number != SIGBUS)
        return false;
    if (describe_plain(event, ret_cause))
        return true;
    if (!event->signal.has_address)
        describe_no_address(event, ret_cause);
    else if (number == SIGBUS)
        describe_truncated(event, facts, ret_cause);
    else if (facts->access == EXECUTE || (facts->program_counter == address && !module_at(event, address)))
        describe_jump(event, facts, ret_cause);
    else if (address < NULL_REACH || address > BEFORE_NULL)
        describe_null(event, facts, ret_cause);
    else if (event->signal.code == SEGV_ACCERR)
        describe_forbidden(event, facts, ret_cause);
    else
        describe_unmapped(event, facts, ret_cause);
    return true;
}

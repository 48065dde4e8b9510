#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <qmon/record.h>

#include "machine.h"

#define X86_PAGE_FAULT 14u
#define X86_FAULT_WRITE 0x2u
#define X86_FAULT_FETCH 0x10u

static const char *const x86_names[QMON_X86_COUNT] = {
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp",    "rsp", "r8",     "r9",  "r10",
    "r11", "r12", "r13", "r14", "r15", "rip", "eflags", "err", "trapno", "cr2",
};

static const char *const arm64_names[QMON_ARM64_COUNT] = {
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",     "x10", "x11",
    "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",    "x22", "x23",
    "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc",  "pstate",
};

static bool is_x86(const char *machine) {
    return strcmp(machine, "x86_64") == 0;
}

static bool is_arm64(const char *machine) {
    return strcmp(machine, "aarch64") == 0;
}

const char *qmon__register_name(const char *machine, uint32_t index) {
    if (is_x86(machine))
        return index < QMON_X86_COUNT ? x86_names[index] : NULL;
    if (is_arm64(machine))
        return index < QMON_ARM64_COUNT ? arm64_names[index] : NULL;
    return NULL;
}

static uint64_t pick(const char *machine, const uint64_t *registers, uint32_t count, uint32_t x86, uint32_t arm64) {
    uint32_t index = is_x86(machine) ? x86 : is_arm64(machine) ? arm64 : UINT32_MAX;
    return index < count ? registers[index] : 0;
}

uint64_t qmon__register_stack_pointer(const char *machine, const uint64_t *registers, uint32_t count) {
    return pick(machine, registers, count, QMON_X86_RSP, QMON_ARM64_SP);
}

uint64_t qmon__register_program_counter(const char *machine, const uint64_t *registers, uint32_t count) {
    return pick(machine, registers, count, QMON_X86_RIP, QMON_ARM64_PC);
}

int qmon__fault_access(const char *machine, const uint64_t *registers, uint32_t count) {
    if (!is_x86(machine) || count <= QMON_X86_TRAPNO || registers[QMON_X86_TRAPNO] != X86_PAGE_FAULT)
        return 0;
    uint64_t error = registers[QMON_X86_ERR];
    return error & X86_FAULT_FETCH ? 3 : error & X86_FAULT_WRITE ? 2 : 1;
}

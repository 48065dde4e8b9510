/*
 * registers.h: the order of the registers of a crash in its record, by machine.
 */
#ifndef QMON_REGISTERS_H
#define QMON_REGISTERS_H

enum qmon_register_x86_64 {
    QMON_X86_RAX,
    QMON_X86_RBX,
    QMON_X86_RCX,
    QMON_X86_RDX,
    QMON_X86_RSI,
    QMON_X86_RDI,
    QMON_X86_RBP,
    QMON_X86_RSP,
    QMON_X86_R8,
    QMON_X86_R9,
    QMON_X86_R10,
    QMON_X86_R11,
    QMON_X86_R12,
    QMON_X86_R13,
    QMON_X86_R14,
    QMON_X86_R15,
    QMON_X86_RIP,
    QMON_X86_EFLAGS,
    QMON_X86_ERR,
    QMON_X86_TRAPNO,
    QMON_X86_CR2,
    QMON_X86_COUNT
};
/* aarch64: x0..x30 at 0..30, sp 31, pc 32, pstate 33 */
#define QMON_ARM64_SP 31
#define QMON_ARM64_PC 32
#define QMON_ARM64_COUNT 34

#endif

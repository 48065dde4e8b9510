#include "machine.h"

#include <asm/prctl.h>
#include <errno.h>

#include <string.h>

#include "guard.h"

#include "sys.h"

#define RED_ZONE_BYTES 128u
#define KERNEL_CONTEXT_BYTES 304u /* the kernel's struct ucontext: libc's is longer */
#define LEGACY_STATE_BYTES 512u
#define FRAME_BYTES (sizeof(void *) + KERNEL_CONTEXT_BYTES + sizeof(siginfo_t))
/* arch/x86/include/uapi/asm/sigcontext.h: struct _fpx_sw_bytes at the end of the legacy state */
#define SW_RESERVED_OFFSET 464u
#define STATE_BYTES_LIMIT (64u * 1024u)

uintptr_t qmon__stack_pointer(const ucontext_t *context) {
    return (uintptr_t) context->uc_mcontext.gregs[REG_RSP];
}

uintptr_t qmon__program_counter(const ucontext_t *context) {
    return (uintptr_t) context->uc_mcontext.gregs[REG_RIP];
}

long qmon__result_of_call(const ucontext_t *context) {
    return (long) context->uc_mcontext.gregs[REG_RAX];
}

void qmon__repeat_call(ucontext_t *context) {
    context->uc_mcontext.gregs[REG_RIP] -= 2; /* syscall, or int $0x80; rax is the number again */
}

void qmon__return_from_call(ucontext_t *context) {
    greg_t *registers = context->uc_mcontext.gregs;
    registers[REG_RIP] = *(const greg_t *) registers[REG_RSP];
    registers[REG_RSP] += 8;
}

void qmon__move_context(ucontext_t *context, uintptr_t pc, uintptr_t sp, uintptr_t fp) {
    context->uc_mcontext.gregs[REG_RIP] = (greg_t) pc;
    context->uc_mcontext.gregs[REG_RSP] = (greg_t) sp;
    context->uc_mcontext.gregs[REG_RBP] = (greg_t) fp;
}

uint32_t qmon__keep_registers(const ucontext_t *context, uint64_t ret_registers[QMON_CRASH_REGISTERS]) {
    static const uint8_t order[QMON_X86_COUNT] = {
        [QMON_X86_RAX] = REG_RAX, [QMON_X86_RBX] = REG_RBX,    [QMON_X86_RCX] = REG_RCX, [QMON_X86_RDX] = REG_RDX,
        [QMON_X86_RSI] = REG_RSI, [QMON_X86_RDI] = REG_RDI,    [QMON_X86_RBP] = REG_RBP, [QMON_X86_RSP] = REG_RSP,
        [QMON_X86_R8] = REG_R8,   [QMON_X86_R9] = REG_R9,      [QMON_X86_R10] = REG_R10, [QMON_X86_R11] = REG_R11,
        [QMON_X86_R12] = REG_R12, [QMON_X86_R13] = REG_R13,    [QMON_X86_R14] = REG_R14, [QMON_X86_R15] = REG_R15,
        [QMON_X86_RIP] = REG_RIP, [QMON_X86_EFLAGS] = REG_EFL, [QMON_X86_ERR] = REG_ERR, [QMON_X86_TRAPNO] = REG_TRAPNO,
        [QMON_X86_CR2] = REG_CR2,
    };
    for (uint32_t i = 0; i < QMON_X86_COUNT; i++)
        ret_registers[i] = (uint64_t) context->uc_mcontext.gregs[order[i]];
    return QMON_X86_COUNT;
}

/* How long the extended state is that the kernel saved; its own words for it stand in the legacy part. */
static size_t state_bytes(const char *state) {
    uint32_t magic, extended;
    memcpy(&magic, state + SW_RESERVED_OFFSET, sizeof magic);
    memcpy(&extended, state + SW_RESERVED_OFFSET + sizeof magic, sizeof extended);
    if (magic != FP_XSTATE_MAGIC1 || extended < LEGACY_STATE_BYTES || extended > STATE_BYTES_LIMIT)
        return LEGACY_STATE_BYTES;
    return extended;
}

uintptr_t qmon__frame_moved(uintptr_t frame, const ucontext_t *context, uintptr_t top, uintptr_t low) {
    const char *state = (const char *) context->uc_mcontext.fpregs;
    const size_t bytes = state != NULL ? state_bytes(state) : 0;
    uintptr_t new_state = 0;
    if (top == 0)
        top = qmon__stack_pointer(context) - RED_ZONE_BYTES;
    if (state != NULL)
        top = new_state = (top - bytes) & ~(uintptr_t) 63;
    const uintptr_t new_frame = ((top - FRAME_BYTES) & ~(uintptr_t) 15) - 8;
    if (new_frame < low || (bytes != 0 && !qmon__copy_guarded((void *) new_state, state, bytes)) ||
        !qmon__copy_guarded((void *) new_frame, (const void *) frame, FRAME_BYTES))
        return 0;
    ucontext_t *moved = (ucontext_t *) (new_frame + ((uintptr_t) context - frame));
    moved->uc_mcontext.fpregs = (fpregset_t) new_state;
    return new_frame;
}

bool qmon__has_thread_pointer(void) {
    uintptr_t at = 0;
    if (qmon__sys_2(SYS_arch_prctl, ARCH_GET_FS, &at) != 0)
        return true;
    return at != 0 && qmon__sigprocmask(~0, (const void *) at, NULL) != -EFAULT;
}

#include "machine.h"

#include <errno.h>

#include <string.h>

#include "guard.h"

#include "sys.h"

#define FRAME_BYTES_LIMIT (64u * 1024u)

uintptr_t qmon__stack_pointer(const ucontext_t *context) {
    return context->uc_mcontext.sp;
}

uintptr_t qmon__program_counter(const ucontext_t *context) {
    return context->uc_mcontext.pc;
}

long qmon__result_of_call(const ucontext_t *context) {
    return (long) context->uc_mcontext.regs[0];
}

void qmon__repeat_call(ucontext_t *context) {
    context->uc_mcontext.pc -= 4; /* svc; its registers are as they were */
}

void qmon__return_from_call(ucontext_t *context) {
    context->uc_mcontext.pc = context->uc_mcontext.regs[30];
}

void qmon__move_context(ucontext_t *context, uintptr_t pc, uintptr_t sp, uintptr_t fp) {
    context->uc_mcontext.pc = pc;
    context->uc_mcontext.sp = sp;
    context->uc_mcontext.regs[29] = fp;
}

uint32_t qmon__keep_registers(const ucontext_t *context, uint64_t ret_registers[QMON_CRASH_REGISTERS]) {
    for (unsigned i = 0; i < 31; i++)
        ret_registers[i] = context->uc_mcontext.regs[i];
    ret_registers[QMON_ARM64_SP] = context->uc_mcontext.sp;
    ret_registers[QMON_ARM64_PC] = context->uc_mcontext.pc;
    ret_registers[QMON_ARM64_COUNT - 1] = context->uc_mcontext.pstate;
    return QMON_ARM64_COUNT;
}

/* The records of the frame are a list that a zero magic ends; one of them may point to an extension behind the frame proper.
 * Returns where the whole ends, 0 when it makes no sense. */
static uintptr_t end_of_frame(const ucontext_t *context, uint64_t **ret_extra) {
    uintptr_t at = (uintptr_t) context->uc_mcontext.__reserved;
    const uintptr_t limit = at + sizeof context->uc_mcontext.__reserved;
    uintptr_t end = limit;
    while (at + 8 <= limit) {
        uint32_t head[2];
        memcpy(head, (const void *) at, sizeof head);
        if (head[0] == 0)
            return (end + 31) & ~(uintptr_t) 15; /* and the frame record */
        if (head[1] < 8 || head[1] > limit - at)
            return 0;
        if (head[0] == EXTRA_MAGIC) {
            uint64_t extra[2];
            memcpy(extra, (const void *) (at + 8), sizeof extra);
            *ret_extra = (uint64_t *) (at + 8);
            end = (uintptr_t) extra[0] + (uint32_t) extra[1];
        }
        at += head[1];
    }
    return 0;
}

uintptr_t qmon__frame_moved(uintptr_t frame, const ucontext_t *context, uintptr_t top, uintptr_t low) {
    uint64_t *extra = NULL;
    const uintptr_t end = end_of_frame(context, &extra);
    if (end <= frame || end - frame > FRAME_BYTES_LIMIT)
        return 0;
    if (top == 0)
        top = qmon__stack_pointer(context);
    const uintptr_t new_frame = (top - (end - frame)) & ~(uintptr_t) 15;
    if (new_frame < low || !qmon__copy_guarded((void *) new_frame, (const void *) frame, end - frame))
        return 0;
    if (extra != NULL)
        *(uint64_t *) ((uintptr_t) extra + (new_frame - frame)) += new_frame - frame;
    return new_frame;
}

bool qmon__has_thread_pointer(void) {
    uintptr_t at = 0;
    __asm__("mrs %0, tpidr_el0" : "=r"(at));
    return at != 0 && qmon__sigprocmask(~0, (const void *) at, NULL) != -EFAULT;
}

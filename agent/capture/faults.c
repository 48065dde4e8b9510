#include "faults.h"

#include <string.h>

#include "guard.h"
#include "machine.h"
#include "unwind.h"
#include "valgrind.h"

/* How far below the interrupted stack pointer the return address of a call is that a handler put there: past the bytes that the
 * interrupted function may use without telling (128 on x86-64), and with room for a copy of the context in between. */
#define CALL_NEAREST_BYTES 128u
#define CALL_FARTHEST_BYTES 8192u

static bool same_fault(const struct qmon__fault *fault) {
    return memcmp(fault->info, &fault->info_copy, sizeof fault->info_copy) == 0 &&
           memcmp(fault->context->uc_mcontext.QMON__GENERAL_REGISTERS, fault->registers_copy,
                  sizeof fault->registers_copy) == 0;
}

struct comparison {
    const struct qmon__fault *fault;
    bool same;
};

static void compare_now(void *argument) {
    struct comparison *comparison = argument;
    comparison->same = same_fault(comparison->fault);
}

/* What is looked at here may be below the stack pointer by now, which memcheck would call an error of the program's. */
static bool is_intact(const struct qmon__fault *fault) {
    struct comparison comparison = {.fault = fault};
    qmon__silence_valgrind();
    const bool finished = qmon__guarded(compare_now, &comparison, 0);
    qmon__unsilence_valgrind();
    return finished && comparison.same;
}

static bool is_passed(const struct qmon__fault *fault) {
    qmon__silence_valgrind();
    const bool passed = qmon__unwind_passes(fault->frame);
    qmon__unsilence_valgrind();
    return passed;
}

bool qmon__in_fault_handler(struct qmon__fault *ret_fault) {
    const struct qmon__thread *thread = &qmon__thread;
    for (unsigned i = 0; i < thread->fault_count; i++)
        if (is_intact(&thread->faults[i]) && is_passed(&thread->faults[i])) {
            *ret_fault = thread->faults[i];
            return true;
        }
    return false;
}

/* The fault's registers as they came, in a context that has nothing else. */
static void rebuild(const struct qmon__fault *fault, ucontext_t *ret_context) {
    memset(ret_context, 0, sizeof *ret_context);
    memcpy(ret_context->uc_mcontext.QMON__GENERAL_REGISTERS, fault->registers_copy, sizeof fault->registers_copy);
}

static bool leads_here(const ucontext_t *context) {
    const uintptr_t sp = qmon__stack_pointer(context);
    if (sp < CALL_FARTHEST_BYTES)
        return false;
    qmon__silence_valgrind();
    const bool called =
        qmon__unwind_returns_to(qmon__program_counter(context), sp - CALL_FARTHEST_BYTES, sp - CALL_NEAREST_BYTES);
    qmon__unsilence_valgrind();
    return called;
}

bool qmon__in_call_from_fault(struct qmon__fault *ret_fault, ucontext_t *ret_context) {
    const struct qmon__thread *thread = &qmon__thread;
    for (unsigned i = 0; i < thread->fault_count; i++) {
        rebuild(&thread->faults[i], ret_context);
        if (!leads_here(ret_context))
            continue;
        *ret_fault = thread->faults[i];
        ret_fault->context = ret_context;
        return true;
    }
    return false;
}

/* Faults are kept like the frames they lie in: one whose frame is not above the new one's is over, and so is one whose frame has
 * been overwritten. */
void qmon__fault_note(int signal, const siginfo_t *info, const ucontext_t *context, uintptr_t frame) {
    struct qmon__thread *thread = &qmon__thread;
    while (thread->fault_count > 0) {
        const struct qmon__fault *last = &thread->faults[thread->fault_count - 1];
        if (last->frame > frame && thread->fault_count < QMON__FAULTS && is_intact(last))
            break;
        thread->fault_count--;
    }
    struct qmon__fault *fault = &thread->faults[thread->fault_count++];
    fault->signal = signal;
    fault->frame = frame;
    fault->info = info;
    fault->context = context;
    fault->info_copy = *info;
    memcpy(fault->registers_copy, context->uc_mcontext.QMON__GENERAL_REGISTERS, sizeof fault->registers_copy);
}

static bool is_raised(const siginfo_t *info) {
    return (info->si_code == SI_TKILL || info->si_code == SI_USER) && info->si_pid == qmon__getpid();
}

bool qmon__resumes_fault(int signal, const siginfo_t *info, const ucontext_t *context, struct qmon__fault *ret_fault) {
    const struct qmon__thread *thread = &qmon__thread;
    if (thread->fault_count == 0 || info->si_code > 0)
        return false;
    const struct qmon__fault *last = &thread->faults[thread->fault_count - 1];
    if (last->signal != signal || (last->info_copy.si_code <= 0 && !is_raised(info)) ||
        memcmp(last->registers_copy, context->uc_mcontext.QMON__GENERAL_REGISTERS, sizeof last->registers_copy) != 0)
        return false;
    *ret_fault = *last;
    ret_fault->context = context;
    return true;
}

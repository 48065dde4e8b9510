#include "filters.h"
#include "hot.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "guard.h"
#include "sys.h"

#define FILTERS 64u
#define STEPS 16384u /* of all together; the kernel takes up to 4096 in one, and 32768 in all */

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

_Atomic unsigned qmon__filter_count QMON__HOT;

static struct {
    const struct sock_filter *steps; /* NULL: the strict mode */
    unsigned count;
    _Atomic bool complete;
} filters[FILTERS];
static struct sock_filter all_steps[STEPS];
static _Atomic unsigned steps_used;
static long (*_Atomic libc_s_call)(long number, ...);

/* Without a lock: a child that is forked meanwhile would find it taken for ever, and a child is where filters are installed. One that is
 * not complete is not installed yet. */
static void add(const struct sock_filter *steps, unsigned count) {
    const unsigned from = atomic_fetch_add_explicit(&steps_used, count, memory_order_relaxed);
    if (from > STEPS || count > STEPS - from)
        return;
    const unsigned at = atomic_fetch_add_explicit(&qmon__filter_count, 1, memory_order_relaxed);
    if (at >= FILTERS)
        return;
    if (count != 0)
        memcpy(all_steps + from, steps, count * sizeof *steps);
    filters[at].steps = count != 0 ? all_steps + from : NULL;
    filters[at].count = count;
    atomic_store_explicit(&filters[at].complete, true, memory_order_release);
}

void qmon__filters_add(const struct sock_fprog *program) {
    if (program->len != 0)
        add(program->filter, program->len);
}

void qmon__filters_add_strict(void) {
    add(NULL, 0);
}

/* One of the filters, which forbids nothing, so that whoever makes a call looks here. */
void qmon__filters_call_by(long (*call)(long number, ...)) {
    if (atomic_exchange_explicit(&libc_s_call, call, memory_order_relaxed) == NULL)
        atomic_fetch_add_explicit(&qmon__filter_count, 1, memory_order_relaxed);
}

/* What a filter computes with. The kernel has checked the program, or is about to: it only jumps forward, ends with a return, and
 * reads and writes nothing but this and the call's data. */
struct machine {
    uint32_t a, x, memory[BPF_MEMWORDS];
    const struct seccomp_data *data;
};

static uint32_t load(const struct machine *machine, const struct sock_filter *step) {
    switch (BPF_MODE(step->code)) {
    case BPF_IMM:
        return step->k;
    case BPF_MEM:
        return machine->memory[step->k % BPF_MEMWORDS];
    case BPF_LEN:
        return sizeof *machine->data;
    default: { /* BPF_ABS */
        uint32_t word = 0;
        if (step->k <= sizeof *machine->data - sizeof word)
            memcpy(&word, (const char *) machine->data + step->k, sizeof word);
        return word;
    }
    }
}

static uint32_t compute(uint32_t a, uint32_t b, unsigned operation) {
    switch (operation) {
    case BPF_ADD:
        return a + b;
    case BPF_SUB:
        return a - b;
    case BPF_MUL:
        return a * b;
    case BPF_DIV:
        return b != 0 ? a / b : 0;
    case BPF_AND:
        return a & b;
    case BPF_OR:
        return a | b;
    case BPF_XOR:
        return a ^ b;
    case BPF_LSH:
        return b < 32 ? a << b : 0;
    case BPF_RSH:
        return b < 32 ? a >> b : 0;
    default: /* BPF_NEG */
        return -a;
    }
}

static bool holds(uint32_t a, uint32_t b, unsigned operation) {
    switch (operation) {
    case BPF_JEQ:
        return a == b;
    case BPF_JGT:
        return a > b;
    case BPF_JGE:
        return a >= b;
    default: /* BPF_JSET */
        return (a & b) != 0;
    }
}

/* What the filter returns for a call; SECCOMP_RET_ALLOW where it is none that the kernel would have taken. */
static uint32_t run(const struct sock_filter *steps, unsigned count, const struct seccomp_data *data) {
    struct machine machine = {.data = data};
    for (unsigned at = 0; at < count; at++) {
        const struct sock_filter *step = &steps[at];
        const uint32_t operand = BPF_SRC(step->code) == BPF_X ? machine.x : step->k;
        switch (BPF_CLASS(step->code)) {
        case BPF_LD:
            machine.a = load(&machine, step);
            break;
        case BPF_LDX:
            machine.x = load(&machine, step);
            break;
        case BPF_ST:
            machine.memory[step->k % BPF_MEMWORDS] = machine.a;
            break;
        case BPF_STX:
            machine.memory[step->k % BPF_MEMWORDS] = machine.x;
            break;
        case BPF_ALU:
            machine.a = compute(machine.a, operand, BPF_OP(step->code));
            break;
        case BPF_JMP:
            if (BPF_OP(step->code) == BPF_JA)
                at += step->k < count ? step->k : count;
            else
                at += holds(machine.a, operand, BPF_OP(step->code)) ? step->jt : step->jf;
            break;
        case BPF_RET:
            return BPF_RVAL(step->code) == BPF_A ? machine.a : step->k;
        default: /* BPF_MISC */
            if (BPF_MISCOP(step->code) == BPF_TAX)
                machine.x = machine.a;
            else
                machine.a = machine.x;
            break;
        }
    }
    return SECCOMP_RET_ALLOW;
}

struct question {
    const struct sock_fprog *program;
    struct seccomp_data data;
    uint32_t action;
};

static void ask(void *argument) {
    struct question *question = argument;
    question->action = run(question->program->filter, question->program->len, &question->data);
}

static void describe(struct seccomp_data *ret_data, long number, const long arguments[static 6]) {
    *ret_data = (struct seccomp_data){.nr = (int) number, .arch = OWN_ARCHITECTURE};
    for (unsigned i = 0; i < 6; i++)
        ret_data->args[i] = (uint64_t) arguments[i];
}

bool qmon__filter_keeps_dispositions(const struct sock_fprog *program) {
    static const long abort_to_default[6] = {SIGABRT, 1, 0, 8};
    struct question question = {.program = program, .action = SECCOMP_RET_ALLOW};
    describe(&question.data, SYS_rt_sigaction, abort_to_default);
    if (!qmon__guarded(ask, &question, 0))
        return false;
    const uint32_t action = question.action & SECCOMP_RET_ACTION_FULL;
    return action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG;
}

static bool is_in_strict_mode(long number) {
    return number == SYS_read || number == SYS_write || number == SYS_exit || number == SYS_rt_sigreturn;
}

__attribute__((cold, noinline)) bool qmon__filters_forbid(long number, const long arguments[static 6]) {
    const unsigned count = atomic_load_explicit(&qmon__filter_count, memory_order_acquire);
    struct seccomp_data data;
    describe(&data, number, arguments);
    data.instruction_pointer = (uint64_t) (uintptr_t) __builtin_return_address(0);
    for (unsigned i = 0; i < count && i < FILTERS; i++) {
        if (!atomic_load_explicit(&filters[i].complete, memory_order_acquire))
            continue;
        if (filters[i].steps == NULL) {
            if (!is_in_strict_mode(number))
                return true;
            continue;
        }
        const uint32_t action = run(filters[i].steps, filters[i].count, &data) & SECCOMP_RET_ACTION_FULL;
        if (action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD || action == SECCOMP_RET_TRAP)
            return true;
    }
    return false;
}

__attribute__((cold, noinline)) long qmon__sys6_dispatched(long number, long a, long b, long c, long d, long e,
                                                           long f) {
    long (*const call)(long, ...) = atomic_load_explicit(&libc_s_call, memory_order_relaxed);
    if (call == NULL)
        return qmon__sys6_raw(number, a, b, c, d, e, f);
    const int error_number = errno;
    const long result = call(number, a, b, c, d, e, f);
    const long error = errno;
    errno = error_number;
    return result == -1 ? -error : result;
}

__attribute__((cold, noinline)) long qmon__sys6_filtered(long number, long a, long b, long c, long d, long e, long f) {
    const long arguments[6] = {a, b, c, d, e, f};
    return qmon__filters_forbid(number, arguments) ? -EPERM : qmon__sys6_dispatched(number, a, b, c, d, e, f);
}

#include "alternate_stack.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "agent.h"
#include "machine.h"
#include "thread.h"
#include "valgrind.h"

/* The unwinder's and our own need, measured with the deepest path (20 KiB), and room for a nested signal frame. */
#define WORK_BYTES (40u * 1024u)
#define MAIN_BYTES (64u * 1024u)

static char main_stack[MAIN_BYTES] __attribute__((aligned(64)));

/* Of the program's stack, while our entry finds out what a signal means, and changes to ours; measured with room. */
#define ENTRY_BYTES (4u * 1024u)

/* Lies at the low end of a stack while it is in the pool. */
struct spare {
    _Atomic uintptr_t next; /* a word as `pool` is */
};

/* Stacks of threads that are gone, for those that come: the address of the newest, and in the bits that no page's address has how often
 * the pool has changed, so that one which was taken out and put back meanwhile is not taken for unchanged. There is no lock: a thread of
 * higher priority would wait for ever for one that it keeps from running. No stack is ever unmapped, so all can be looked at. */
#define LOW_BITS 12u
#define LOW (((uintptr_t) 1 << LOW_BITS) - 1)
#define HIGH_SHIFT 48u
static _Atomic uintptr_t pool QMON__HOT;

static struct spare *spare_of(uintptr_t word) {
    return (struct spare *) (word & ~LOW & (((uintptr_t) 1 << HIGH_SHIFT) - 1));
}

/* The next word after `before`, with this stack. */
static uintptr_t word_of(const struct spare *spare, uintptr_t before) {
    const uintptr_t changes = ((before & LOW) | before >> HIGH_SHIFT << LOW_BITS) + 1;
    return (uintptr_t) spare | (changes & LOW) | changes >> LOW_BITS << HIGH_SHIFT;
}

/* What the kernel pushes: more with AVX-512 and AMX. */
static size_t frame_bytes(void) {
    const unsigned long frame = getauxval(AT_MINSIGSTKSZ);
    return frame != 0 ? frame : 4096;
}

static size_t stack_bytes(void) {
    size_t bytes = WORK_BYTES + 2 * frame_bytes();
    return (bytes + 4095) & ~(size_t) 4095;
}

static struct spare *take_spare(void) {
    uintptr_t word = atomic_load_explicit(&pool, memory_order_acquire), after;
    do {
        struct spare *const spare = spare_of(word);
        if (spare == NULL)
            return NULL;
        after = word_of(spare_of(atomic_load_explicit(&spare->next, memory_order_relaxed)), word);
    } while (!atomic_compare_exchange_weak_explicit(&pool, &word, after, memory_order_acquire, memory_order_acquire));
    return spare_of(word);
}

void *qmon__alternate_stack_take(void) {
    void *const stack = take_spare();
    if (stack != NULL)
        return stack;
    const size_t bytes = stack_bytes(), guard = qmon__agent.page_bytes;
    long address = qmon__sys_6(SYS_mmap, 0, bytes + guard, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (address < 0 && address > -4096)
        return NULL;
    qmon__sys_3(SYS_mprotect, address, guard, PROT_NONE);
    qmon__tell_valgrind_of_stack((char *) address + guard, bytes);
    return (char *) address + guard;
}

void qmon__alternate_stack_give(void *stack) {
    struct spare *const spare = stack;
    uintptr_t word = atomic_load_explicit(&pool, memory_order_relaxed);
    do
        atomic_store_explicit(&spare->next, word, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool, &word, word_of(spare, word), memory_order_release,
                                                  memory_order_relaxed));
}

static void set(void *stack, size_t bytes) {
    const stack_t request = {.ss_sp = stack, .ss_size = bytes};
    qmon__sys_2(SYS_sigaltstack, &request, NULL);
}

void qmon__alternate_stack_use(void *stack) {
    qmon__thread.alternate_stack = stack;
    set(stack, stack_bytes());
}

void qmon__alternate_stack_leave(void *stack) {
    stack_t now;
    if (qmon__sys_2(SYS_sigaltstack, NULL, &now) == 0 && now.ss_sp == stack) {
        const stack_t none = {.ss_flags = SS_DISABLE};
        if (qmon__sys_2(SYS_sigaltstack, &none, NULL) != 0)
            return; /* it runs on it: never to be used again */
    }
    qmon__thread.alternate_stack = NULL;
    qmon__alternate_stack_give(stack);
}

void qmon__alternate_stack_of_main(void) {
    stack_t now;
    if (qmon__sys_2(SYS_sigaltstack, NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0)
        return;
    qmon__thread.alternate_stack = main_stack;
    qmon__tell_valgrind_of_stack(main_stack, sizeof main_stack);
    set(main_stack, sizeof main_stack);
}

static size_t own_bytes(void) {
    return qmon__thread.alternate_stack == main_stack ? sizeof main_stack : stack_bytes();
}

/* In the program's name. */
static long ask_kernel(const stack_t *wanted, stack_t *ret_old) {
    return qmon__sys6_program(SYS_sigaltstack, (long) wanted, (long) ret_old, 0, 0, 0, 0);
}

static bool holds(const stack_t *stack, uintptr_t address) {
    return address >= (uintptr_t) stack->ss_sp && address - (uintptr_t) stack->ss_sp < stack->ss_size;
}

/* Ours in the kernel's place for it. That it stands in for another is told by its size there: what a handler changes is undone when it
 * returns, by the kernel. */
#define STANDING_IN_BYTES 64u

static long put_own(bool stands_in) {
    const stack_t own = {.ss_sp = qmon__thread.alternate_stack,
                         .ss_size = own_bytes() - (stands_in ? STANDING_IN_BYTES : 0)};
    return ask_kernel(&own, NULL);
}

static bool stands_in(const stack_t *in_kernel) {
    return qmon__thread.alternate_stack != NULL && in_kernel->ss_sp == qmon__thread.alternate_stack &&
           in_kernel->ss_size == own_bytes() - STANDING_IN_BYTES;
}

/* What our entry does not fit on. One that disarms itself does so in the kernel; valgrind's frames cannot be moved. */
static bool is_small(const stack_t *stack) {
    return (stack->ss_flags & ~SS_ONSTACK) == 0 && stack->ss_size < frame_bytes() + ENTRY_BYTES && !qmon__on_valgrind();
}

static int set_virtual(const stack_t *asked) {
    const bool disable = (asked->ss_flags & ~(int) (1u << 31)) == SS_DISABLE; /* bit 31 is SS_AUTODISARM */
    const bool has_own = qmon__thread.alternate_stack != NULL;
    if (disable && has_own) {
        return (int) put_own(false);
    }
    const long error = ask_kernel(asked, NULL); /* it knows what it accepts */
    if (error == 0 && has_own && is_small(asked)) {
        qmon__thread.small_stack = (stack_t){.ss_sp = asked->ss_sp, .ss_size = asked->ss_size};
        put_own(true);
    }
    return (int) error;
}

int qmon__alternate_stack_virtual(const stack_t *wanted, stack_t *ret_old) {
    stack_t now, asked;
    const void *own = qmon__thread.alternate_stack;
    if (wanted != NULL)
        asked = *wanted; /* may be the same object as ret_old */
    long error = ask_kernel(NULL, &now);
    if (error != 0)
        return (int) error;
    const bool is_small_set = stands_in(&now);
    const bool is_in_use = is_small_set && holds(&qmon__thread.small_stack, (uintptr_t) __builtin_frame_address(0));
    if (is_small_set)
        now = qmon__thread.small_stack;
    else if (own != NULL && now.ss_sp == own)
        now = (stack_t){.ss_flags = SS_DISABLE};
    if (is_in_use)
        now.ss_flags = SS_ONSTACK;
    if (wanted != NULL) {
        error = is_in_use ? -EPERM : set_virtual(&asked);
        if (error != 0)
            return (int) error;
    }
    if (ret_old != NULL)
        *ret_old = now;
    return 0;
}

uintptr_t qmon__frame_for_program(uintptr_t frame, const ucontext_t *context, bool on_stack) {
    const stack_t *small = &qmon__thread.small_stack;
    const bool is_in_use = holds(small, qmon__stack_pointer(context));
    if (!stands_in(&context->uc_stack) || !qmon__alternate_stack_holds((const void *) frame) ||
        (!on_stack && !is_in_use))
        return qmon__frame_moved(frame, context, 0, 0);
    const uintptr_t low = (uintptr_t) small->ss_sp;
    return qmon__frame_moved(frame, context, is_in_use ? 0 : low + small->ss_size, low);
}

bool qmon__alternate_stack_holds(const void *address) {
    const uintptr_t low = (uintptr_t) qmon__thread.alternate_stack, at = (uintptr_t) address;
    return low != 0 && at >= low && at - low < own_bytes();
}

struct visit {
    void (*function)(void *argument);
    void *argument;
    stack_t before;
    qmon__sigset mask;
    bool changes, changed;
};

static void visit_own_stack(void *argument) {
    struct visit *visit = argument;
    const stack_t own = {.ss_sp = qmon__thread.alternate_stack, .ss_size = own_bytes()};
    if (visit->changes) {
        visit->changed = qmon__sys_2(SYS_sigaltstack, &own, NULL) == 0;
        qmon__sigprocmask(SIG_SETMASK, &visit->mask, NULL);
    }
    visit->function(visit->argument);
}

/* While the stack pointer is on the one and the kernel has been told of the other, no signal may come: its frame would be put over
 * what the other has. */
void qmon__on_own_stack(void (*function)(void *argument), void *argument) {
    struct visit visit = {.function = function, .argument = argument};
    const qmon__sigset all = ~(qmon__sigset) 0;
    void *own = qmon__thread.alternate_stack;
    if (own == NULL || qmon__alternate_stack_holds(__builtin_frame_address(0)) ||
        qmon__sys_2(SYS_sigaltstack, NULL, &visit.before) != 0) {
        function(argument);
        return;
    }
    visit.changes = visit.before.ss_sp != own;
    if (visit.changes)
        qmon__sigprocmask(SIG_BLOCK, &all, &visit.mask);
    qmon__call_on_stack(visit_own_stack, &visit, (char *) own + own_bytes());
    if (visit.changed) {
        visit.before.ss_flags &= ~SS_ONSTACK;
        qmon__sys_2(SYS_sigaltstack, &visit.before, NULL);
    }
}

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

/* Lies at the low end of a stack while it is in the pool. */
struct spare {
    struct spare *next;
};

static atomic_flag pool_lock QMON__HOT = ATOMIC_FLAG_INIT;
static struct spare *pool QMON__HOT;

static size_t stack_bytes(void) {
    unsigned long frame = getauxval(AT_MINSIGSTKSZ); /* what the kernel pushes: more with AVX-512 and AMX */
    size_t bytes = WORK_BYTES + 2 * (frame != 0 ? frame : 4096);
    return (bytes + 4095) & ~(size_t) 4095;
}

static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&pool_lock, memory_order_acquire))
        qmon__sys(SYS_sched_yield);
}

static void unlock(void) {
    atomic_flag_clear_explicit(&pool_lock, memory_order_release);
}

void *qmon__alternate_stack_take(void) {
    lock();
    struct spare *stack = pool;
    if (stack != NULL)
        pool = stack->next;
    unlock();
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
    struct spare *spare = stack;
    lock();
    spare->next = pool;
    pool = spare;
    unlock();
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

void qmon__alternate_stack_forked(void) {
    unlock();
}

static size_t own_bytes(void) {
    return qmon__thread.alternate_stack == main_stack ? sizeof main_stack : stack_bytes();
}

/* In the program's name. */
static long ask_kernel(const stack_t *wanted, stack_t *ret_old) {
    return qmon__sys6_raw(SYS_sigaltstack, (long) wanted, (long) ret_old, 0, 0, 0, 0);
}

int qmon__alternate_stack_virtual(const stack_t *wanted, stack_t *ret_old) {
    stack_t now, asked;
    void *own = qmon__thread.alternate_stack;
    if (wanted != NULL)
        asked = *wanted; /* may be the same object as ret_old */
    long error = ask_kernel(NULL, &now);
    if (error != 0)
        return (int) error;
    const bool is_own = own != NULL && now.ss_sp == own;
    if (wanted != NULL) {
        const bool disable = (asked.ss_flags & ~(int) (1u << 31)) == SS_DISABLE; /* bit 31 is SS_AUTODISARM */
        if (disable && own != NULL) {
            const stack_t back = {.ss_sp = own, .ss_size = own_bytes()};
            error = is_own ? 0 : ask_kernel(&back, NULL);
        } else {
            error = ask_kernel(&asked, NULL);
        }
        if (error != 0)
            return (int) error;
    }
    if (ret_old != NULL) {
        if (is_own) {
            now.ss_sp = NULL;
            now.ss_size = 0;
            now.ss_flags = SS_DISABLE;
        }
        *ret_old = now;
    }
    return 0;
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

/*
 * THE MEMORY is a table of pairs of words, each for one place: what is known, and that, the place and the age of all knowledge, mixed.
 * A pair is written and read without a lock, word by word: one that is half of another's does not give the place that is
 * asked for, and is taken for nothing. What is overwritten by another place is learned again.
 *
 * LEARNING. libunwind steps out of the place, in a context that we make up: its stack pointer, its frame pointer and all its other
 * registers point to three stretches of memory, each far from the others. From which of them the caller's stack pointer is at
 * a small distance is what it is told by; and where the unwinder has found the other two is where they are. Whatever reads
 * memory to find its caller finds zeros or a pointer to the third stretch, which is nowhere near, and is left to libunwind
 * from then on.
 */
#include "steps.h"

#include <errno.h>
#include <libunwind.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "alternate_stack.h"
#include "guard.h"
#include "machine.h"
#include "signals.h"
#include "sys.h"
#include "thread.h"

#define ROWS 512u             /* a power of two */
#define WAYS 4u               /* a row is a line of the processor's cache */
#define LOWEST_CODE 0x4000u   /* what is below is no return address */
#define FRAME_MOST (1l << 20) /* bytes */
#define FRAME_ODD 7u          /* bits that no stack pointer has */
#define STRETCH (48ul << 20)  /* bytes from the middle of one stretch to that of the next */
#define STRETCHES (3 * STRETCH)
#define READABLE (128ul << 10) /* bytes on either side of a middle; a larger frame is not learned */

/* What is known of a place, in a word: distances in bytes, from the caller's stack pointer but the first, which leads there. */
#define KIND_BITS 2u
#define FROM_FRAME_POINTER (1ul << KIND_BITS)
#define STACK_SHIFT 40u
#define RETURN_SHIFT 22u
#define FRAME_SHIFT 4u
#define DISTANCE_BITS 18u
#define DISTANCE_MOST ((1l << (DISTANCE_BITS - 1)) - 8)
enum kind { UNKNOWN, PASSES, OUTERMOST, OTHER };

#if defined(__x86_64__)
#define FRAME_POINTER UNW_X86_64_RBP
#define RETURN_ADDRESS UNW_X86_64_RIP
#elif defined(__aarch64__)
#define FRAME_POINTER UNW_AARCH64_X29
#define RETURN_ADDRESS UNW_AARCH64_X30
#endif

struct pair {
    _Atomic uint64_t what, mixed;
};

static struct pair known[ROWS][WAYS] __attribute__((aligned(64)));
_Atomic uint64_t qmon__steps_forgotten;

static uint64_t mix(uint64_t pc) {
    return pc ^ qmon__steps_age() << 48;
}

static struct pair *row_of(uint64_t pc) {
    return known[(pc ^ pc >> 9) % ROWS];
}

static uint64_t recall(uint64_t pc) {
    const uint64_t mixed = mix(pc);
    const struct pair *row = row_of(pc);
    for (unsigned way = 0; way < WAYS; way++) {
        const uint64_t what = atomic_load_explicit(&row[way].what, memory_order_relaxed);
        if ((atomic_load_explicit(&row[way].mixed, memory_order_relaxed) ^ what) == mixed)
            return what;
    }
    return UNKNOWN;
}

/* In a full row, each in turn makes room. */
static void remember(uint64_t pc, uint64_t what) {
    static _Atomic unsigned turn;
    struct pair *row = row_of(pc);
    unsigned way = 0;
    while (way < WAYS && atomic_load_explicit(&row[way].what, memory_order_relaxed) != UNKNOWN)
        way++;
    if (way == WAYS)
        way = atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed) % WAYS;
    atomic_store_explicit(&row[way].what, what, memory_order_relaxed);
    atomic_store_explicit(&row[way].mixed, what ^ mix(pc), memory_order_relaxed);
}

void qmon__steps_forget(void) {
    atomic_fetch_add_explicit(&qmon__steps_forgotten, 1, memory_order_relaxed);
}

/* A distance of 18 bits, signed, at `shift`. */
static int64_t distance(uint64_t what, unsigned shift) {
    return (int64_t) (what << (64 - shift - DISTANCE_BITS)) >> (64 - DISTANCE_BITS);
}

struct lesson {
    uint64_t pc, what;
    uintptr_t stretches;
    ucontext_t context;
};

static bool saved_at(unw_cursor_t *cursor, int number, uintptr_t caller, int64_t *ret_distance) {
    unw_save_loc_t location;
    if (unw_get_save_loc(cursor, number, &location) != 0 || location.type != UNW_SLT_MEMORY)
        return false;
    *ret_distance = (int64_t) (location.u.addr - caller);
    return *ret_distance >= -DISTANCE_MOST && *ret_distance <= DISTANCE_MOST && *ret_distance % 8 == 0;
}

/* Still where the context has it: the function has not touched it. */
static bool is_untouched(unw_cursor_t *cursor, const ucontext_t *context) {
    unw_save_loc_t location;
    return unw_get_save_loc(cursor, FRAME_POINTER, &location) == 0 && location.type == UNW_SLT_MEMORY &&
           location.u.addr - (uintptr_t) context < sizeof *context;
}

static bool is_nowhere(unw_cursor_t *cursor, int number) {
    unw_save_loc_t location;
    return unw_get_save_loc(cursor, number, &location) == 0 && location.type == UNW_SLT_NONE;
}

static uint64_t word_of(unw_cursor_t *cursor, const struct lesson *lesson, uintptr_t sp, uintptr_t fp) {
    unw_word_t caller;
    int64_t to_return, to_frame = 0;
    if (unw_get_reg(cursor, UNW_REG_SP, &caller) != 0)
        return OTHER;
    const int64_t from_sp = (int64_t) (caller - sp), from_fp = (int64_t) (caller - fp);
    const bool by_fp = from_fp > -FRAME_MOST && from_fp < FRAME_MOST;
    if (!by_fp && (from_sp < 0 || from_sp >= FRAME_MOST))
        return OTHER;
    if (!is_untouched(cursor, &lesson->context) &&
        (!saved_at(cursor, FRAME_POINTER, caller, &to_frame) || to_frame == 0))
        return OTHER;
    if (!saved_at(cursor, RETURN_ADDRESS, caller, &to_return))
        return OTHER;
#if defined(__x86_64__)
    if (to_return != -8)
        return OTHER;
#endif
    const uint64_t mask = (1ul << DISTANCE_BITS) - 1;
    return (uint64_t) (by_fp ? from_fp : from_sp) << STACK_SHIFT | ((uint64_t) to_return & mask) << RETURN_SHIFT |
           ((uint64_t) to_frame & mask) << FRAME_SHIFT | (by_fp ? FROM_FRAME_POINTER : 0) | PASSES;
}

/* libunwind knows it for x86-64 once it has stepped; for aarch64 before, and would read code at the next place now. */
static bool was_signal_frame(unw_cursor_t *cursor) {
#if defined(__x86_64__)
    return unw_is_signal_frame(cursor) > 0;
#else
    (void) cursor;
    return false;
#endif
}

/* The unwinder guesses where it has no table, and does not say so; it makes up a function of one byte. */
static void learn(void *argument) {
    struct lesson *lesson = argument;
    const uintptr_t sp = lesson->stretches + STRETCH / 2, fp = sp + STRETCH, others = fp + STRETCH;
    unw_proc_info_t function;
    unw_cursor_t cursor;
    _Static_assert(sizeof(unw_context_t) <= sizeof lesson->context,
                   "the unwinder's begins as the kernel's, where it has its own");
    unw_context_t *const context = (unw_context_t *) &lesson->context;
    uint64_t *registers = (uint64_t *) (void *) lesson->context.uc_mcontext.QMON__GENERAL_REGISTERS;
    for (size_t i = 0; i < sizeof lesson->context.uc_mcontext.QMON__GENERAL_REGISTERS / sizeof *registers; i++)
        registers[i] = others;
    qmon__move_context(&lesson->context, lesson->pc, sp, fp);
    if (unw_init_local(&cursor, context) != 0 || unw_get_proc_info(&cursor, &function) != 0 ||
        function.end_ip - function.start_ip <= 1 || unw_is_signal_frame(&cursor) > 0)
        return;
    const int stepped = unw_step(&cursor); /* 0 also where the return address is one of our stretches */
    if (stepped == 0 && (is_nowhere(&cursor, RETURN_ADDRESS) || is_nowhere(&cursor, FRAME_POINTER)))
        lesson->what = OUTERMOST;
    else if (stepped >= 0 && !was_signal_frame(&cursor))
        lesson->what = word_of(&cursor, lesson, sp, fp);
}

struct walk {
    void **frames;
    uintptr_t *slots; /* of the first QMON__TRAIL frames */
    size_t most, count;
    uintptr_t pc, sp, fp;
    enum kind end; /* of the place that it stands at: UNKNOWN is to be learned */
};

/* The stack is read as it is: where the addresses lie that calls put there, and what a compiler's checks know nothing of. */
__attribute__((no_sanitize("address", "undefined"))) static void go_on(void *argument) {
    struct walk *walk = argument;
    uintptr_t pc = walk->pc, sp = walk->sp, fp = walk->fp;
    size_t count = walk->count;
    enum kind kind = OUTERMOST;
    while (count < walk->most) {
        const uint64_t what = recall(pc);
        kind = what & ((1u << KIND_BITS) - 1);
        if (kind != PASSES)
            break;
        const uintptr_t caller =
            ((what & FROM_FRAME_POINTER) != 0 ? fp : sp) + (uintptr_t) ((int64_t) what >> STACK_SHIFT);
        const int64_t to_frame = distance(what, FRAME_SHIFT);
        kind = OTHER;
        if (caller - sp >= (uintptr_t) FRAME_MOST || (caller & FRAME_ODD) != 0)
            break;
#if defined(__x86_64__)
        const uintptr_t slot = caller - 8;
#else
        const uintptr_t slot = caller + (uintptr_t) distance(what, RETURN_SHIFT);
#endif
        pc = *(const uintptr_t *) slot;
        if (to_frame != 0)
            fp = *(const uintptr_t *) (caller + (uintptr_t) to_frame);
        sp = caller;
        kind = OUTERMOST;
        if (pc < LOWEST_CODE)
            break;
        if (count < QMON__TRAIL)
            walk->slots[count] = slot;
        walk->frames[count++] = (void *) pc;
    }
    *walk = (struct walk){walk->frames, walk->slots, walk->most, count, pc, sp, fp, kind};
}

/* Steps that need nothing but what is known, until one is not. */
static enum kind walk_on(struct walk *walk) {
    walk->end = OTHER;
    return qmon__guarded(go_on, walk, 0) ? walk->end : OTHER;
}

static void learn_place(uint64_t pc, uintptr_t stretches) {
    struct lesson lesson = {.pc = pc, .what = OTHER, .stretches = stretches};
    if (!qmon__guarded(learn, &lesson, 0))
        lesson.what = OTHER;
    remember(pc, lesson.what);
}

/* What a function that reads memory to find its caller reads first is near, and is a pointer that can be followed. All that is
 * far from the middles cannot be touched: in a program that has locked its future pages, what can be is there at once. */
static bool lay_pointers(uintptr_t stretches) {
    const uintptr_t page = getauxval(AT_PAGESZ), others = stretches + STRETCH / 2 + 2 * STRETCH;
    for (uintptr_t middle = stretches + STRETCH / 2; middle < stretches + STRETCHES; middle += STRETCH) {
        if (qmon__sys_3(SYS_mprotect, middle - READABLE, 2 * READABLE, PROT_READ) != 0 ||
            qmon__sys_3(SYS_mprotect, middle - page, 2 * page, PROT_READ | PROT_WRITE) != 0)
            return false;
        for (uintptr_t at = middle - page; at < middle + page; at += sizeof at)
            *(uintptr_t *) at = others;
    }
    return true;
}

/* Each place is learned at most once in a walk, so that it ends however many share a place in the table. */
static void learn_on_the_way(void *argument) {
    struct walk *walk = argument;
    enum kind end = UNKNOWN;
    const long stretches =
        qmon__sys_6(SYS_mmap, 0, STRETCHES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    walk->end = OTHER;
    if (stretches < 0 && stretches > -4096)
        return;
    if (!lay_pointers((uintptr_t) stretches))
        end = OTHER;
    for (size_t lessons = 0; end == UNKNOWN && lessons <= walk->most; lessons++) {
        learn_place(walk->pc, (uintptr_t) stretches);
        end = walk_on(walk);
    }
    qmon__sys_2(SYS_munmap, stretches, STRETCHES);
    walk->end = end;
}

/* The unwinder takes some 6 KiB of stack. A thread, or a fiber of the program's own, may have less. */
static enum kind learn_elsewhere(struct walk *walk) {
    const qmon__sigset mask = ~QMON__FAULT_SIGNALS;
    const int error_number = errno; /* the unwinder leaves it changed */
    qmon__sigset before;
    if (qmon__sigprocmask(SIG_SETMASK, &mask, &before) != 0)
        return OTHER;
    qmon__on_own_stack(learn_on_the_way, walk);
    qmon__sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error_number;
    return walk->end;
}

__attribute__((noinline)) size_t qmon__steps_here(void **ret_frames, size_t most, struct qmon__trail *ret_trail) {
    struct walk walk = {.frames = ret_frames, .slots = ret_trail->slots, .most = most};
#if defined(__x86_64__)
    __asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2"
                     : "=&r"(walk.pc), "=&r"(walk.sp), "=&r"(walk.fp));
#elif defined(__aarch64__)
    __asm__ volatile("adr %0, .+4\n\tmov %1, sp\n\tmov %2, x29" : "=&r"(walk.pc), "=&r"(walk.sp), "=&r"(walk.fp));
#endif
    enum kind end = walk_on(&walk);
    if (end == UNKNOWN)
        end = learn_elsewhere(&walk);
    const size_t count = end == OUTERMOST ? walk.count : 0;
    ret_trail->count = count < QMON__TRAIL ? count : QMON__TRAIL;
    return count;
}

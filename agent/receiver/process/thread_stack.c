/*
 * libunwind's ptrace accessors fetch a word at a time with a system call each; here memory comes by whole pages. One address
 * space serves all threads, so that what was found out about a place in the code is found out once.
 *
 * A guessed caller is where libunwind begins anew: the registers that it asks for are then those of the guess.
 */
#include "thread_stack.h"

#include <libunwind-ptrace.h>

#include <qmon/guess.h>

#include "moment.h"
#include "unwind_table.h"

#define TABLE_ANSWERS 1024u
#define GUESSES 64u
#define MODULES 32u

#if defined(__x86_64__)
#define FRAME_POINTER UNW_X86_64_RBP
#elif defined(__aarch64__)
#define FRAME_POINTER UNW_AARCH64_X29
#endif

static struct {
    struct qmon__memory *memory;
    unw_addr_space_t space;
    bool moved; /* registers are those of `place` */
    struct qmon_guess_place place;
    struct {
        uint64_t pc;
        bool has;
    } tables[TABLE_ANSWERS];
    struct qmon__unwind_table modules[MODULES]; /* code_end 0: none yet */
    unsigned next_module;
} stacks;

static int read_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *argument) {
    (void) space;
    (void) argument;
    return write == 0 && qmon__memory_read(stacks.memory, address, value, sizeof *value) ? 0 : -UNW_EINVAL;
}

static int read_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write, void *argument) {
    if (stacks.moved && write == 0) {
        const bool is_pc = number == UNW_REG_IP, is_sp = number == UNW_REG_SP;
        if (is_pc || is_sp || number == FRAME_POINTER) {
            *value = is_pc ? stacks.place.pc : is_sp ? stacks.place.sp : stacks.place.fp;
            return 0;
        }
    }
    return write != 0 ? -UNW_EINVAL : _UPT_access_reg(space, number, value, write, argument);
}

/* What libunwind offers to those that find the table themselves; its header does not say so. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t pc, unw_dyn_info_t *where,
                                              unw_proc_info_t *information, int need_unwind_info, void *argument);

static const struct qmon__unwind_table *table_for(uint64_t pc) {
    for (unsigned i = 0; i < MODULES; i++)
        if (pc - stacks.modules[i].code_start < stacks.modules[i].code_end - stacks.modules[i].code_start)
            return &stacks.modules[i];
    struct qmon__unwind_table *table = &stacks.modules[stacks.next_module++ % MODULES];
    *table = (struct qmon__unwind_table){0};
    return qmon__unwind_table_find(stacks.memory, pc, table) ? table : NULL;
}

/* By the table in memory; where that is missing, libunwind may find one in a file (.debug_frame). */
static int find_proc_info(unw_addr_space_t space, unw_word_t pc, unw_proc_info_t *information, int need_unwind_info,
                          void *argument) {
    const struct qmon__unwind_table *table = table_for(pc);
    if (table != NULL && table->count != 0) {
        unw_dyn_info_t where = {
            .start_ip = table->code_start, .end_ip = table->code_end, .format = UNW_INFO_FORMAT_REMOTE_TABLE};
        where.u.rti.segbase = table->header;
        where.u.rti.table_data = table->entries;
        where.u.rti.table_len = table->count * 8 / sizeof(unw_word_t);
        const int found =
            UNW_OBJ(dwarf_search_unwind_table)(space, pc, &where, information, need_unwind_info, argument);
        if (found == 0)
            return 0;
    }
    return _UPT_find_proc_info(space, pc, information, need_unwind_info, argument);
}

bool qmon__stacks_begin(struct qmon__memory *memory) {
    static unw_accessors_t accessors;
    accessors = _UPT_accessors;
    accessors.access_mem = read_memory;
    accessors.access_reg = read_register;
    accessors.find_proc_info = find_proc_info;
    stacks.memory = memory;
    stacks.space = unw_create_addr_space(&accessors, 0);
    memset(stacks.tables, 0, sizeof stacks.tables);
    memset(stacks.modules, 0, sizeof stacks.modules);
    if (stacks.space != NULL)
        unw_set_caching_policy(stacks.space, UNW_CACHE_GLOBAL);
    return stacks.space != NULL;
}

void qmon__stacks_end(void) {
    if (stacks.space != NULL)
        unw_destroy_addr_space(stacks.space);
    stacks.space = NULL;
}

/* libunwind makes up a function of one byte where there is no table. */
static bool has_table(unw_cursor_t *cursor, uint64_t pc, bool exact) {
    const size_t at = (size_t) ((pc ^ pc >> 12) % TABLE_ANSWERS);
    const uint64_t key = pc << 1 | exact;
    if (stacks.tables[at].pc != key) {
        unw_proc_info_t information;
        stacks.tables[at].has =
            (unw_get_proc_info(cursor, &information) == 0 && information.end_ip - information.start_ip > 1) ||
            unw_is_signal_frame(cursor) > 0;
        stacks.tables[at].pc = key;
    }
    return stacks.tables[at].has;
}

static bool read_for_guess(void *unused, uint64_t address, void *to, uint64_t bytes) {
    (void) unused;
    return qmon__memory_read(stacks.memory, address, to, bytes);
}

static bool is_code_for_guess(void *unused, uint64_t address) {
    (void) unused;
    return qmon__memory_is_code(stacks.memory, address);
}

struct walk {
    unw_cursor_t cursor;
    void *access;
    struct qmon_guess_place place;
    bool exact;
    bool moved; /* to the place of a guess: a return address less one, since libunwind believes it to be exact */
    unsigned guesses;
};

static bool find_place(struct walk *walk) {
    unw_word_t pc, sp, fp;
    if (unw_get_reg(&walk->cursor, UNW_REG_IP, &pc) != 0 || unw_get_reg(&walk->cursor, UNW_REG_SP, &sp) != 0)
        return false;
    if (unw_get_reg(&walk->cursor, FRAME_POINTER, &fp) != 0)
        fp = 0;
    walk->place = (struct qmon_guess_place){pc + walk->moved, sp, fp};
    walk->moved = false;
    return true;
}

static bool guess_caller(struct walk *walk, bool lost) {
    static const struct qmon_guess_eye eye = {read_for_guess, is_code_for_guess, NULL};
    struct qmon_guess_place from = walk->place;
    const uint64_t end = qmon__memory_end(stacks.memory, from.sp);
    from.pc -= !walk->exact;
    if (walk->guesses++ == GUESSES || !qmon_guess_caller(&eye, &from, end, lost, &stacks.place))
        return false;
    stacks.place.pc--;
    stacks.moved = walk->moved = true;
    walk->exact = false;
    return unw_init_remote(&walk->cursor, stacks.space, walk->access) == 0;
}

/* <0: there is no table, or it does not help; 0: this is the outermost frame. */
static int step_by_table(struct walk *walk, struct qmon__stack_frame *frame, bool lost) {
    if (lost || !has_table(&walk->cursor, frame->pc, walk->exact))
        return -1;
#if defined(__x86_64__) /* see agent/capture/unwind.c */
    const int stepped = unw_step(&walk->cursor);
    frame->signal = stepped > 0 && unw_is_signal_frame(&walk->cursor) > 0;
#else
    frame->signal = unw_is_signal_frame(&walk->cursor) > 0;
    const int stepped = unw_step(&walk->cursor);
#endif
    const struct qmon_guess_place before = walk->place;
    if (stepped <= 0)
        return stepped;
    walk->exact = frame->signal;
    return find_place(walk) && (walk->place.sp != before.sp || walk->place.pc != before.pc) ? 1 : -1;
}

static void walk_thread(struct walk *walk, uint64_t until_ms, struct qmon__stack *stack) {
    bool guess = false;
    if (!find_place(walk))
        return;
    while (stack->count < QMON__STACK_FRAMES && walk->place.pc != 0) {
        struct qmon__stack_frame *frame = &stack->frames[stack->count++];
        const struct qmon_guess_place here = walk->place;
        const bool exact = walk->exact, lost = !qmon__memory_is_code(stacks.memory, here.pc - !exact);
        *frame = (struct qmon__stack_frame){.pc = here.pc, .exact = exact, .guess = guess};
        const int stepped = step_by_table(walk, frame, lost);
        stack->complete = stepped == 0;
        if (stepped == 0 || qmon_monotonic_ms() >= until_ms)
            return;
        guess = stepped < 0;
        if (!guess)
            continue;
        walk->place = here;
        walk->exact = exact;
        if (!guess_caller(walk, lost) || !find_place(walk)) {
            stack->complete = !lost && here.fp == 0;
            return;
        }
    }
    stack->complete = walk->place.pc == 0;
}

void qmon__stack_take(pid_t tid, uint64_t until_ms, struct qmon__stack *ret_stack) {
    struct walk walk = {.exact = true};
    ret_stack->count = 0;
    ret_stack->complete = ret_stack->cut = false;
    stacks.moved = false;
    walk.access = _UPT_create(tid);
    if (walk.access == NULL)
        return;
    if (unw_init_remote(&walk.cursor, stacks.space, walk.access) == 0)
        walk_thread(&walk, until_ms, ret_stack);
    ret_stack->cut = ret_stack->count == QMON__STACK_FRAMES;
    _UPT_destroy(walk.access);
}

#include "unwind.h"

#include <libunwind.h>
#include <string.h>

#include <qmon/guess.h>

#include "guard.h"
#include "machine.h"
#include "modules.h"
#include "steps.h"
#include "thread.h"

#define TABLE_ANSWERS 256u
#define GUESSES 256u
#define WALK_LIMIT 4000000u /* frames: 40 ms for 100,000 of them, so this is past any deadline */

#if defined(__x86_64__)
#define FRAME_POINTER UNW_X86_64_RBP
#elif defined(__aarch64__)
#define FRAME_POINTER UNW_AARCH64_X29
#endif

/* Steps outward. *ret_trampoline: the frame that was left is the trampoline of a signal handler. libunwind 1.6 knows that for
 * x86-64 only once it has stepped, because it goes by the unwind table; for aarch64 before, because it goes by the code. */
static int step(unw_cursor_t *cursor, bool *ret_trampoline) {
#if defined(__x86_64__)
    const int result = unw_step(cursor);
    *ret_trampoline = result > 0 && unw_is_signal_frame(cursor) > 0;
#else
    *ret_trampoline = unw_is_signal_frame(cursor) > 0;
    const int result = unw_step(cursor);
#endif
    return result;
}

struct walk {
    struct qmon_record_crash *crash;
    const ucontext_t *context;
    bool jumped, exact;
    unsigned guesses;
    unw_cursor_t cursor;
    ucontext_t caller;                      /* of a jump or a guess: the context as the caller would see it */
    uint64_t outer[QMON_CRASH_FRAMES_HALF]; /* the last ones seen, a ring */
    uint8_t outer_flags[QMON_CRASH_FRAMES_HALF];
    uint64_t seen;
};

static void keep_frame(struct walk *walk, uint64_t pc, uint8_t flags) {
    struct qmon_record_crash *crash = walk->crash;
    if (walk->seen < QMON_CRASH_FRAMES_HALF) {
        crash->frames[walk->seen] = pc;
        crash->frame_flags[walk->seen] = flags;
        crash->frame_count_inner = (uint32_t) walk->seen + 1;
    } else {
        const size_t at = walk->seen % QMON_CRASH_FRAMES_HALF;
        walk->outer[at] = pc;
        walk->outer_flags[at] = flags;
    }
    walk->seen++;
}

static void flag_last(struct walk *walk, uint8_t flag) {
    if (walk->seen <= QMON_CRASH_FRAMES_HALF)
        walk->crash->frame_flags[walk->seen - 1] |= flag;
    else
        walk->outer_flags[(walk->seen - 1) % QMON_CRASH_FRAMES_HALF] |= flag;
}

/* Is there an unwind table for the place of the cursor? Where there is none, libunwind tries the frame pointer and does not
 * say so, and it makes up a function of one byte. Recursion asks for the same few places again and again. */
static bool has_table(unw_cursor_t *cursor, uint64_t pc, bool exact) {
    static struct {
        uint64_t pc;
        bool has;
    } known[TABLE_ANSWERS];
    const size_t at = (size_t) ((pc ^ pc >> 12) % TABLE_ANSWERS);
    const uint64_t key = pc << 1 | exact;
    if (known[at].pc != key) {
        unw_proc_info_t information;
        known[at].has =
            (unw_get_proc_info(cursor, &information) == 0 && information.end_ip - information.start_ip > 1) ||
            unw_is_signal_frame(cursor) > 0;
        known[at].pc = key;
    }
    return known[at].has;
}

static bool read_for_guess(void *unused, uint64_t address, void *to, uint64_t bytes) {
    (void) unused;
    return qmon__copy_guarded(to, (const void *) (uintptr_t) address, bytes);
}

static bool is_code_for_guess(void *unused, uint64_t address) {
    (void) unused;
    return qmon__is_code((uintptr_t) address);
}

/* Goes on at the caller that the stack suggests. */
static bool guess_caller(struct walk *walk, const struct qmon_guess_place *from, bool lost) {
    static const struct qmon_guess_eye eye = {read_for_guess, is_code_for_guess, NULL};
    struct qmon_guess_place caller;
    if (walk->guesses++ == GUESSES || !qmon_guess_caller(&eye, from, walk->crash->stack_high, lost, &caller))
        return false;
    memcpy(&walk->caller, walk->context, sizeof walk->caller);
    qmon__move_context(&walk->caller, caller.pc, caller.sp, caller.fp);
    walk->exact = false;
    return unw_init_local(&walk->cursor, (unw_context_t *) &walk->caller) == 0;
}

static bool place_of(unw_cursor_t *cursor, struct qmon_guess_place *ret_place) {
    unw_word_t pc, sp, fp;
    if (unw_get_reg(cursor, UNW_REG_IP, &pc) != 0 || unw_get_reg(cursor, UNW_REG_SP, &sp) != 0)
        return false;
    if (unw_get_reg(cursor, FRAME_POINTER, &fp) != 0)
        fp = 0;
    *ret_place = (struct qmon_guess_place){pc, sp, fp};
    return true;
}

static bool begin_walk(struct walk *walk) {
    walk->exact = !walk->jumped;
    if (!walk->jumped)
        return unw_init_local2(&walk->cursor, (unw_context_t *) walk->context, UNW_INIT_SIGNAL_FRAME) == 0;
    keep_frame(walk, qmon__program_counter(walk->context), QMON_FRAME_EXACT);
    memcpy(&walk->caller, walk->context, sizeof walk->caller);
    qmon__return_from_call(&walk->caller);
    return unw_init_local(&walk->cursor, (unw_context_t *) &walk->caller) == 0;
}

/* By the unwind table. <0: that did not work; 0: this was the outermost frame. */
static int step_by_table(struct walk *walk, const struct qmon_guess_place *place) {
    const int stepped = step(&walk->cursor, &walk->exact);
    struct qmon_guess_place next;
    if (walk->exact)
        flag_last(walk, QMON_FRAME_SIGNAL);
    if (stepped <= 0)
        return stepped;
    return place_of(&walk->cursor, &next) && (next.sp != place->sp || next.pc != place->pc) ? 1 : -1;
}

static void walk_now(void *argument) {
    struct walk *walk = argument;
    struct qmon_guess_place place;
    uint8_t guess = 0;
    walk->crash->unwind_end = QMON_UNWIND_BROKEN;
    if (!begin_walk(walk))
        return;
    while (walk->seen < WALK_LIMIT && place_of(&walk->cursor, &place)) {
        if (place.pc == 0 && walk->seen > 0 && guess == 0) {
            walk->crash->unwind_end = QMON_UNWIND_COMPLETE;
            return;
        }
        keep_frame(walk, place.pc, (uint8_t) (guess | (walk->exact ? QMON_FRAME_EXACT : 0)));
        const uint64_t here = place.pc - !walk->exact; /* a return address may stand behind its function */
        const bool lost = !qmon__is_code(here);
        const bool table = !lost && has_table(&walk->cursor, place.pc, walk->exact);
        const int stepped = table ? step_by_table(walk, &place) : -1;
        if (stepped == 0) {
            walk->crash->unwind_end = QMON_UNWIND_COMPLETE;
            return;
        }
        guess = stepped < 0 ? QMON_FRAME_GUESS : 0;
        place.pc = here;
        if (stepped < 0 && !guess_caller(walk, &place, lost)) {
            if (!lost && place.fp == 0) /* how the outermost function is told where no table says it */
                walk->crash->unwind_end = QMON_UNWIND_COMPLETE;
            return;
        }
    }
    if (walk->seen >= WALK_LIMIT)
        walk->crash->unwind_end = QMON_UNWIND_LIMIT;
}

/* The ring of outermost frames, put in order behind the inner ones. */
static void settle_outer(struct walk *walk) {
    struct qmon_record_crash *crash = walk->crash;
    if (walk->seen <= QMON_CRASH_FRAMES_HALF)
        return;
    const uint64_t past = walk->seen - QMON_CRASH_FRAMES_HALF;
    const uint64_t kept = past < QMON_CRASH_FRAMES_HALF ? past : QMON_CRASH_FRAMES_HALF;
    for (uint64_t i = 0; i < kept; i++) {
        const size_t at = (walk->seen - kept + i) % QMON_CRASH_FRAMES_HALF;
        crash->frames[QMON_CRASH_FRAMES_HALF + i] = walk->outer[at];
        crash->frame_flags[QMON_CRASH_FRAMES_HALF + i] = walk->outer_flags[at];
    }
    crash->frame_count_outer = (uint32_t) kept;
    crash->frames_between = past - kept;
}

void qmon__unwind_crash(struct qmon_record_crash *crash, const ucontext_t *context, bool jumped, uint64_t within_ms) {
    struct walk walk;
    walk.crash = crash;
    walk.context = context;
    walk.jumped = jumped;
    walk.seen = 0;
    walk.guesses = 0;
    crash->unwind_end = QMON_UNWIND_FAULT;
    if (!qmon__guarded(walk_now, &walk, within_ms))
        crash->unwind_end = QMON_UNWIND_FAULT;
    settle_outer(&walk);
}

struct passage {
    uintptr_t frame;
    bool found;
};

static void find_passage(void *argument) {
    struct passage *passage = argument;
    unw_context_t here;
    unw_cursor_t cursor;
    if (unw_getcontext(&here) != 0 || unw_init_local(&cursor, &here) != 0)
        return;
    for (unsigned i = 0; i < 4096; i++) {
        unw_word_t sp;
        if (unw_get_reg(&cursor, UNW_REG_SP, &sp) != 0)
            return;
        bool trampoline;
        const int stepped = step(&cursor, &trampoline);
        /* in a trampoline the stack pointer is just past the return address, which is the frame's first word on x86-64 */
        if (trampoline && (sp == passage->frame || sp == passage->frame + sizeof(void *))) {
            passage->found = true;
            return;
        }
        if (stepped <= 0)
            return;
    }
}

bool qmon__unwind_passes(uintptr_t frame) {
    struct passage passage = {.frame = frame};
    return qmon__guarded(find_passage, &passage, 500) && passage.found;
}

struct returning {
    uintptr_t pc, low, high;
    bool found;
};

static void find_return(void *argument) {
    struct returning *returning = argument;
    unw_context_t here;
    unw_cursor_t cursor;
    bool trampoline;
    if (unw_getcontext(&here) != 0 || unw_init_local(&cursor, &here) != 0)
        return;
    for (unsigned i = 0; i < 4096 && !returning->found && step(&cursor, &trampoline) > 0; i++) {
        unw_word_t pc, sp;
        if (unw_get_reg(&cursor, UNW_REG_IP, &pc) != 0 || unw_get_reg(&cursor, UNW_REG_SP, &sp) != 0)
            return;
        returning->found = pc == returning->pc && sp >= returning->low && sp <= returning->high;
    }
}

bool qmon__unwind_returns_to(uintptr_t pc, uintptr_t low, uintptr_t high) {
    struct returning returning = {.pc = pc, .low = low, .high = high};
    return qmon__guarded(find_return, &returning, 500) && returning.found;
}

struct meeting {
    const ucontext_t *context;
    uintptr_t start;
    size_t bytes;
    unsigned depth;
    bool found;
};

static void find_meeting(void *argument) {
    struct meeting *meeting = argument;
    unw_cursor_t cursor;
    if (unw_init_local2(&cursor, (unw_context_t *) meeting->context, UNW_INIT_SIGNAL_FRAME) != 0)
        return;
    for (unsigned i = 0; i < meeting->depth; i++) {
        unw_word_t pc;
        if (unw_get_reg(&cursor, UNW_REG_IP, &pc) != 0)
            return;
        if (pc >= meeting->start && pc - meeting->start <= meeting->bytes) {
            meeting->found = true;
            return;
        }
        if (unw_step(&cursor) <= 0)
            return;
    }
}

bool qmon__unwind_meets(const ucontext_t *context, uintptr_t start, size_t bytes, unsigned depth) {
    struct meeting meeting = {.context = context, .start = start, .bytes = bytes, .depth = depth};
    return qmon__guarded(find_meeting, &meeting, 500) && meeting.found;
}

struct here {
    void **frames;
    int wanted, count;
};

static void walk_here(void *argument) {
    struct here *here = argument;
    here->count = unw_backtrace(here->frames, here->wanted);
}

size_t qmon__unwind_here(void *ret_room[static QMON__ROOM_FOR_HERE], size_t skip, void *const **ret_first,
                         struct qmon__trail *ret_trail) {
    _Static_assert(sizeof(void *) == sizeof(uint64_t), "an address is a word of the ring");
    const size_t known = qmon__steps_here(ret_room, QMON_RING_FRAMES + skip, ret_trail);
    *ret_first = ret_room + skip;
    if (known > 0)
        return known > skip ? known - skip : 0;
    const size_t ours = 3 + skip; /* walk_here and the guard's two */
    const size_t wanted = QMON_RING_FRAMES + ours < QMON__ROOM_FOR_HERE ? QMON_RING_FRAMES + ours : QMON__ROOM_FOR_HERE;
    struct here here = {.frames = ret_room, .wanted = (int) wanted};
    qmon__guarded(walk_here, &here, 0);
    const size_t found = here.count > 0 ? (size_t) here.count : 0;
    *ret_first = ret_room + ours;
    return found > ours ? found - ours : 0;
}

/*
 * guess.h: the caller of a function that has no unwind table. Inline, because both halves need the same answer and share no
 * code: the agent for the thread that crashed, the receiver for the others.
 *
 * What is looked for is a return address: a word of the stack that points behind a call instruction. Of those near the stack
 * pointer the one is best whose call goes to the function that the program counter is in: whose target lies before the
 * program counter, and closest to it. Without one (calls through pointers) the frame pointer is believed, where it leads to a
 * return address; without that, the nearest return address of a call through a pointer or into a library, which may be one
 * that an earlier call left behind. Where the frame pointer's call went through a pointer, only a return address on top of the
 * stack (of a function that has made no frame yet) is believed more. One of a call through a pointer or into a library is
 * believed most, where the stack pointer is aligned as at the beginning of a function: in one that makes calls it is not.
 * Whoever shows such a frame says that it is a guess.
 */
#ifndef QMON_GUESS_H
#define QMON_GUESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define QMON_GUESS_WORDS 1024u      /* of the stack, that are looked at */
#define QMON_GUESS_REACH 0x10000ull /* bytes that a function has behind its beginning */
#define QMON_GUESS_CHUNK 32u
#define QMON_GUESS_BODY 2048u   /* bytes of a function that are looked through for jumps */
#define QMON_GUESS_BODIES 32u   /* functions that are */
#define QMON_GUESS_PART 0x1000u /* bytes that are reached from where a jump leads to */

/* How to see the process. Both may be asked for any address. */
struct qmon_guess_eye {
    bool (*read)(void *context, uint64_t address, void *to, uint64_t bytes); /* false: not all of it can be read */
    bool (*is_code)(void *context, uint64_t address);                        /* mapped to be executed */
    void *context;
};

struct qmon_guess_place {
    uint64_t pc, sp, fp;
};

#if defined(__x86_64__)
#define QMON_GUESS_CALL_BYTES 7u /* the longest call instruction */

/* Is there `call *...` of so many bytes at the end? Its second byte says how long it is. */
static inline bool qmon__is_indirect_call(const uint8_t *bytes, unsigned length) {
    const uint8_t *at = bytes + QMON_GUESS_CALL_BYTES - length;
    if (at[0] != 0xff || (at[1] >> 3 & 7) != 2)
        return false;
    const unsigned mode = at[1] >> 6, rm = at[1] & 7;
    const unsigned displacement = mode == 1 ? 1 : mode == 2 || (mode == 0 && rm == 5) ? 4 : 0;
    return length == 2 + (mode != 3 && rm == 4) + displacement;
}

/* Does a call end here? *ret_target is where it goes, 0 if a register or memory says so. */
static inline bool qmon__call_before(const uint8_t *bytes, uint64_t address, uint64_t *ret_target) {
    *ret_target = 0;
    if (bytes[2] == 0xe8) {
        int32_t distance;
        memcpy(&distance, bytes + 3, sizeof distance);
        *ret_target = address + (uint64_t) (int64_t) distance;
        return true;
    }
    for (unsigned length = 2; length <= QMON_GUESS_CALL_BYTES; length++)
        if (qmon__is_indirect_call(bytes, length))
            return true;
    return false;
}

#define QMON_GUESS_STUB_BYTES 12u

/* Does the code there only jump on, as what the linker makes for calls to libraries does? */
static inline bool qmon__is_stub(const uint8_t *bytes) {
    static const uint8_t landing[] = {0xf3, 0x0f, 0x1e, 0xfa}; /* endbr64 */
    bytes += memcmp(bytes, landing, sizeof landing) == 0 ? sizeof landing : 0;
    bytes += *bytes == 0xf2;
    return *bytes == 0xe9 || (bytes[0] == 0xff && bytes[1] == 0x25);
}

/* A call leaves the stack pointer 8 bytes past a multiple of 16; before the next call it is one again. */
static inline bool qmon__may_be_frameless(uint64_t sp) {
    return sp % 16 == 8;
}

#define QMON_GUESS_JUMP_ALIGN 1u

/* Where the jump leads to that is there, on condition or not; 0: there is none over a distance. */
static inline uint64_t qmon__jump_target(const uint8_t *bytes, uint64_t address) {
    const unsigned opcode_bytes = bytes[0] == 0xe9 ? 1 : bytes[0] == 0x0f && bytes[1] >> 4 == 8 ? 2 : 0;
    int32_t distance;
    if (opcode_bytes == 0)
        return 0;
    memcpy(&distance, bytes + opcode_bytes, sizeof distance);
    return address + opcode_bytes + sizeof distance + (uint64_t) (int64_t) distance;
}
#elif defined(__aarch64__)
#define QMON_GUESS_CALL_BYTES 4u

static inline bool qmon__call_before(const uint8_t *bytes, uint64_t address, uint64_t *ret_target) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    *ret_target = 0;
    if (word >> 26 == 0x25) { /* bl */
        *ret_target = address - 4 + (uint64_t) ((int64_t) (int32_t) (word << 6) >> 4);
        return true;
    }
    return (word & 0xfffffc1fu) == 0xd63f0000u || (word & 0xfffff800u) == 0xd73f0800u; /* blr, blraa and relatives */
}

#define QMON_GUESS_STUB_BYTES 4u

static inline bool qmon__is_stub(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word >> 26 == 5 || (word & 0x9f00001fu) == 0x90000010u; /* b; adrp x16 */
}

/* Calls leave the return address in a register. */
static inline bool qmon__may_be_frameless(uint64_t sp) {
    (void) sp;
    return false;
}

#define QMON_GUESS_JUMP_ALIGN 4u

static inline uint64_t qmon__jump_target(const uint8_t *bytes, uint64_t address) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    if (word >> 26 == 5) /* b */
        return address + (uint64_t) ((int64_t) (int32_t) (word << 6) >> 4);
    if (word >> 24 == 0x54 || (word >> 25 & 0x3f) == 0x1a) /* b.cond; cbz, cbnz */
        return address + (uint64_t) ((int64_t) (int32_t) (word << 8) >> 11 & ~3ll);
    return 0;
}
#endif

/* Is this a return address? */
static inline bool qmon__is_return(const struct qmon_guess_eye *eye, uint64_t address, uint64_t *ret_target) {
    uint8_t bytes[QMON_GUESS_CALL_BYTES];
    return address > sizeof bytes && eye->is_code(eye->context, address - 1) &&
           eye->read(eye->context, address - sizeof bytes, bytes, sizeof bytes) &&
           qmon__call_before(bytes, address, ret_target);
}

/* Can a call with this target have led anywhere else? */
static inline bool qmon__may_call(const struct qmon_guess_eye *eye, uint64_t target) {
    uint8_t bytes[QMON_GUESS_STUB_BYTES];
    return target == 0 || (eye->read(eye->context, target, bytes, sizeof bytes) && qmon__is_stub(bytes));
}

struct qmon__guess_search {
    uint64_t at, pc;           /* of the nearest one that may be right; at 0: none */
    uint64_t sure_at, sure_pc; /* of the one whose call goes to this function */
    uint64_t target;           /* that call's, or where its function's part begins that we are in */
    unsigned bodies;           /* looked through */
};

/* The last place at or before `here`, and near, that the code there jumps to; 0: none. */
static inline uint64_t qmon__guess_part(const struct qmon_guess_eye *eye, uint64_t code, uint64_t here) {
    uint8_t bytes[256];
    const uint64_t step = sizeof bytes - 8;
    uint64_t part = 0;
    for (uint64_t at = code; at < code + QMON_GUESS_BODY && eye->read(eye->context, at, bytes, sizeof bytes);
         at += step)
        for (uint64_t i = 0; i < step; i += QMON_GUESS_JUMP_ALIGN) {
            const uint64_t target = qmon__jump_target(bytes + i, at + i);
            if (target <= here && here - target < QMON_GUESS_PART && target > part)
                part = target;
        }
    return part;
}

/* Where the function that is called begins, or the part of it that `here` is in; 0: `here` is in no part of it. */
static inline uint64_t qmon__guess_begin(const struct qmon_guess_eye *eye, struct qmon__guess_search *search,
                                         uint64_t target, uint64_t here) {
    if (target == 0 || here == 0 || qmon__may_call(eye, target))
        return 0;
    if (target <= here && here - target < QMON_GUESS_REACH)
        return target;
    return search->bodies++ < QMON_GUESS_BODIES ? qmon__guess_part(eye, target, here) : 0;
}

static inline void qmon__guess_weigh(const struct qmon_guess_eye *eye, struct qmon__guess_search *search, uint64_t here,
                                     uint64_t at, uint64_t word) {
    uint64_t target;
    if (!qmon__is_return(eye, word, &target))
        return;
    const uint64_t begin = qmon__guess_begin(eye, search, target, here);
    if (begin > search->target) {
        search->target = begin;
        search->sure_at = at;
        search->sure_pc = word;
    }
    if (search->at == 0 && (here == 0 || qmon__may_call(eye, target))) {
        search->at = at;
        search->pc = word;
    }
}

static inline void qmon__guess_scan(const struct qmon_guess_eye *eye, struct qmon__guess_search *search, uint64_t here,
                                    uint64_t start, uint64_t end) {
    uint64_t words[QMON_GUESS_CHUNK];
    for (uint64_t at = start; at < end; at += sizeof words) {
        const uint64_t left = end - at, bytes = left < sizeof words ? left & ~7ull : sizeof words;
        if (bytes == 0 || !eye->read(eye->context, at, words, bytes))
            return;
        for (uint64_t i = 0; i < bytes / 8; i++)
            qmon__guess_weigh(eye, search, here, at + i * 8, words[i]);
    }
}

/* Does the frame pointer lead to a return address? Then *ret_saved is what it was in the caller. */
static inline bool qmon__guess_chain(const struct qmon_guess_eye *eye, const struct qmon_guess_place *place,
                                     uint64_t stack_end, uint64_t *ret_saved, uint64_t *ret_pc, uint64_t *ret_target) {
    uint64_t pair[2];
    if (place->fp < place->sp || place->fp % 8 != 0 || place->fp >= stack_end || stack_end - place->fp < sizeof pair ||
        !eye->read(eye->context, place->fp, pair, sizeof pair) || !qmon__is_return(eye, pair[1], ret_target))
        return false;
    *ret_saved = pair[0];
    *ret_pc = pair[1];
    return true;
}

/* The caller's frame pointer, where the function at hand has used the register for something else: compilers save it below
 * the return address, and it leads to a return address again. */
static inline uint64_t qmon__guess_saved(const struct qmon_guess_eye *eye, uint64_t fp, uint64_t at,
                                         uint64_t stack_end) {
    struct qmon_guess_place caller = {0, at, 0};
    uint64_t saved, pc, target;
    if (eye->read(eye->context, at - 8, &caller.fp, sizeof caller.fp) &&
        qmon__guess_chain(eye, &caller, stack_end, &saved, &pc, &target))
        return caller.fp;
    return fp;
}

/*
 * The caller of the function at `place`, whose stack ends at stack_end. `lost`: there is no function at place->pc, so nothing
 * can be known but that a return address may be left on the stack. False: none was found. SIGNAL SAFETY: as the eye.
 */
static inline bool qmon_guess_caller(const struct qmon_guess_eye *eye, const struct qmon_guess_place *place,
                                     uint64_t stack_end, bool lost, struct qmon_guess_place *ret_caller) {
    struct qmon__guess_search search = {0};
    const uint64_t start = (place->sp + 7) & ~7ull;
    uint64_t saved = 0, chained = 0, target = 0, end = start + QMON_GUESS_WORDS * 8;
    if (start >= stack_end)
        return false;
    if (end < start || end > stack_end)
        end = stack_end;
    const bool chain = !lost && qmon__guess_chain(eye, place, stack_end, &saved, &chained, &target);
    if (chain && place->fp + 16 < end)
        end = place->fp + 16; /* its own frame ends there */
    qmon__guess_scan(eye, &search, lost ? 0 : place->pc, start, end);
    if (search.at == start && qmon__may_be_frameless(start)) {
        search.sure_at = start;
        search.sure_pc = search.pc;
    }
    const bool sure = search.sure_at != 0 && search.sure_at != place->fp + 8;
    if (chain && (!sure || (target == 0 && search.sure_at != start))) {
        *ret_caller = (struct qmon_guess_place){chained, place->fp + 16, saved};
        return true;
    }
    const uint64_t at = search.sure_at != 0 ? search.sure_at : search.at;
    if (at == 0)
        return false;
    *ret_caller = (struct qmon_guess_place){search.sure_at != 0 ? search.sure_pc : search.pc, at + 8,
                                            chain ? place->fp : qmon__guess_saved(eye, place->fp, at, stack_end)};
    return true;
}

#endif

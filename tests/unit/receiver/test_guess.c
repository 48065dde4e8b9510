/* A made-up process: code at 0x400000, a stack at 0x7000. */
#include <criterion/criterion.h>
#include <string.h>

#include <qmon/guess.h>

#if defined(__x86_64__)

#define CODE 0x400000ull
#define STACK 0x7000ull

TestSuite(guess, .timeout = 10);

static struct {
    uint8_t code[0x2400];
    uint64_t stack[64];
} process;

static bool read_process(void *unused, uint64_t address, void *to, uint64_t bytes) {
    (void) unused;
    if (address >= CODE && bytes <= sizeof process.code && address - CODE <= sizeof process.code - bytes)
        memcpy(to, process.code + (address - CODE), bytes);
    else if (address >= STACK && bytes <= sizeof process.stack && address - STACK <= sizeof process.stack - bytes)
        memcpy(to, (uint8_t *) process.stack + (address - STACK), bytes);
    else
        return false;
    return true;
}

static bool is_code(void *unused, uint64_t address) {
    (void) unused;
    return address >= CODE && address < CODE + sizeof process.code;
}

static const struct qmon_guess_eye eye = {read_process, is_code, NULL};

/* Puts `call target` there and returns the return address. */
static uint64_t put_call(uint64_t at, uint64_t target) {
    const int32_t distance = (int32_t) (int64_t) (target - (at + 5));
    process.code[at - CODE] = 0xe8;
    memcpy(&process.code[at - CODE + 1], &distance, sizeof distance);
    return at + 5;
}

static uint64_t put_bytes(uint64_t at, const char *bytes, size_t count) {
    memcpy(&process.code[at - CODE], bytes, count);
    return at + count;
}

static bool guess_at(uint64_t sp, uint64_t pc, uint64_t fp, struct qmon_guess_place *ret_caller) {
    const struct qmon_guess_place place = {pc, sp, fp};
    return qmon_guess_caller(&eye, &place, STACK + sizeof process.stack, false, ret_caller);
}

static bool guess(uint64_t pc, uint64_t fp, struct qmon_guess_place *ret_caller) {
    return guess_at(STACK, pc, fp, ret_caller);
}

Test(guess, the_call_that_goes_to_this_function_wins_over_nearer_ones) {
    struct qmon_guess_place caller = {0};
    process.stack[2] = put_call(CODE + 0x100, CODE + 0x200);
    process.stack[9] = put_call(CODE + 0x300, CODE + 0x1000);
    cr_assert(guess(CODE + 0x1010, 0, &caller));
    cr_expect_eq(caller.pc, CODE + 0x305);
    cr_expect_eq(caller.sp, STACK + 10 * 8);
}

Test(guess, a_call_past_the_program_counter_went_elsewhere) {
    struct qmon_guess_place caller = {0};
    process.stack[2] = put_call(CODE + 0x100, CODE + 0x1020);
    cr_expect_not(guess(CODE + 0x1010, 0, &caller));
}

Test(guess, the_frame_pointer_is_believed_where_the_call_went_through_a_pointer) {
    struct qmon_guess_place caller = {0};
    process.stack[2] = put_call(CODE + 0x100, CODE + 0x200);
    process.stack[6] = STACK + 20 * 8;
    process.stack[7] = put_bytes(CODE + 0x400, "\xff\xd0", 2);
    cr_assert(guess(CODE + 0x1f00, STACK + 6 * 8, &caller));
    cr_expect_eq(caller.pc, CODE + 0x402);
    cr_expect_eq(caller.sp, STACK + 8 * 8);
    cr_expect_eq(caller.fp, STACK + 20 * 8);
}

Test(guess, a_caller_within_the_frame_pointer_s_frame_is_not_passed_over) {
    struct qmon_guess_place caller = {0};
    process.stack[1] = put_call(CODE + 0x700, CODE + 0x1000);
    process.stack[6] = STACK + 20 * 8;
    process.stack[7] = put_call(CODE + 0x500, CODE + 0x6f0);
    cr_assert(guess(CODE + 0x1004, STACK + 6 * 8, &caller));
    cr_expect_eq(caller.pc, CODE + 0x705);
    cr_expect_eq(caller.fp, STACK + 6 * 8, "a function without a frame leaves the pointer to its caller's");
}

Test(guess, a_frame_pointer_that_was_overwritten_is_found_below_the_return_address) {
    struct qmon_guess_place caller = {0};
    process.stack[5] = STACK + 20 * 8;
    process.stack[6] = put_call(CODE + 0x700, CODE + 0x1000);
    process.stack[21] = put_call(CODE + 0x800, CODE + 0x6f0);
    cr_assert(guess(CODE + 0x1004, 0x1234, &caller));
    cr_expect_eq(caller.pc, CODE + 0x705);
    cr_expect_eq(caller.fp, STACK + 20 * 8);
}

Test(guess, a_call_of_a_stub_did_not_go_to_the_function_behind_the_stub) {
    struct qmon_guess_place caller = {0};
    put_bytes(CODE + 0x1000, "\xff\x25\1\2\3\4", 6);
    process.stack[0] = put_bytes(CODE + 0x1800, "\xff\xd0", 2);
    process.stack[9] = put_call(CODE + 0x300, CODE + 0x1000);
    cr_assert(guess(CODE + 0x1040, 0, &caller));
    cr_expect_eq(caller.pc, CODE + 0x1802);
}

Test(guess, a_function_that_has_made_no_frame_has_its_return_address_on_top) {
    struct qmon_guess_place caller = {0};
    process.stack[1] = process.stack[4] = put_bytes(CODE + 0x1820, "\xff\xd0", 2);
    process.stack[9] = put_call(CODE + 0x300, CODE + 0x1000);
    process.stack[20] = STACK + 30 * 8;
    process.stack[21] = put_bytes(CODE + 0x400, "\xff\xd0", 2);
    cr_assert(guess_at(STACK + 8, CODE + 0x1010, STACK + 20 * 8, &caller));
    cr_expect_eq(caller.pc, CODE + 0x1822);
    cr_expect_eq(caller.sp, STACK + 16);
    cr_expect_eq(caller.fp, STACK + 20 * 8);
    cr_assert(guess_at(STACK + 32, CODE + 0x1010, 0, &caller));
    cr_expect_eq(caller.pc, CODE + 0x305, "one that makes calls has aligned the stack");
}

static void put_number(uint64_t at, uint64_t from, uint64_t target) {
    const int32_t distance = (int32_t) (int64_t) (target - from);
    memcpy(&process.code[at - CODE], &distance, sizeof distance);
}

Test(guess, a_part_that_seldom_runs_belongs_to_the_function_that_jumps_to_it) {
    static const uint64_t jumps[] = {CODE + 0x1004, CODE + 0x1700};
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++)
        for (unsigned bytes = 1; bytes <= 2; bytes++) {
            struct qmon_guess_place caller = {0};
            memset(&process, 0, sizeof process);
            put_bytes(jumps[i], bytes == 1 ? "\xe9" : "\x0f\x85", bytes);
            put_number(jumps[i] + bytes, jumps[i] + bytes + 4, CODE + 0x40);
            process.stack[3] = put_call(CODE + 0x800, CODE + 0x1f00);
            process.stack[5] = put_call(CODE + 0x900, CODE + 0x1000);
            cr_assert(guess(CODE + 0x60, 0, &caller));
            cr_expect_eq(caller.pc, CODE + 0x905);
            cr_expect_not(guess(CODE + 0x30, 0, &caller), "it is before where the jump leads to");
        }
}

Test(guess, calls_through_memory_and_stubs_are_calls) {
    static const struct {
        const char *bytes;
        size_t count;
    } calls[] = {{"\xff\x15\1\2\3\4", 6}, {"\xff\x50\x10", 3},        {"\xff\x54\x24\x08", 4},
                 {"\xff\x14\xc8", 3},     {"\xff\x93\1\2\3\4", 6},    {"\xff\x94\x24\1\2\3\4", 7},
                 {"\x41\xff\xd4", 3},     {"\x41\xff\x54\x24\x08", 5}};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct qmon_guess_place caller = {0};
        memset(&process, 0, sizeof process);
        process.stack[3] = put_bytes(CODE + 0x800, calls[i].bytes, calls[i].count);
        cr_expect(guess(CODE + 0x1010, 0, &caller), "call %zu", i);
        cr_expect_eq(caller.pc, process.stack[3], "call %zu", i);
    }
    struct qmon_guess_place caller = {0};
    memset(&process, 0, sizeof process);
    put_bytes(CODE + 0x20, "\xf3\x0f\x1e\xfa\xff\x25\1\2\3\4", 10);
    process.stack[3] = put_call(CODE + 0x800, CODE + 0x20);
    cr_expect(guess(CODE + 0x1f10, 0, &caller));
}

Test(guess, what_only_looks_like_code_is_no_return_address) {
    struct qmon_guess_place caller = {0};
    for (size_t i = 0; i < 64; i++)
        process.stack[i] = CODE + 0x40 + i * 16; /* no call stands before any of them */
    cr_expect_not(guess(CODE + 0x1010, STACK + 8, &caller));
    process.stack[5] = CODE; /* nor can one before the first byte */
    cr_expect_not(guess(CODE + 0x1010, 0, &caller));
}

Test(guess, the_stack_is_left_nowhere) {
    struct qmon_guess_place caller = {0};
    const struct qmon_guess_place wild = {CODE + 0x10, UINT64_MAX - 8, UINT64_MAX - 16};
    cr_expect_not(qmon_guess_caller(&eye, &wild, UINT64_MAX, false, &caller));
    const struct qmon_guess_place above = {CODE + 0x10, STACK + 0x10000, 0};
    cr_expect_not(qmon_guess_caller(&eye, &above, STACK + sizeof process.stack, true, &caller));
    const struct qmon_guess_place unaligned = {CODE + 0x10, STACK + sizeof process.stack - 3, 0};
    cr_expect_not(qmon_guess_caller(&eye, &unaligned, STACK + sizeof process.stack, true, &caller));
}

#endif

/* The reader of CPython's memory against memory that is made up: what does not fit gives nothing, and nothing hangs. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "python.h"

TestSuite(python, .timeout = 60);

#define BASE 0x10000ull
#define BYTES 0x4000u
#define CODE_TYPE (BASE + 0x100)
#define TEXT_TYPE (BASE + 0x200)
#define TID 77u

/* Where the made-up objects are, in a 3.11 process. */
enum {
    RUNTIME = 0x400,
    INTERPRETER = 0x800,
    THREAD = 0xc00,
    CONTROL = 0xe00,
    FRAME = 0x1000,
    CALLER = 0x1100,
    CODE = 0x1400,
    FILE_NAME = 0x1800,
    FUNCTION = 0x1900,
    LINES = 0x1a00
};

static unsigned char memory[BYTES];

static bool read_memory(void *unused, uint64_t address, void *to, size_t bytes) {
    (void) unused;
    if (address < BASE || bytes > BYTES || address - BASE > BYTES - bytes)
        return false;
    memcpy(to, memory + (address - BASE), bytes);
    return true;
}

static bool no_code(void *unused, uint64_t address) {
    (void) unused;
    (void) address;
    return false;
}

static const struct qmon_memory_eye eye = {read_memory, no_code, NULL};

static void put(unsigned at, uint64_t value) {
    memcpy(memory + at, &value, sizeof value);
}

static void put_text(unsigned at, const char *text) {
    put(at + 8, TEXT_TYPE);
    put(at + 16, strlen(text));
    memory[at + 32] = 1 << 2 | 0x20 | 0x40; /* a byte each, compact, ASCII */
    strcpy((char *) memory + at + 48, text);
}

static void put_frame(unsigned at, uint64_t back, unsigned instruction) {
    put(at + 32, BASE + CODE);
    put(at + 48, back);
    put(at + 56, BASE + CODE + 184 + 2 * instruction);
}

/* One thread, whose function called itself. */
static void make_process(void) {
    static const unsigned char lines[] = {
        0x80 | 13 << 3 | 1, 2,                     /* two instructions, one line on */
        0x80 | 10 << 3 | 0, 1,         2,          /* one more on the same line */
        0x80 | 15 << 3 | 0,                        /* one without a line */
        0x80 | 14 << 3 | 0, 0x40 | 20, 3, 0, 1, 2, /* one 106 lines on */
        0x80 | 13 << 3 | 0, 3,                     /* one a line back */
    };
    memset(memory, 0, sizeof memory);
    put(RUNTIME + 40, BASE + INTERPRETER);
    put(INTERPRETER + 16, BASE + THREAD);
    put(THREAD + 160, TID);
    put(THREAD + 56, BASE + CONTROL);
    put(CONTROL + 8, BASE + FRAME);
    put_frame(FRAME, BASE + CALLER, 0);
    put_frame(CALLER, 0, 4);
    put(CODE + 8, CODE_TYPE);
    put(CODE + 72, 10);
    put(CODE + 112, BASE + FILE_NAME);
    put(CODE + 128, BASE + FUNCTION);
    put(CODE + 136, BASE + LINES);
    put_text(FILE_NAME, "/srv/shop.py");
    put_text(FUNCTION, "Shop.price");
    put(LINES + 16, sizeof lines);
    memcpy(memory + LINES + 32, lines, sizeof lines);
}

static struct qmon__python python_311(void) {
    return (struct qmon__python){.eye = &eye,
                                 .layout = *qmon__python_layout(0x030b),
                                 .runtime = BASE + RUNTIME,
                                 .code_type = CODE_TYPE,
                                 .text_type = TEXT_TYPE};
}

static struct qmon_event *new_event(void) {
    struct qmon_event *event = qmon_event_new(1);
    event->threads = qmon_event_alloc(event, sizeof *event->threads);
    event->thread_count = 1;
    event->threads[0].tid = TID;
    return event;
}

static size_t frames_found(void) {
    const struct qmon__python python = python_311();
    struct qmon_event *event = new_event();
    qmon__python_stacks(&python, event);
    const size_t count = event->threads[0].runtime_frame_count;
    qmon_event_free(event);
    return count;
}

Test(python, a_stack_is_read_with_its_functions_files_and_lines) {
    make_process();
    const struct qmon__python python = python_311();
    struct qmon_event *event = new_event();
    cr_assert_eq(qmon__python_stacks(&python, event), 1);
    cr_assert_eq(event->threads[0].runtime_frame_count, 2);
    const struct qmon_frame *frames = event->threads[0].runtime_frames;
    cr_expect_str_eq(frames[0].function, "Shop.price");
    cr_expect_str_eq(frames[0].file, "/srv/shop.py");
    cr_expect_str_eq(frames[0].language, "python");
    cr_expect_eq(frames[0].line, 11);
    cr_expect_eq(frames[1].line, 117);
    qmon_event_free(event);
}

Test(python, every_kind_of_line_entry_is_understood) {
    static const uint32_t expected[] = {11, 11, 11, 0, 117, 116, 0};
    struct qmon__python_place place;
    make_process();
    const struct qmon__python python = python_311();
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        cr_assert(qmon__python_place(&python, BASE + CODE, BASE + CODE + 184 + 2 * i, &place));
        cr_expect_eq(place.line, expected[i], "instruction %zu is on line %u", i, place.line);
    }
}

Test(python, nothing_is_told_of_what_is_no_code_object) {
    make_process();
    put(CODE + 8, TEXT_TYPE);
    cr_expect_eq(frames_found(), 0);
    make_process();
    put(FUNCTION + 8, CODE_TYPE);
    cr_expect_eq(frames_found(), 0);
    make_process();
    put(FILE_NAME + 16, 1u << 30);
    cr_expect_eq(frames_found(), 0);
    make_process();
    put(CALLER + 48, 0xdead0000);
    cr_expect_eq(frames_found(), 0, "a chain that ends badly is somebody else's");
}

Test(python, chains_that_go_in_circles_end) {
    make_process();
    put(CALLER + 48, BASE + FRAME);
    put(THREAD + 8, BASE + THREAD);
    put(INTERPRETER, BASE + INTERPRETER);
    cr_expect_eq(frames_found(), 0);
}

Test(python, any_byte_may_be_wrong) {
    srand(5);
    for (unsigned round = 0; round < 20000; round++) {
        make_process();
        for (unsigned i = 0; i < 4; i++)
            memory[RUNTIME + (unsigned) rand() % 0x1700] = (unsigned char) rand();
        cr_assert_leq(frames_found(), 128);
    }
}

Test(python, texts_of_wide_characters_become_utf_8) {
    struct qmon__python_place place;
    static const uint16_t wide[] = {'f', 0xe9, 0x20ac};
    make_process();
    put(FUNCTION + 16, 3);
    memory[FUNCTION + 32] = 2 << 2 | 0x20;
    memcpy(memory + FUNCTION + 72, wide, sizeof wide);
    const struct qmon__python python = python_311();
    cr_assert(qmon__python_place(&python, BASE + CODE, BASE + CODE + 184, &place));
    cr_expect_str_eq(place.function, "f\xc3\xa9\xe2\x82\xac");
}

Test(python, offsets_in_the_runtime_are_believed_only_when_they_are_small) {
    struct qmon__python_layout layout;
    memset(memory, 0, sizeof memory);
    memcpy(memory + RUNTIME, "xdebugpy", 8);
    put(RUNTIME + 8, 0x030d00f0);
    cr_expect(qmon__python_read_layout(&eye, BASE + RUNTIME, &layout));
    put(RUNTIME + 16, 1);
    cr_expect_not(qmon__python_read_layout(&eye, BASE + RUNTIME, &layout), "without the lock it is laid out otherwise");
    put(RUNTIME + 16, 0);
    put(RUNTIME + 31 * 8, UINT64_MAX);
    cr_expect_not(qmon__python_read_layout(&eye, BASE + RUNTIME, &layout));
}

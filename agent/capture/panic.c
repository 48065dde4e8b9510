/*
 * THE MESSAGE is the panic's payload: a `&str` where it was a plain text, a `String` where it was put together, and both are told by
 * their size; of any other type there is no text. A box of it lies behind the unwinder's header: the payload's address, and its table
 * of functions, which begins with how to drop it, its size and its alignment. Where exactly is not promised: old versions leave the
 * unwinder more words, new ones (1.66, 2022) put a mark in front. So a box is looked for, and everything read as if it could be anywhere.
 *
 * WHICH. A panic that ends the program has unwound the main thread to its start. Those of other threads end these alone; but where the main
 * thread unwraps what a thread's join returned, its own panic says only that there was another.
 */
#include "panic.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent.h"
#include "guard.h"
#include "steps.h"
#include "sys.h"
#include "valgrind.h"

#define CLASS "MOZ\0RUST"
#define CLASS_BYTES 8u
#define OURS 2u /* frames: the hook, and its caller, which is the runtime's */
#define MOST_TEXT (1ul << 30)

#define MESSAGE_BYTES sizeof((struct qmon_record_crash *) 0)->exception_message

struct panic {
    int tid; /* 0: there was none */
    uint32_t frame_count;
    void *frames[OURS + QMON_CRASH_FRAMES_HALF]; /* the first are not counted */
    char message[MESSAGE_BYTES];
};

/* Of the main thread, which alone writes and reads it. A child of fork begins with its parent's, of another thread than its own. */
static struct panic last;
/* Of any other: who finds it being written to goes its way. */
static struct panic elsewhere;
static atomic_flag elsewhere_busy = ATOMIC_FLAG_INIT;

/* The box. */
struct payload {
    uintptr_t data;
    const uintptr_t *table; /* drop, size, alignment */
};

struct text {
    uintptr_t start;
    size_t bytes;
};

/* Early versions wrote the class as a number, last letter first. */
static bool is_rust(const unsigned char class[static CLASS_BYTES]) {
    unsigned char reversed[CLASS_BYTES];
    for (unsigned i = 0; i < CLASS_BYTES; i++)
        reversed[i] = class[CLASS_BYTES - 1 - i];
    return memcmp(class, CLASS, CLASS_BYTES) == 0 || memcmp(reversed, CLASS, CLASS_BYTES) == 0;
}

/* A String has its capacity and its address in an order that the compiler chooses, and its length behind them. */
static bool find_text(const struct payload *payload, struct text *ret_text) {
    uintptr_t drop_size_alignment[3], words[3];
    if (!qmon__copy_guarded(drop_size_alignment, payload->table, sizeof drop_size_alignment) ||
        drop_size_alignment[2] != _Alignof(uintptr_t))
        return false;
    const size_t bytes = drop_size_alignment[1];
    if ((bytes != 2 * sizeof words[0] && bytes != sizeof words) ||
        !qmon__copy_guarded(words, (const void *) payload->data, bytes))
        return false;
    if (bytes == sizeof words) {
        const uintptr_t higher = words[0] > words[1] ? words[0] : words[1];
        const uintptr_t capacity = words[0] > words[1] ? words[1] : words[0];
        *ret_text = (struct text){higher, words[2]};
        return words[2] <= capacity && capacity < MOST_TEXT;
    }
    *ret_text = (struct text){words[0], words[1]};
    return words[1] < MOST_TEXT;
}

/* Not in the middle of a character. */
static size_t cut(const char *text, size_t bytes) {
    while (bytes > 0 && ((unsigned char) text[bytes] & 0xc0) == 0x80)
        bytes--;
    return bytes;
}

static bool keep_message(const struct payload *payload, struct panic *panic) {
    struct text text;
    if (!find_text(payload, &text))
        return false;
    const size_t room = sizeof panic->message, bytes = text.bytes < room ? text.bytes : room - 1;
    const bool there = qmon__copy_guarded(panic->message, (const void *) text.start, bytes < text.bytes ? room : bytes);
    panic->message[!there ? 0 : bytes < text.bytes ? cut(panic->message, bytes) : bytes] = '\0';
    return there;
}

/* In words from the beginning: behind class, cleanup function, and two or six words of the unwinder's; with a mark and without. */
static void find_message(const uintptr_t *exception, struct panic *panic) {
    static const unsigned char places[] = {5, 8, 9, 4};
    struct payload payload;
    panic->message[0] = '\0';
    for (size_t i = 0; i < sizeof places; i++)
        if (qmon__copy_guarded(&payload, exception + places[i], sizeof payload) && keep_message(&payload, panic))
            return;
}

__attribute__((noinline)) void qmon__note_panic(const void *exception) {
    unsigned char class[CLASS_BYTES];
    struct qmon__trail trail;
    memcpy(class, exception, CLASS_BYTES);
    if (!is_rust(class) || qmon__on_valgrind())
        return;
    const int tid = qmon__gettid();
    const bool is_main = tid == atomic_load_explicit(&qmon__agent.pid, memory_order_relaxed);
    struct panic *const panic = is_main ? &last : &elsewhere;
    if (!is_main && atomic_flag_test_and_set_explicit(&elsewhere_busy, memory_order_acquire))
        return;
    const size_t found = qmon__steps_here(panic->frames, sizeof panic->frames / sizeof panic->frames[0], &trail);
    panic->frame_count = found > OURS ? (uint32_t) (found - OURS) : 0;
    find_message(exception, panic);
    panic->tid = tid;
    if (!is_main)
        atomic_flag_clear_explicit(&elsewhere_busy, memory_order_release);
}

static bool contains(const char *text, const char *part) {
    const size_t bytes = strlen(part);
    for (; *text != '\0'; text++)
        if (strncmp(text, part, bytes) == 0)
            return true;
    return false;
}

/* By its words: how a payload prints itself that was unwrapped, those of std::thread::scope, or the other's, which resume_unwind takes on. */
static bool is_answer(const char *message) {
    return contains(message, "Any { .. }") || contains(message, "a scoped thread panicked") ||
           (message[0] != '\0' && strcmp(message, elsewhere.message) == 0);
}

static void keep_elsewhere(struct qmon_record *record) {
    if (atomic_flag_test_and_set_explicit(&elsewhere_busy, memory_order_acquire))
        return;
    const uint32_t count = elsewhere.frame_count < QMON_THROWN_FRAMES ? elsewhere.frame_count : QMON_THROWN_FRAMES;
    record->thrown.tid = (uint32_t) elsewhere.tid;
    record->thrown.frame_count = count;
    memcpy(record->thrown.frames, elsewhere.frames + OURS, count * sizeof elsewhere.frames[0]);
    memcpy(record->crash.abort_message, elsewhere.message, sizeof elsewhere.message);
    atomic_flag_clear_explicit(&elsewhere_busy, memory_order_release);
}

bool qmon__panic_ends(struct qmon_record *record) {
    struct qmon_record_crash *crash = &record->crash;
    if (last.tid == 0 || last.tid != qmon__gettid())
        return false;
    crash->tid = (uint32_t) last.tid;
    crash->frame_count_inner = last.frame_count;
    memcpy(crash->frames, last.frames + OURS, last.frame_count * sizeof last.frames[0]);
    memcpy(crash->exception_message, last.message, sizeof last.message);
    if (elsewhere.tid != 0 && is_answer(last.message))
        keep_elsewhere(record);
    crash->origin = QMON_ORIGIN_PANIC;
    return true;
}

/*
 * A few places, each for the exceptions whose addresses come to it: the newest one is kept. Programs that throw all the time use
 * the same memory, and so the same place, again and again; each throw costs the walk along its stack, and a copy.
 *
 * WHO OWNS A PLACE. A thread that writes puts WRITING where the address was; one that finds it there goes its way, and what it would
 * have noted is not known. Whoever reads does so in the end, and takes what has its object's address and type.
 */
#include "thrown.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "steps.h"
#include "valgrind.h"

#define PLACES 64u /* a power of two */
#define WRITING 1u
#define OURS 2u       /* frames: here, and in the hook */
#define LOOKED_AT 64u /* frames of the crashing stack */

static struct place {
    _Atomic uintptr_t object; /* 0 never used */
    uintptr_t type;
    uint32_t thread, count; /* thread: its own_number() */
    uint64_t frames[QMON_THROWN_FRAMES];
} places[PLACES];

static struct place *place_of(const void *object) {
    const uintptr_t address = (uintptr_t) object;
    return &places[(address >> 4 ^ address >> 12) % PLACES];
}

/* Tells this thread from all others, also from those that are gone. No system call: a filter that was there before the program, and of
 * which nothing is known here, could end the program for it. */
static uint32_t own_number(void) {
    static _Atomic uint32_t last;
    static _Thread_local uint32_t number;
    if (number == 0)
        number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return number;
}

/* Its tools look at every access to memory and tell of ours as of the program's. Asked once. */
static bool is_watched(void) {
    static _Atomic unsigned char answer; /* 0 not yet asked, 1 no, 2 yes */
    unsigned char known = atomic_load_explicit(&answer, memory_order_relaxed);
    if (known == 0) {
        known = qmon__on_valgrind() ? 2 : 1;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known == 2;
}

__attribute__((noinline)) void qmon__note_thrown(const void *object, const void *type) {
    void *frames[QMON_THROWN_FRAMES + OURS];
    if (is_watched())
        return;
    struct qmon__trail trail;
    struct place *place = place_of(object);
    const size_t found = qmon__steps_here(frames, QMON_THROWN_FRAMES + OURS, &trail);
    if (atomic_exchange_explicit(&place->object, WRITING, memory_order_acquire) == WRITING)
        return;
    place->type = (uintptr_t) type;
    place->thread = own_number();
    place->count = found > OURS ? (uint32_t) (found - OURS) : 0;
    for (uint32_t i = 0; i < place->count; i++)
        place->frames[i] = (uint64_t) (uintptr_t) frames[i + OURS];
    atomic_store_explicit(&place->object, (uintptr_t) object, memory_order_release);
}

/* Does the stack that the program ends with lead to the very call that threw? */
static bool is_last_throw(const struct place *place, const struct qmon_record_crash *crash) {
    for (uint32_t i = 0; i < crash->frame_count_inner && i < LOOKED_AT; i++)
        for (uint32_t f = 0; f < 2 && f < place->count; f++)
            if (crash->frames[i] == place->frames[f])
                return true;
    return false;
}

void qmon__keep_thrown(const void *object, const void *type, struct qmon_record_crash *crash) {
    struct qmon_record *record = (struct qmon_record *) (void *) ((char *) crash - offsetof(struct qmon_record, crash));
    const struct place *place = place_of(object);
    if (atomic_load_explicit(&place->object, memory_order_acquire) != (uintptr_t) object ||
        place->type != (uintptr_t) type || is_last_throw(place, crash))
        return;
    record->thrown.tid = place->thread == own_number() ? crash->tid : 0;
    memcpy(record->thrown.frames, place->frames, place->count * sizeof place->frames[0]);
    record->thrown.frame_count = place->count;
}

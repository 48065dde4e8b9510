/*
 * Where the report of a key waits is remembered in a table of this process: a word that holds the turn and half of the key.
 * The keys of the slots stand beside. A word that is stale, or was overwritten by another key, only costs a slot. The table is
 * made by the first report, in memory that the kernel wipes in the child of a fork (MADV_WIPEONFORK), so that `owned` tells
 * whose it is without a system call for each report. A child of vfork counts in its parent's name.
 *
 * COUNTING. A slot's `repeats` (record.h) holds its generation, which changes each time the slot is filled, a mark that
 * it is closed, and the count. A producer adds to it by compare-and-exchange, so it cannot add to a slot that was taken out
 * or filled anew since it looked. The consumer closes a slot before it reads it: whoever comes later finds it closed and
 * takes a slot of its own. No report is counted twice or not at all.
 */
#include "repeats.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define XXH_INLINE_ALL
#define XXH_NO_STREAM
#include <xxhash.h>

#include "sys.h"
#include "thread.h"

struct qmon__repeats *_Atomic qmon__repeats;

static void make_table(void) {
    const long made = qmon__sys_6(SYS_mmap, 0, sizeof(struct qmon__repeats), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made < 0 && made > -4096)
        return;
    struct qmon__repeats *nothing = NULL;
    if (qmon__sys_3(SYS_madvise, made, sizeof(struct qmon__repeats), MADV_WIPEONFORK) != 0 || /* before Linux 4.14 */
        !atomic_compare_exchange_strong(&qmon__repeats, &nothing, (struct qmon__repeats *) made))
        qmon__sys_2(SYS_munmap, made, sizeof(struct qmon__repeats));
}

void qmon__repeats_own(void) {
    if (atomic_load_explicit(&qmon__repeats, memory_order_acquire) == NULL)
        make_table();
    struct qmon__repeats *table = atomic_load_explicit(&qmon__repeats, memory_order_acquire);
    if (table != NULL)
        atomic_store_explicit(&table->owned, true, memory_order_relaxed);
}

static uint64_t hash_text(const char *text, uint64_t seed) {
    return text != NULL ? XXH3_64bits_withSeed(text, strlen(text), seed) : seed * 31 + 1;
}

uint64_t qmon__words_key(const struct qmon__report_text *text) {
    /* A thread's repeats are its own: they are told with its number, and two threads do not count in one place. */
    uint64_t key = hash_text(text->code, (uint64_t) text->severity ^ (uintptr_t) &qmon__thread);
    key = hash_text(text->endpoint, key);
    key = hash_text(text->user_id, key);
    key = hash_text(text->message, key);
    for (const char *const *extra = text->extras; extra != NULL && *extra != NULL; extra++)
        key = hash_text(*extra, key);
    return key;
}

uint64_t qmon__report_key(uint64_t words, void *const *frames, size_t frame_count) {
    const uint64_t stack = XXH3_64bits(frames, frame_count * sizeof frames[0]); /* a seed costs much for long input */
    const uint64_t key = XXH3_64bits_withSeed(&stack, sizeof stack, words);
    return key != 0 ? key : 1;
}

static uint32_t generation_of(uint32_t turn) {
    return turn / QMON_RING_SLOTS % QMON_REPEATS_GENERATIONS * QMON_REPEATS_GENERATION;
}

uint32_t qmon__repeat_counted(struct qmon_record_ring *ring, uint64_t key, uint32_t *ret_turn) {
    struct qmon__repeats *table = atomic_load_explicit(&qmon__repeats, memory_order_acquire);
    if (table == NULL)
        return 0;
    const uint64_t place = atomic_load_explicit(&table->places[key % QMON__REPEAT_PLACES], memory_order_acquire);
    const uint32_t turn = *ret_turn = (uint32_t) place;
    if (place == 0 || place >> 32 != key >> 32 ||
        atomic_load_explicit(&table->slot_keys[turn % QMON_RING_SLOTS], memory_order_acquire) != key)
        return 0;
    return qmon__repeat_counted_at(&ring->slots[turn % QMON_RING_SLOTS], turn);
}

void qmon__repeats_begin(struct qmon_ring_slot *slot, uint32_t turn, uint64_t key) {
    struct qmon__repeats *table = atomic_load_explicit(&qmon__repeats, memory_order_acquire);
    if (table != NULL)
        atomic_store_explicit(&table->slot_keys[turn % QMON_RING_SLOTS], key, memory_order_release);
    atomic_store_explicit(&slot->repeats, generation_of(turn), memory_order_release);
}

void qmon__repeats_offer(uint32_t turn, uint64_t key) {
    struct qmon__repeats *table = atomic_load_explicit(&qmon__repeats, memory_order_acquire);
    if (table != NULL)
        atomic_store_explicit(&table->places[key % QMON__REPEAT_PLACES], key >> 32 << 32 | turn, memory_order_release);
}

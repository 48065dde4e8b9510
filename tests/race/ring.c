/* race: agent/capture/filters.c agent/capture/repeats.c agent/capture/ring.c agent/capture/sites.c agent/capture/text.c */
/*
 * Four threads report as fast as they can while one takes the reports out, as record.h says it is done:
 *   1. what is taken is whole: the text, the frames and the lengths are those of one report
 *   2. each report that was accepted is taken once, by itself or counted with one of the same, those of a thread in their order
 *   3. accepted and dropped reports together are all, and the events tell how many were dropped
 * ThreadSanitizer sees whether a slot is handed over by its sequence alone.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "background.h"
#include "clock.h"
#include "crumbs.h"
#include "guard.h"
#include "record_file.h"
#include "ring.h"
#include "thread.h"
#include "unwind.h"

enum { PRODUCERS = 4, REPORTS = 20000, TIMES = 3 };

struct qmon__agent qmon__agent;
_Thread_local struct qmon__thread qmon__thread;
static struct qmon_record record;

bool qmon__guarded(void (*function)(void *argument), void *argument, uint64_t within_ms) {
    (void) within_ms;
    function(argument);
    return true;
}

static _Atomic bool producers_done;
static _Atomic unsigned accepted, dropped;

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "ring: %s: ", #condition);                                                                 \
            fprintf(stderr, __VA_ARGS__);                                                                              \
            fputc('\n', stderr);                                                                                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* What the ring calls, replaced: nobody needs to be woken here, and a stack that tells its report is better than a real one. */
void qmon__background_ask(unsigned chores) {
    (void) chores;
}

void qmon__crumb_of_thread(uint32_t tid, const char *text, const char *more, const char *rest) {
    (void) tid, (void) text, (void) more, (void) rest;
}

_Atomic uint64_t qmon__steps_forgotten;

uint64_t qmon__real_ns(void) {
    return 1;
}

static _Thread_local uint64_t present;

size_t qmon__unwind_here(void *ret_room[static QMON__ROOM_FOR_HERE], size_t skip, void *const **ret_first,
                         struct qmon__trail *ret_trail) {
    (void) skip;
    ret_trail->count = 0;
    for (size_t i = 0; i < QMON_RING_FRAMES; i++)
        ret_room[i] = (void *) (uintptr_t) present;
    *ret_first = ret_room;
    return QMON_RING_FRAMES;
}

static void report(const char *message) {
    const struct qmon__report_place place = {report, &present};
    const struct qmon__report_text text = {2, "race", message, NULL, message, NULL};
    const int r = qmon__ring_report(&text, &place, 0);

    CHECK(r == 0 || r == 1 || r == -EAGAIN, "%d", r);
    if (r >= 0) {
        atomic_fetch_add(&accepted, 1);
    } else {
        atomic_fetch_add(&dropped, 1);
        sched_yield();
    }
}

static void *produce(void *argument) {
    const unsigned producer = (unsigned) (uintptr_t) argument;
    char message[64];

    for (unsigned i = 0; i < REPORTS; i++) {
        present = (uint64_t) producer << 32 | i;
        snprintf(message, sizeof message, "%u %u", producer, i);
        for (unsigned times = 0; times < TIMES; times++)
            report(message);
    }
    return NULL;
}

static void check_slot(const struct qmon_ring_slot *slot, unsigned *next_of) {
    const unsigned producer = (unsigned) (slot->frames[0] >> 32), number = (unsigned) slot->frames[0];
    char message[64], expected[160];

    CHECK(producer < PRODUCERS && number < REPORTS, "producer %u, number %u", producer, number);
    CHECK(number >= next_of[producer], "%u of producer %u after %u", number, producer, next_of[producer]);
    next_of[producer] = number;
    for (unsigned i = 0; i < QMON_RING_FRAMES; i++)
        CHECK(slot->frames[i] == slot->frames[0], "frame %u", i);
    snprintf(message, sizeof message, "%u %u", producer, number);
    const size_t bytes = (size_t) snprintf(expected, sizeof expected, "race%s%s", message, message);
    CHECK(slot->code_bytes == 4 && slot->endpoint_bytes == strlen(message) && slot->message_bytes == strlen(message),
          "lengths %u %u %u", slot->code_bytes, slot->endpoint_bytes, slot->message_bytes);
    CHECK(memcmp(slot->text, expected, bytes) == 0, "text of %s", message);
}

static void *consume(void *argument) {
    struct qmon_record_ring *ring = &record.ring;
    unsigned next_of[PRODUCERS] = {0}, *ret_taken = argument, told = 0, told_dropped = 0;

    for (uint32_t turn = 0;; turn++) {
        struct qmon_ring_slot *slot = &ring->slots[turn % QMON_RING_SLOTS];
        while (atomic_load_explicit(&slot->sequence, memory_order_acquire) != turn + 1) {
            if (atomic_load(&producers_done) && atomic_load(&ring->head) == turn) {
                CHECK(told_dropped <= atomic_load(&dropped), "%u told", told_dropped);
                *ret_taken = told;
                return NULL;
            }
            sched_yield();
        }
        const uint32_t repeats = atomic_fetch_or_explicit(&slot->repeats, QMON_REPEATS_CLOSED, memory_order_acq_rel);
        check_slot(slot, next_of);
        CHECK((repeats & QMON_REPEATS_COUNT) < TIMES, "%x", repeats);
        told += 1 + (repeats & QMON_REPEATS_COUNT);
        told_dropped += slot->dropped_before;
        atomic_store_explicit(&slot->sequence, turn + QMON_RING_SLOTS, memory_order_release);
        atomic_store_explicit(&ring->tail, turn + 1, memory_order_release);
    }
}

int main(void) {
    pthread_t producers[PRODUCERS], consumer;
    unsigned taken = 0;

    qmon__agent.record = &record;
    qmon__agent.active = true;
    atomic_store(&qmon__agent.pid, getpid());
    CHECK(pthread_create(&consumer, NULL, consume, &taken) == 0, "no thread");
    for (unsigned i = 0; i < PRODUCERS; i++)
        CHECK(pthread_create(&producers[i], NULL, produce, (void *) (uintptr_t) i) == 0, "no thread");
    for (unsigned i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i], NULL);
    atomic_store(&producers_done, true);
    pthread_join(consumer, NULL);
    CHECK(taken == accepted, "%u taken, %u accepted", taken, accepted);
    CHECK(accepted + dropped == PRODUCERS * REPORTS * TIMES, "%u accepted, %u dropped", accepted, dropped);
    CHECK(atomic_load(&record.ring.dropped) == dropped, "%u counted", atomic_load(&record.ring.dropped));
    printf("%u reports taken, %u dropped for want of room\n", taken, dropped);
    return 0;
}

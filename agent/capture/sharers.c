#include "sharers.h"

#include <stdatomic.h>
#include <stdint.h>

#include "agent.h"
#include "hot.h"
#include "thread.h"

#define NEAR_BYTES 131072u /* of the start of a stack, in which most calls are made */

static _Atomic bool always_ask QMON__HOT;

#define REMEMBERED 64u
#define KILLED 0x40000000u    /* by its maker: counts for SIGKILL alone */
#define SUICIDE 0xc0000000u   /* by itself, the same */
#define ACCOUNTED 0x80000000u /* its end is told, or will be */
#define NUMBER 0x3fffffffu

/* A number, and one of the above or nothing; 0: free. In the memory that all of them share. */
static _Atomic uint32_t known[REMEMBERED];
static _Atomic unsigned next_known QMON__HOT;
static _Atomic unsigned being_made QMON__HOT; /* whose maker has not been told their number */

void qmon__sharer_expected(bool waits) {
    if (waits)
        qmon__thread.may_be_guest = true;
    else
        atomic_store_explicit(&always_ask, true, memory_order_relaxed);
}

/* The first frame that we saw may lie below the first of the program's. */
static bool is_on_own_stack(void) {
    const uintptr_t here = (uintptr_t) __builtin_frame_address(0), top = qmon__thread.stack_top;
    return top != 0 && here - (top - NEAR_BYTES) < 2 * NEAR_BYTES;
}

bool qmon__is_surely_owner(void) {
    if (!qmon__thread.may_be_guest && is_on_own_stack() && !atomic_load_explicit(&always_ask, memory_order_relaxed))
        return true;
    if (!qmon__is_owner())
        return false;
    qmon__thread.may_be_guest = false;
    return true;
}

static void add(uint32_t entry) {
    const unsigned place = atomic_fetch_add_explicit(&next_known, 1, memory_order_relaxed) % REMEMBERED;
    atomic_store_explicit(&known[place], entry, memory_order_release);
}

static bool take(uint32_t entry) {
    bool found = false;
    for (unsigned i = 0; i < REMEMBERED; i++) {
        uint32_t expected = entry;
        found |= atomic_load_explicit(&known[i], memory_order_relaxed) == entry &&
                 atomic_compare_exchange_strong(&known[i], &expected, 0);
    }
    return found;
}

void qmon__sharer_making(void) {
    atomic_fetch_add(&being_made, 1);
}

void qmon__sharer_made(int child) {
    if (child > 0 && !take((uint32_t) child | ACCOUNTED))
        add((uint32_t) child);
    atomic_fetch_sub(&being_made, 1);
}

static _Atomic unsigned without_number QMON__HOT; /* besides the last one of each thread */

void qmon__sharer_without_number(void) {
    if (qmon__thread.guest_untold)
        atomic_fetch_add_explicit(&without_number, 1, memory_order_relaxed);
    qmon__thread.guest_untold = true;
}

bool qmon__sharer_take_without_number(void) {
    if (qmon__thread.guest_untold) {
        qmon__thread.guest_untold = false;
        return true;
    }
    unsigned count = atomic_load_explicit(&without_number, memory_order_relaxed);
    while (count > 0 && !atomic_compare_exchange_weak(&without_number, &count, count - 1))
        ;
    return count > 0;
}

void qmon__sharer_killed(int pid, bool by_itself) {
    add((uint32_t) pid | (by_itself ? SUICIDE : KILLED));
}

/* Its maker may be about to note it, or have to wait for that until it has left. */
void qmon__sharer_accounted(int pid) {
    qmon__thread.guest_untold = false;
    const bool may_be_noted_yet = atomic_load(&being_made) > 0;
    if (atomic_load_explicit(&next_known, memory_order_acquire) == 0 && !may_be_noted_yet)
        return;
    if (!take((uint32_t) pid) && may_be_noted_yet)
        add((uint32_t) pid | ACCOUNTED);
}

enum qmon__sharer_end qmon__sharer_ended(int pid) {
    if (atomic_load_explicit(&next_known, memory_order_acquire) == 0)
        return QMON__SHARER_NONE;
    const uint32_t number = (uint32_t) pid & NUMBER;
    const bool made = take(number), killed = take(number | KILLED), suicide = take(number | SUICIDE);
    if (take(number | ACCOUNTED))
        return QMON__SHARER_NONE;
    return suicide ? QMON__SHARER_SUICIDE
           : made  ? QMON__SHARER_UNTOLD
                   : (killed ? QMON__SHARER_KILLED : QMON__SHARER_NONE);
}

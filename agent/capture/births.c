/*
 * What the parent writes for a child stands in the shared memory, too: a fork makes each page of private memory a copy for whoever
 * writes to it next, parent or child, and that costs a fork more than all that is done here.
 */
#include "births.h"

#include <stddef.h>
#include <sys/mman.h>

#include "agent.h"

#define PLACES 256u
#define NUMBERS 0x400000u /* more are no process's (PID_MAX_LIMIT of include/linux/threads.h) */

struct births {
    _Atomic unsigned next; /* place */
    _Atomic uint32_t count;
    _Atomic int last;
    _Atomic int children[PLACES];
    atomic_uchar begun_at[PLACES];
    _Alignas(4096)
        atomic_uchar begun[NUMBERS / 8]; /* a bit for each number; pages that are not touched are not there */
};

static _Atomic(struct births *) own QMON__HOT;
/* That of a parent, where we have told. It is given back by who forks in its turn: most children never do, and the mapping goes with
 * them, while to give it back costs as much as the rest of a child's beginning. */
static _Atomic(struct births *) parent_s QMON__HOT;

static struct births *own_births(void) {
    struct births *present = atomic_load_explicit(&own, memory_order_acquire);
    if (present != NULL)
        return present;
    struct births *const left = atomic_exchange_explicit(&parent_s, NULL, memory_order_acq_rel);
    if (left != NULL)
        qmon__sys_2(SYS_munmap, left, sizeof *left);
    const long address = qmon__sys_6(SYS_mmap, 0, sizeof *present, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address < 0 && address > -4096)
        return NULL;
    if (atomic_compare_exchange_strong_explicit(&own, &present, (struct births *) address, memory_order_acq_rel,
                                                memory_order_acquire))
        return (struct births *) address;
    qmon__sys_2(SYS_munmap, address, sizeof *present); /* another thread forks for the first time, too */
    return present;
}

unsigned qmon__birth_expected(void) {
    struct births *const births = qmon__agent.active && qmon__is_owner() ? own_births() : NULL;
    if (births == NULL)
        return PLACES;
    const unsigned place = atomic_fetch_add_explicit(&births->next, 1, memory_order_relaxed) % PLACES;
    atomic_store_explicit(&births->children[place], 0, memory_order_relaxed);
    atomic_store_explicit(&births->begun_at[place], 0, memory_order_relaxed);
    return place;
}

void qmon__birth_over(unsigned place, int child) {
    struct births *const births = atomic_load_explicit(&own, memory_order_acquire);
    if (place >= PLACES || child <= 0 || births == NULL)
        return;
    atomic_store_explicit(&births->last, child, memory_order_relaxed);
    atomic_store_explicit(&births->children[place], child, memory_order_release);
}

void qmon__birth_begun(int pid) {
    struct births *const shared = atomic_load_explicit(&own, memory_order_relaxed);
    if (shared == NULL)
        return;
    atomic_uchar *const begun = &shared->begun[(unsigned) pid % NUMBERS / 8];
    qmon__make_pages((void *) ((uintptr_t) begun & ~(uintptr_t) 4095), 4096);
    atomic_fetch_or_explicit(begun, (unsigned char) (1u << (unsigned) pid % 8), memory_order_release);
    atomic_store_explicit(&own, NULL, memory_order_relaxed);
    atomic_store_explicit(&parent_s, shared, memory_order_relaxed);
}

void qmon__birth_begun_at(unsigned place) {
    struct births *const shared = atomic_load_explicit(&parent_s, memory_order_relaxed);
    if (place < PLACES && shared != NULL)
        atomic_store_explicit(&shared->begun_at[place], 1, memory_order_release);
}

static bool take_begun(struct births *births, int child) {
    const unsigned char bit = (unsigned char) (1u << (unsigned) child % 8);
    atomic_uchar *const begun = &births->begun[(unsigned) child % NUMBERS / 8];
    return (atomic_fetch_and_explicit(begun, (unsigned char) ~bit, memory_order_acq_rel) & bit) != 0;
}

bool qmon__birth_failed(int child) {
    struct births *const births = atomic_load_explicit(&own, memory_order_acquire);
    if (births == NULL)
        return false;
    const unsigned newest = atomic_load_explicit(&births->next, memory_order_relaxed);
    for (unsigned back = 1; back <= PLACES; back++) { /* an older one may have had the same number */
        const unsigned place = (newest - back) % PLACES;
        int expected = child;
        if (atomic_load_explicit(&births->children[place], memory_order_relaxed) == child &&
            atomic_compare_exchange_strong_explicit(&births->children[place], &expected, 0, memory_order_acq_rel,
                                                    memory_order_relaxed)) {
            const bool begun = take_begun(births, child);
            return !begun && atomic_load_explicit(&births->begun_at[place], memory_order_acquire) == 0;
        }
    }
    return false;
}

static bool has_place(struct births *births, int child, unsigned *ret_place) {
    for (unsigned i = 0; i < PLACES; i++) {
        if (atomic_load_explicit(&births->children[i], memory_order_relaxed) == child) {
            *ret_place = i;
            return true;
        }
    }
    return false;
}

static bool has_begun(struct births *births, int child) {
    const unsigned char begun =
        atomic_load_explicit(&births->begun[(unsigned) child % NUMBERS / 8], memory_order_acquire);
    return (begun & 1u << (unsigned) child % 8) != 0;
}

bool qmon__birth_known(int child) {
    struct births *const births = atomic_load_explicit(&own, memory_order_acquire);
    unsigned place;
    return births != NULL && (has_place(births, child, &place) || has_begun(births, child));
}

bool qmon__birth_awaited(int child) {
    struct births *const births = atomic_load_explicit(&own, memory_order_acquire);
    unsigned place;
    return births != NULL && has_place(births, child, &place) && !has_begun(births, child) &&
           atomic_load_explicit(&births->begun_at[place], memory_order_acquire) == 0;
}

int qmon__births_last(void) {
    const struct births *const births = atomic_load_explicit(&own, memory_order_acquire);
    return births != NULL ? atomic_load_explicit(&births->last, memory_order_relaxed) : 0;
}

_Atomic uint32_t *qmon__births_count(void) {
    static _Atomic uint32_t without_births;
    struct births *const births = atomic_load_explicit(&own, memory_order_acquire);
    return births != NULL ? &births->count : &without_births;
}

void qmon__births_visit(void (*visit)(int child, void *argument), void *argument) {
    const struct births *const births = atomic_load_explicit(&own, memory_order_acquire);
    for (unsigned i = 0; births != NULL && i < PLACES; i++) {
        const int child = atomic_load_explicit(&births->children[i], memory_order_acquire);
        if (child > 0)
            visit(child, argument);
    }
}

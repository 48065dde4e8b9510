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
        atomic_uchar steps[NUMBERS / 4]; /* two bits for each number; pages that are not touched are not there */
};

#define BEGUN 1u
#define LEFT 2u

static _Atomic(struct births *) own QMON__HOT;
/* That of a parent, where we tell. Children of ours are not to have it: this is seen to by who forks in its turn, as most children
 * never do, and it costs as much as the rest of a child's beginning. */
static _Atomic(struct births *) parent_s QMON__HOT;

static struct births *own_births(void) {
    struct births *present = atomic_load_explicit(&own, memory_order_acquire);
    if (present != NULL)
        return present;
    struct births *const above = atomic_load_explicit(&parent_s, memory_order_relaxed);
    if (above != NULL)
        qmon__sys_3(SYS_madvise, above, sizeof *above, MADV_DONTFORK);
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

/* Where the steps of a process are, and how far up in that. */
static atomic_uchar *steps_of(struct births *births, int pid, unsigned *ret_shift) {
    *ret_shift = (unsigned) pid % 4 * 2;
    return &births->steps[(unsigned) pid % NUMBERS / 4];
}

void qmon__birth_begun(int pid) {
    struct births *const shared = atomic_load_explicit(&own, memory_order_relaxed);
    unsigned shift;
    atomic_store_explicit(&parent_s, shared, memory_order_relaxed);
    if (shared == NULL)
        return;
    atomic_uchar *const steps = steps_of(shared, pid, &shift);
    qmon__make_pages((void *) ((uintptr_t) steps & ~(uintptr_t) 4095), 4096);
    /* One that nobody waited for may have had the same number. */
    atomic_fetch_and_explicit(steps, (unsigned char) ~(LEFT << shift), memory_order_relaxed);
    atomic_fetch_or_explicit(steps, (unsigned char) (BEGUN << shift), memory_order_release);
    atomic_store_explicit(&own, NULL, memory_order_relaxed);
}

void qmon__birth_begun_at(unsigned place) {
    struct births *const shared = atomic_load_explicit(&parent_s, memory_order_relaxed);
    if (place < PLACES && shared != NULL)
        atomic_store_explicit(&shared->begun_at[place], 1, memory_order_release);
}

void qmon__birth_left(int pid) {
    struct births *const shared = atomic_load_explicit(&parent_s, memory_order_relaxed);
    unsigned shift;
    if (shared == NULL)
        return;
    atomic_uchar *const steps = steps_of(shared, pid, &shift);
    atomic_fetch_or_explicit(steps, (unsigned char) (LEFT << shift), memory_order_release);
}

static unsigned take_steps(struct births *births, int child) {
    unsigned shift;
    atomic_uchar *const steps = steps_of(births, child, &shift);
    const unsigned both = (BEGUN | LEFT) << shift;
    return (atomic_fetch_and_explicit(steps, (unsigned char) ~both, memory_order_acq_rel) & both) >> shift;
}

enum qmon__birth_end qmon__birth_ended(int child) {
    struct births *const births = atomic_load_explicit(&own, memory_order_acquire);
    if (births == NULL)
        return QMON__BIRTH_UNKNOWN;
    const unsigned newest = atomic_load_explicit(&births->next, memory_order_relaxed);
    for (unsigned back = 1; back <= PLACES; back++) { /* an older one may have had the same number */
        const unsigned place = (newest - back) % PLACES;
        int expected = child;
        if (atomic_load_explicit(&births->children[place], memory_order_relaxed) == child &&
            atomic_compare_exchange_strong_explicit(&births->children[place], &expected, 0, memory_order_acq_rel,
                                                    memory_order_relaxed)) {
            const unsigned steps = take_steps(births, child);
            if ((steps & LEFT) != 0)
                return QMON__BIRTH_LEFT;
            return (steps & BEGUN) == 0 && atomic_load_explicit(&births->begun_at[place], memory_order_acquire) == 0
                       ? QMON__BIRTH_FAILED
                       : QMON__BIRTH_UNKNOWN;
        }
    }
    return QMON__BIRTH_UNKNOWN;
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
    unsigned shift;
    const unsigned steps = atomic_load_explicit(steps_of(births, child, &shift), memory_order_acquire);
    return (steps >> shift & BEGUN) != 0;
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

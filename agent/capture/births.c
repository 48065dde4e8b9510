#include "births.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#include "agent.h"
#include "thread.h"

#define PLACES 256u

/* One byte for each place, shared with the children, which give the mapping back as soon as they have told. */
static _Atomic(atomic_uchar *) page;
static _Atomic int children[PLACES];
static _Atomic unsigned next_place;

static atomic_uchar *own_page(void) {
    atomic_uchar *present = atomic_load_explicit(&page, memory_order_acquire);
    if (present != NULL)
        return present;
    const long address =
        qmon__sys_6(SYS_mmap, 0, qmon__agent.page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (address < 0 && address > -4096)
        return NULL;
    for (unsigned i = 0; i < PLACES; i++) /* a parent's */
        atomic_store_explicit(&children[i], 0, memory_order_relaxed);
    if (atomic_compare_exchange_strong_explicit(&page, &present, (atomic_uchar *) address, memory_order_acq_rel,
                                                memory_order_acquire))
        return (atomic_uchar *) address;
    qmon__sys_2(SYS_munmap, address, qmon__agent.page_bytes); /* another thread forks for the first time, too */
    return present;
}

void qmon__birth_expected(struct qmon__birth *ret_birth) {
    *ret_birth = (struct qmon__birth){.outer = qmon__thread.birth};
    qmon__thread.birth = NULL;
    if (!qmon__agent.active || !qmon__is_owner())
        return;
    atomic_uchar *const own = own_page();
    if (own == NULL)
        return;
    ret_birth->place = atomic_fetch_add_explicit(&next_place, 1, memory_order_relaxed) % PLACES;
    atomic_store_explicit(&children[ret_birth->place], 0, memory_order_relaxed);
    atomic_store_explicit(&own[ret_birth->place], 0, memory_order_relaxed);
    qmon__thread.birth = &own[ret_birth->place];
}

void qmon__birth_over(const struct qmon__birth *birth, int child) {
    if (qmon__thread.birth != NULL)
        atomic_store_explicit(&children[birth->place], child > 0 ? child : 0, memory_order_release);
    qmon__thread.birth = birth->outer;
}

void qmon__birth_begun(void) {
    atomic_uchar *const shared = atomic_load_explicit(&page, memory_order_relaxed);
    if (qmon__thread.birth != NULL)
        atomic_store_explicit((atomic_uchar *) qmon__thread.birth, 1, memory_order_release);
    qmon__thread.birth = NULL;
    if (shared == NULL)
        return;
    atomic_store_explicit(&page, NULL, memory_order_relaxed);
    qmon__sys_2(SYS_munmap, shared, qmon__agent.page_bytes);
}

bool qmon__birth_failed(int child) {
    const atomic_uchar *const own = atomic_load_explicit(&page, memory_order_acquire);
    if (own == NULL)
        return false;
    const unsigned newest = atomic_load_explicit(&next_place, memory_order_relaxed);
    for (unsigned back = 1; back <= PLACES; back++) { /* an older one may have had the same number */
        const unsigned place = (newest - back) % PLACES;
        int expected = child;
        if (atomic_compare_exchange_strong_explicit(&children[place], &expected, 0, memory_order_acq_rel,
                                                    memory_order_relaxed))
            return atomic_load_explicit(&own[place], memory_order_acquire) == 0;
    }
    return false;
}

void qmon__births_visit(void (*visit)(int child, int argument), int argument) {
    if (atomic_load_explicit(&page, memory_order_acquire) == NULL)
        return;
    for (unsigned i = 0; i < PLACES; i++) {
        const int child = atomic_load_explicit(&children[i], memory_order_acquire);
        if (child > 0)
            visit(child, argument);
    }
}

/*
 * timer_create: libc makes a thread each time that a timer with SIGEV_THREAD goes off, past pthread_create and with every signal
 * blocked, so that a fault in it would end the process before anybody could look. Its function is put behind one of ours, which
 * lets faults come through as in other threads; the mask that the program reads there stays what it was.
 *
 * What to call is kept for ever, because a thread may be on its way when its timer is deleted; but only once for each function
 * and value, of which a program has few. A timer for which there is no room any more goes without, and is counted.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <agent.h>
#include <ring.h>

#include "next.h"
#include "thread_begins.h"

#define PLACES 512u /* all are looked at, so that none is free where a timer goes without */

typedef void (*notify_function)(union sigval);
typedef int (*timer_create_function)(clockid_t, struct sigevent *, timer_t *);

struct call {
    _Atomic(notify_function) function; /* NULL: free */
    _Atomic(void *) value;             /* of no meaning before `ready` */
    atomic_bool ready;
};

static struct call calls[PLACES];

static void begin(union sigval place) {
    const struct call *const call = place.sival_ptr;
    const notify_function function = atomic_load_explicit(&call->function, memory_order_relaxed);
    const union sigval value = {.sival_ptr = atomic_load_explicit(&call->value, memory_order_relaxed)};
    qmon__thread_begins();
    function(value);
}

static struct call *place_of(notify_function function, void *value) {
    const uint64_t hash = ((uint64_t) (uintptr_t) function ^ (uint64_t) (uintptr_t) value * 31) * 0x9e3779b97f4a7c15u;
    for (unsigned i = 0; i < PLACES; i++) {
        struct call *const call = &calls[(unsigned) ((hash >> 40) + i) % PLACES];
        notify_function present = NULL;
        if (atomic_compare_exchange_strong(&call->function, &present, function)) {
            atomic_store_explicit(&call->value, value, memory_order_relaxed);
            atomic_store_explicit(&call->ready, true, memory_order_release);
            return call;
        }
        if (present == function && atomic_load_explicit(&call->ready, memory_order_acquire) &&
            atomic_load_explicit(&call->value, memory_order_relaxed) == value)
            return call;
    }
    return NULL;
}

int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict ret_timer) {
    static void *_Atomic next;
    const timer_create_function real = (timer_create_function) qmon__next("timer_create", &next);
    if (event == NULL || event->sigev_notify != SIGEV_THREAD || event->sigev_notify_function == NULL ||
        !qmon__agent.active)
        return real(clock, event, ret_timer);
    struct sigevent changed = *event;
    struct call *const call = place_of(event->sigev_notify_function, event->sigev_value.sival_ptr);
    if (call == NULL) {
        qmon__ring_count_unwatched_timer();
        return real(clock, event, ret_timer);
    }
    qmon__threads_expected();
    changed.sigev_notify_function = begin;
    changed.sigev_value.sival_ptr = call;
    return real(clock, &changed, ret_timer);
}

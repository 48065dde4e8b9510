/*
 * pthread_create: a new thread gets an alternate stack from the pool.
 *
 * The stack's own low end carries what the new thread needs to know: nothing is allocated. It goes back to the pool in
 * the last round of the thread's key destructors.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <threads.h>

#include <agent.h>
#include <alternate_stack.h>
#include <mask.h>
#include <thread.h>

#include "next.h"
#include "thread_begins.h"
#include "wait.h"

/* Others than glibc lack it. */
int pthread_attr_getsigmask_np(const pthread_attr_t *attributes, sigset_t *ret_mask) __attribute__((weak));

typedef void *(*start_function)(void *);
typedef int (*create_function)(pthread_t *, const pthread_attr_t *, start_function, void *);

struct passenger {
    start_function start;
    void *argument;
    unsigned rounds;
    bool has_mask; /* of its own, set past us; else its creator's: */
    struct qmon__belief belief;
};

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static _Atomic bool has_key;

static void thread_ends(void *stack) {
    struct passenger *passenger = stack;
    if (++passenger->rounds < PTHREAD_DESTRUCTOR_ITERATIONS && pthread_setspecific(key, stack) == 0)
        return; /* other destructors may still fault */
    qmon__alternate_stack_leave(stack);
}

static void make_key(void) {
    qmon__resolve_waits();
    qmon__resolve_forks();
    atomic_store(&has_key, pthread_key_create(&key, thread_ends) == 0);
}

static void set_out(struct passenger *passenger) {
    passenger->rounds = 0;
    qmon__thread.stack_top = (uintptr_t) __builtin_frame_address(0);
    if (passenger->has_mask)
        qmon__mask_start();
    else
        qmon__thread.belief = passenger->belief;
    if (pthread_setspecific(key, passenger) == 0)
        qmon__alternate_stack_use(passenger);
}

static void *begin(void *stack) {
    struct passenger *passenger = stack;
    const start_function start = passenger->start;
    void *const argument = passenger->argument;
    set_out(passenger);
    return start(argument);
}

/* NULL: the thread goes without. */
static void *take_stack(void) {
    if (!qmon__agent.active)
        return NULL;
    pthread_once(&key_once, make_key);
    return atomic_load(&has_key) ? qmon__alternate_stack_take() : NULL;
}

void qmon__threads_expected(void) {
    pthread_once(&key_once, make_key);
}

void qmon__thread_begins(void) {
    struct passenger *const passenger = take_stack();
    if (passenger == NULL) {
        qmon__mask_start();
        return;
    }
    passenger->has_mask = true;
    set_out(passenger);
}

static bool has_own_mask(const pthread_attr_t *attributes) {
    sigset_t mask;
    return attributes != NULL && pthread_attr_getsigmask_np != NULL &&
           pthread_attr_getsigmask_np(attributes, &mask) == 0;
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes, start_function start,
                   void *restrict argument) {
    static void *_Atomic next;
    const create_function real = (create_function) qmon__next("pthread_create", &next);
    struct passenger *passenger = take_stack();
    if (passenger == NULL)
        return real(thread, attributes, start, argument);
    passenger->start = start;
    passenger->argument = argument;
    passenger->has_mask = has_own_mask(attributes);
    passenger->belief = qmon__thread.belief;
    const int error = real(thread, attributes, begin, passenger);
    if (error != 0)
        qmon__alternate_stack_give(passenger);
    return error;
}

/* C11's threads are made inside libc, past pthread_create. */
typedef int (*c11_create_function)(thrd_t *, thrd_start_t, void *);

struct c11_start {
    thrd_start_t start;
    void *argument;
};

_Static_assert(sizeof(struct passenger) <= 64, "what C11 threads need lies behind it at the stack's low end");

static int begin_c11(void *stack) {
    const struct c11_start begin = *(const struct c11_start *) ((char *) stack + 64);
    set_out(stack);
    return begin.start(begin.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t start, void *argument) {
    static void *_Atomic next;
    const c11_create_function real = (c11_create_function) qmon__next("thrd_create", &next);
    char *stack = take_stack();
    if (stack == NULL)
        return real(thread, start, argument);
    struct passenger *passenger = (struct passenger *) stack;
    passenger->has_mask = false;
    passenger->belief = qmon__thread.belief;
    *(struct c11_start *) (stack + 64) = (struct c11_start){start, argument};
    const int error = real(thread, begin_c11, stack);
    if (error != thrd_success)
        qmon__alternate_stack_give(stack);
    return error;
}

/*
 * The thread's life. `asked` holds the chores; `running` says that somebody will look at them. A thread that finds none clears
 * `running` and looks once more, so a chore asked for in between is seen either by it or by its asker, who then makes a
 * new thread. The old one's stack is free when the kernel has cleared `thread_id` (CLONE_CHILD_CLEARTID), which is
 * microseconds after.
 */
#include "background.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "agent.h"
#include "kin.h"
#include "launch.h"
#include "ring.h"
#include "settings.h"

#define RING_WAIT_MS 600000u /* a receiver that serves a storm may live long; it ends by itself when there is nothing */

static _Atomic int thread_id QMON__HOT; /* 0: there is none */
static _Atomic bool running QMON__HOT;
static _Atomic unsigned asked QMON__HOT;
static struct qmon__spawn_stacks spawn_stacks;
static char thread_stack[16 * 1024] __attribute__((aligned(64)));

static int run_receiver(const char *why, uint64_t wait_ms) {
    const struct qmon__spawn_request request = {.why = why,
                                                .manner = QMON__SPAWN_AWAITED,
                                                .wait_ms = wait_ms,
                                                .kept = qmon__orphans_are_seen(),
                                                .stacks = &spawn_stacks};
    return qmon__spawn_receiver(&request);
}

static int do_chores(unsigned chores) {
    int result = 0;
    if (chores & QMON__CHORE_START)
        result = run_receiver("start", qmon__settings.deadline_ms);
    if (chores & QMON__CHORE_FOUND)
        result = run_receiver("found", qmon__settings.deadline_ms);
    if (chores & QMON__CHORE_RING) {
        result = run_receiver("ring", RING_WAIT_MS);
        if (result == 0 && qmon__ring_has_events())
            atomic_fetch_or_explicit(&asked, QMON__CHORE_RING, memory_order_acq_rel);
    }
    return result;
}

/* Did somebody ask after this thread stopped looking, and is it still up to this thread? */
static bool is_called_back(void) {
    bool idle = false;
    return atomic_load_explicit(&asked, memory_order_acquire) != 0 &&
           atomic_compare_exchange_strong_explicit(&running, &idle, true, memory_order_acq_rel, memory_order_relaxed);
}

static int run_thread(void *unused) {
    (void) unused;
    do {
        unsigned chores, failures = 0;
        while (failures < 3 && (chores = atomic_exchange_explicit(&asked, 0, memory_order_acq_rel)) != 0)
            failures = do_chores(chores) == 0 ? 0 : failures + 1;
        atomic_store_explicit(&running, false, memory_order_release);
    } while (is_called_back());
    return 0;
}

static void start_thread(void) {
    const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    const qmon__sigset all = ~(qmon__sigset) 0;
    qmon__sigset before;
    const long making[6] = {(long) flags};
    if (qmon__filters_seen() && qmon__filters_forbid(SYS_clone, making)) {
        atomic_store_explicit(&running, false, memory_order_release);
        return;
    }
    qmon__sigprocmask(SIG_SETMASK, &all, &before);
    if (qmon__clone_thread(flags, thread_stack + sizeof thread_stack, run_thread, NULL, (int *) &thread_id) < 0)
        atomic_store_explicit(&running, false, memory_order_release);
    qmon__sigprocmask(SIG_SETMASK, &before, NULL);
}

void qmon__background_ask(unsigned chores) {
    atomic_fetch_or_explicit(&asked, chores, memory_order_acq_rel);
    bool idle = false;
    if (!atomic_compare_exchange_strong_explicit(&running, &idle, true, memory_order_acq_rel, memory_order_relaxed))
        return;
    while (atomic_load_explicit(&thread_id, memory_order_acquire) != 0)
        qmon__step_aside();
    start_thread();
}

bool qmon__background_leave(uint64_t within_ms) {
    for (uint64_t waited = 0; waited < within_ms; waited++) {
        if (atomic_load_explicit(&thread_id, memory_order_acquire) == 0)
            return true;
        const struct timespec patience = {.tv_nsec = 1000000};
        qmon__sys_2(SYS_nanosleep, &patience, NULL);
    }
    return atomic_load_explicit(&thread_id, memory_order_acquire) == 0;
}

void qmon__background_settle(void) {
    if (atomic_load_explicit(&thread_id, memory_order_acquire) != 0 && qmon__kin_has_subreaper())
        qmon__background_leave(qmon__settings.deadline_ms);
}

int qmon__background_tid(void) {
    return atomic_load_explicit(&thread_id, memory_order_acquire);
}

void qmon__background_forked(void) {
    atomic_store_explicit(&thread_id, 0, memory_order_relaxed);
    atomic_store_explicit(&running, false, memory_order_relaxed);
    atomic_store_explicit(&asked, 0, memory_order_relaxed);
}

#include "deadly.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "agent.h"
#include "launch.h"
#include "sys.h"

#define ALL_SIGNALS (~(qmon__sigset) 0)

enum { UNKNOWN, HARMLESS, DEADLY };

static const short doubtful[] = {SYS_timer_create, SYS_pipe2, SYS_shmget};
static atomic_uchar answers[sizeof doubtful / sizeof doubtful[0]];

#define TRIES_MOST 200u /* some 20 ms: a try takes a fraction of one */

static char stack[4096] __attribute__((aligned(64)));
static atomic_flag trying = ATOMIC_FLAG_INIT;

/* Arguments that no call takes: it fails, or it kills. */
static int try_call(void *number) {
    const struct qmon__kernel_action action = {.handler = (void *) SIG_DFL};
    const struct rlimit no_core = {1, 1};
    qmon__sigaction(SIGSYS, &action, NULL);
    qmon__sys_4(SYS_prlimit64, 0, RLIMIT_CORE, &no_core, NULL);
    qmon__sys6_raw(*(const long *) number, -1, -1, -1, -1, -1, -1);
    return 0;
}

static long await(long process, int *ret_status) {
    long done;
    for (unsigned tries = 1000; tries > 0; tries--)
        if ((done = qmon__sys_4(SYS_wait4, process, ret_status, __WCLONE, NULL)) != -EINTR)
            return done;
    return -EINTR;
}

/* In a child that was forked meanwhile nobody ever comes to an end. */
static bool begin_trying(void) {
    for (unsigned tries = 0; tries < TRIES_MOST; tries++) {
        if (!atomic_flag_test_and_set_explicit(&trying, memory_order_acquire))
            return true;
        qmon__step_aside();
    }
    return false;
}

static bool kills(long number) {
    qmon__sigset before;
    const qmon__sigset all = ALL_SIGNALS;
    int status = 0;
    qmon__sigprocmask(SIG_SETMASK, &all, &before);
    if (!begin_trying()) {
        qmon__sigprocmask(SIG_SETMASK, &before, NULL);
        return true; /* nobody can say that it does not */
    }
    const long process = qmon__clone(CLONE_VM | CLONE_VFORK, stack + sizeof stack, try_call, &number);
    const bool killed = process < 0 || (await(process, &status) == process && WIFSIGNALED(status));
    atomic_flag_clear_explicit(&trying, memory_order_release);
    qmon__sigprocmask(SIG_SETMASK, &before, NULL);
    return killed;
}

/* A filter that we have seen is asked itself, about the making of a process, too (filters.h). */
static bool has_unseen_filter(void) {
    return !qmon__filters_seen() && qmon__sys_1(SYS_prctl, PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
}

bool qmon__call_is_deadly(long number) {
    if (!has_unseen_filter())
        return false;
    for (size_t i = 0; i < sizeof doubtful / sizeof doubtful[0]; i++) {
        if (doubtful[i] != number)
            continue;
        unsigned char answer = atomic_load_explicit(&answers[i], memory_order_relaxed);
        if (answer == UNKNOWN) {
            answer = qmon__agent.namespace_may_differ || kills(number) ? DEADLY : HARMLESS;
            atomic_store_explicit(&answers[i], answer, memory_order_relaxed);
        }
        return answer == DEADLY;
    }
    return true;
}

#define WATCHDOGS 2u /* one within the other */
#define AGAIN_NS 20000000
#define TIMES_MOST 500u

static struct watchdog {
    _Atomic int process; /* 0: free; -1: being made or ended */
    int owner, thread, signal;
    uint64_t within_ms;
    siginfo_t info;
    _Alignas(64) char stack[4096];
} watchdogs[WATCHDOGS];

static int watch(void *argument) {
    const struct watchdog *watchdog = argument;
    struct timespec pause = {.tv_sec = (time_t) (watchdog->within_ms / 1000),
                             .tv_nsec = (long) (watchdog->within_ms % 1000) * 1000000};
    qmon__sys_2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned i = 0; i < TIMES_MOST; i++) {
        qmon__sys_2(SYS_nanosleep, &pause, NULL);
        if (qmon__sys_4(SYS_rt_tgsigqueueinfo, watchdog->owner, watchdog->thread, watchdog->signal, &watchdog->info) !=
            0)
            break;
        pause = (struct timespec){.tv_nsec = AGAIN_NS};
    }
    return 0;
}

static struct watchdog *free_watchdog(void) {
    for (size_t i = 0; i < WATCHDOGS; i++) {
        int nobody = 0;
        if (atomic_compare_exchange_strong_explicit(&watchdogs[i].process, &nobody, -1, memory_order_acquire,
                                                    memory_order_relaxed))
            return &watchdogs[i];
    }
    return NULL;
}

int qmon__watchdog_start(uint64_t within_ms, int signal, void *value) {
    const qmon__sigset all = ALL_SIGNALS;
    qmon__sigset before;
    struct watchdog *const watchdog = qmon__agent.namespace_may_differ ? NULL : free_watchdog();
    if (watchdog == NULL)
        return -1;
    watchdog->owner = qmon__getpid();
    watchdog->thread = qmon__gettid();
    watchdog->signal = signal;
    watchdog->within_ms = within_ms;
    memset(&watchdog->info, 0, sizeof watchdog->info);
    watchdog->info.si_signo = signal;
    watchdog->info.si_code = SI_TIMER;
    watchdog->info.si_value.sival_ptr = value;
    qmon__sigprocmask(SIG_SETMASK, &all, &before);
    const long process = qmon__clone(CLONE_VM, watchdog->stack + sizeof watchdog->stack, watch, watchdog);
    qmon__sigprocmask(SIG_SETMASK, &before, NULL);
    atomic_store_explicit(&watchdog->process, process > 0 ? (int) process : 0, memory_order_release);
    return process > 0 ? (int) process : -1;
}

void qmon__watchdog_stop(int process) {
    int status;
    for (size_t i = 0; i < WATCHDOGS; i++) {
        if (atomic_load_explicit(&watchdogs[i].process, memory_order_acquire) != process)
            continue;
        qmon__sys_2(SYS_kill, process, SIGKILL);
        await(process, &status);
        atomic_store_explicit(&watchdogs[i].process, 0, memory_order_release);
    }
}

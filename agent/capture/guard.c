#include "guard.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include "deadly.h"
#include "machine.h"
#include "thread.h"

_Thread_local struct qmon__thread qmon__thread __attribute__((tls_model("initial-exec")));

_Static_assert(offsetof(struct qmon__thread, answering) == 0, "signal_entry.S");

#define LEAVING_BYTES 64u /* of qmon__guard_leave(), at most */

struct qmon__guard {
    void *jump[5]; /* for __builtin_setjmp */
    struct qmon__guard *outer;
    bool foreign; /* code that is not ours may run in it */
};

extern const char __ehdr_start[] __attribute__((visibility("hidden"))), etext[] __attribute__((visibility("hidden")));

bool qmon__is_own_code(uintptr_t pc) {
    return pc >= (uintptr_t) __ehdr_start && pc < (uintptr_t) etext;
}

/* A handler of the program's may run inside a guard, where its signal came at that moment: its faults are the program's. */
static bool is_fault_of(const struct qmon__guard *guard, const ucontext_t *context) {
    return guard->foreign || qmon__filters_seen() /* the vdso's clock is read in one then */ ||
           qmon__is_own_code(qmon__program_counter(context));
}

/* Is there not even room to leave the guard? Then it would be tried for ever. */
static bool is_leaving(const ucontext_t *context) {
    return qmon__program_counter(context) - (uintptr_t) qmon__guard_leave < LEAVING_BYTES;
}

/* The signal that the timer sends; told from a real one by its code and value. */
#define TIMER_SIGNAL SIGBUS

void qmon__guard_leave(void) {
    struct qmon__guard *guard = qmon__thread.guard;
    if (guard != NULL)
        __builtin_longjmp(guard->jump, 1);
}

/* What is to come after that time: a timer, a process where a timer would end us, or neither. */
struct alarm {
    int timer, watchdog; /* negative: none */
};

/* SIGEV_THREAD_ID as the kernel knows it. A kernel that refuses the timer leaves us without one: the waiter's own limit
 * still holds. */
static int start_timer(uint64_t within_ms) {
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = TIMER_SIGNAL;
    event.sigev_value.sival_ptr = &qmon__thread;
    event._sigev_un._tid = qmon__gettid();
    int timer = -1;
    if (qmon__sys_3(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0)
        return -1;
    const struct itimerspec when = {
        .it_interval = {.tv_nsec = 20000000}, /* again, for the guard around an inner one that took it */
        .it_value = {.tv_sec = (time_t) (within_ms / 1000), .tv_nsec = (long) (within_ms % 1000) * 1000000}};
    qmon__sys_4(SYS_timer_settime, timer, 0, &when, NULL);
    return timer;
}

static struct alarm start_alarm(uint64_t within_ms) {
    struct alarm alarm = {-1, -1};
    if (within_ms == 0)
        return alarm;
    if (qmon__call_is_deadly(SYS_timer_create))
        alarm.watchdog = qmon__watchdog_start(within_ms, TIMER_SIGNAL, &qmon__thread);
    else
        alarm.timer = start_timer(within_ms);
    return alarm;
}

static void stop_alarm(struct alarm alarm) {
    if (alarm.timer >= 0)
        qmon__sys_1(SYS_timer_delete, alarm.timer);
    if (alarm.watchdog >= 0)
        qmon__watchdog_stop(alarm.watchdog);
}

__attribute__((noinline)) static bool enter(struct qmon__guard *guard, void (*function)(void *), void *argument) {
    if (__builtin_setjmp(guard->jump) != 0)
        return false;
    qmon__thread.guard = guard;
    function(argument);
    return true;
}

bool qmon__guarded(void (*function)(void *argument), void *argument, uint64_t within_ms) {
    struct qmon__guard guard = {.outer = qmon__thread.guard, .foreign = within_ms != 0};
    struct qmon__guard *volatile outer = guard.outer;
    const volatile struct alarm alarm = start_alarm(within_ms);
    const volatile bool finished = enter(&guard, function, argument);
    qmon__thread.guard = outer;
    stop_alarm(alarm);
    return finished;
}

bool qmon__guard_takes(int signal, const siginfo_t *info, ucontext_t *context) {
    const bool by_timer =
        signal == TIMER_SIGNAL && info->si_code == SI_TIMER && info->si_value.sival_ptr == &qmon__thread;
    if (qmon__thread.guest != 0 && qmon__thread.guest != qmon__getpid()) {
        qmon__thread.guest = 0; /* it was killed within the guard */
        qmon__thread.guard = NULL;
    }
    if (qmon__thread.guard == NULL || (!by_timer && info->si_code <= 0))
        return by_timer; /* a timer that fired too late is nobody's signal */
    if (!by_timer && (!is_fault_of(qmon__thread.guard, context) || is_leaving(context)))
        return false;
    /* jump[2] is the stack pointer of enter(): what lies below it belongs to the function that ends here. More than that call took is not
     * to be counted on: the stack may be at its end, and be what the function has run into. */
    const uintptr_t stack = (uintptr_t) qmon__thread.guard->jump[2] & ~(uintptr_t) 15;
#if defined(__x86_64__)
    greg_t *registers = context->uc_mcontext.gregs;
    registers[REG_RSP] = (greg_t) stack - 8; /* as if called */
    registers[REG_RIP] = (greg_t) (uintptr_t) qmon__guard_leave;
    registers[REG_EFL] &= ~0x400ll; /* direction flag */
#elif defined(__aarch64__)
    context->uc_mcontext.sp = stack;
    context->uc_mcontext.pc = (uintptr_t) qmon__guard_leave;
#endif
    return true;
}

struct copy {
    void *to;
    const void *from;
    size_t bytes;
};

static void copy_now(void *argument) {
    const struct copy *copy = argument;
    memcpy(copy->to, copy->from, copy->bytes);
}

bool qmon__copy_guarded(void *to, const void *from, size_t bytes) {
    struct copy copy = {to, from, bytes};
    return qmon__guarded(copy_now, &copy, 0);
}

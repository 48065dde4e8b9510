/*
 * sys.h: raw system calls.
 *
 * The agent calls the kernel, not libc, because libc's wrappers set errno, can be interposed by somebody else's preload,
 * are cancellation points, and may not work in a thread that libc does not know. Results are the kernel's: a negative
 * errno on failure. SIGNAL SAFETY: everything here is async-signal-safe.
 *
 * A call of our own that a filter of the program's would end the process for is not made: it fails with -EPERM (filters.h). What
 * is called in the program's name (QMON__FOR_PROGRAM is defined in files that do that) is made whatever becomes of it.
 */
#ifndef QMON_CAPTURE_SYS_H
#define QMON_CAPTURE_SYS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#include "filters.h"
#include "hot.h"

#if defined(__x86_64__)

static inline long qmon__sys6_raw(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

static inline long qmon__sys6_raw(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
    return x0;
}

#else
#error "qmon knows x86-64 and aarch64"
#endif

static inline long qmon__sys6_own(long number, long a, long b, long c, long d, long e, long f) {
    if (__builtin_expect(qmon__filters_seen(), 0))
        return qmon__sys6_filtered(number, a, b, c, d, e, f);
    return qmon__sys6_raw(number, a, b, c, d, e, f);
}

static inline long qmon__sys6_program(long number, long a, long b, long c, long d, long e, long f) {
    if (__builtin_expect(qmon__filters_seen(), 0))
        return qmon__sys6_dispatched(number, a, b, c, d, e, f);
    return qmon__sys6_raw(number, a, b, c, d, e, f);
}

#ifdef QMON__FOR_PROGRAM
#define qmon__sys6 qmon__sys6_program
#else
#define qmon__sys6 qmon__sys6_own
#endif

#define QMON__ARG(value) ((long) (value))
#define qmon__sys(number) qmon__sys6(number, 0, 0, 0, 0, 0, 0)
#define qmon__sys_1(number, a) qmon__sys6(number, QMON__ARG(a), 0, 0, 0, 0, 0)
#define qmon__sys_2(number, a, b) qmon__sys6(number, QMON__ARG(a), QMON__ARG(b), 0, 0, 0, 0)
#define qmon__sys_3(number, a, b, c) qmon__sys6(number, QMON__ARG(a), QMON__ARG(b), QMON__ARG(c), 0, 0, 0)
#define qmon__sys_4(number, a, b, c, d) qmon__sys6(number, QMON__ARG(a), QMON__ARG(b), QMON__ARG(c), QMON__ARG(d), 0, 0)
#define qmon__sys_5(number, a, b, c, d, e)                                                                             \
    qmon__sys6(number, QMON__ARG(a), QMON__ARG(b), QMON__ARG(c), QMON__ARG(d), QMON__ARG(e), 0)
#define qmon__sys_6(number, a, b, c, d, e, f)                                                                          \
    qmon__sys6(number, QMON__ARG(a), QMON__ARG(b), QMON__ARG(c), QMON__ARG(d), QMON__ARG(e), QMON__ARG(f))

#define QMON__POPULATE_WRITE 23 /* MADV_POPULATE_WRITE, since Linux 5.14 */

/* Makes pages that are about to be written for the first time. Each would be a fault otherwise, and a fault costs as much as several
 * calls (in a virtual machine 9 us to 1). Nothing is lost where the kernel does not know how. */
static inline void qmon__make_pages(void *first, size_t bytes) {
    qmon__sys_3(SYS_madvise, first, bytes, QMON__POPULATE_WRITE);
}

/* The kernel's signal set: 64 bits, where libc's sigset_t is 1024. Bit n - 1 is signal n. */
typedef uint64_t qmon__sigset;
#define QMON__SIGNAL_BIT(number) (1ull << ((number) -1))

/* The kernel's struct sigaction. */
struct qmon__kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    qmon__sigset mask;
};
#define QMON__SA_RESTORER 0x04000000ul

static inline long qmon__sigaction(int signal, const struct qmon__kernel_action *action,
                                   struct qmon__kernel_action *ret_old) {
    return qmon__sys_4(SYS_rt_sigaction, signal, action, ret_old, sizeof(qmon__sigset));
}

static inline long qmon__sigprocmask(int how, const qmon__sigset *set, qmon__sigset *ret_old) {
    return qmon__sys_4(SYS_rt_sigprocmask, how, set, ret_old, sizeof(qmon__sigset));
}

static inline int qmon__getpid(void) {
    return (int) qmon__sys6_own(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline int qmon__gettid(void) {
    return (int) qmon__sys6_own(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

/* Lets others run for some 50 us, those of lower priority too, which sched_yield does not: of two threads with real-time priorities on one
 * processor the higher one would wait for ever for what the lower one is about to do. */
static inline void qmon__step_aside(void) {
    const struct timespec moment = {.tv_nsec = 50000};
    qmon__sys_2(SYS_nanosleep, &moment, NULL);
}

/* The entry of the kernel's own sigreturn stub; in <arch>/signal_entry.S. */
void qmon__restore_rt(void);

#endif

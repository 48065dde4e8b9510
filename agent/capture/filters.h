/*
 * filters.h: the system call filters (seccomp) that the program has installed, so far as we have seen it.
 *
 * A filter may answer a call with the death of the process or with SIGSYS. Our own calls must never bring that about: before each
 * the filters are asked, as the kernel would ask them. They are known where they were installed through prctl() or syscall()
 * (hooks/filter.c; libseccomp uses these), in this process or by a parent of it since its exec.
 *
 * THREADS. A filter holds for the thread that installed it and those that it makes; here it counts for all, which may cost a
 * report its receiver, so that it is found afterwards, and never costs the process its life. SIGNAL SAFETY: everything here is
 * async-signal-safe.
 */
#ifndef QMON_CAPTURE_FILTERS_H
#define QMON_CAPTURE_FILTERS_H

#include <stdatomic.h>
#include <stdbool.h>

struct sock_fprog;

extern _Atomic unsigned qmon__filter_count __attribute__((visibility("hidden")));

static inline bool qmon__filters_seen(void) {
    return atomic_load_explicit(&qmon__filter_count, memory_order_relaxed) != 0;
}

/* The kernel has taken this filter. Copied; what finds no room is not asked later. */
void qmon__filters_add(const struct sock_fprog *program);
/* The kernel has taken the strict mode: read, write, exit and sigreturn alone are left. */
void qmon__filters_add_strict(void);

/* The program has each call of its threads turned into SIGSYS, unless it is made in a range of addresses (PR_SET_SYSCALL_USER_DISPATCH),
 * which has libc's code in it and not ours. From now on `call`, libc's syscall(), makes ours. */
void qmon__filters_call_by(long (*call)(long number, ...));

/* Will a filter that is about to be installed keep signal dispositions from being set, in whatever way? Nothing of it is known to be
 * true yet: it may not even be there. */
bool qmon__filter_keeps_dispositions(const struct sock_fprog *program);

/* Makes this call, or returns -EPERM instead where it would be forbidden. */
long qmon__sys6_filtered(long number, long a, long b, long c, long d, long e, long f);

/* Makes this call in the program's name, whatever becomes of it. */
long qmon__sys6_dispatched(long number, long a, long b, long c, long d, long e, long f);

/* Would this call end the process, or raise SIGSYS in it? */
bool qmon__filters_forbid(long number, const long arguments[static 6]);

#endif

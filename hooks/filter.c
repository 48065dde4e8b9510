/*
 * prctl and syscall, for the sake of the system call filters that are installed through them (filters.h), and of programs that
 * make themselves subreapers (kin.h), or answer system calls themselves (user_dispatch.c). Both are nothing but the call itself in
 * libc too. A program that ends or execs by syscall does what it would do by the function of that name; one that sets its
 * signals so, too (raw_signals.h).
 *
 * Declared here with all the arguments that there can be, which come in registers (the last of syscall's on the stack, where it can
 * be read whether it was passed or not): so they need no frame, and cost what libc's own cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <agent.h>
#include <background.h>
#include <dispositions.h>
#include <filters.h>
#include <kin.h>
#include <raw_signals.h>
#include <sys.h>

#include "last_thread.h"
#include "user_dispatch.h"

long syscall(long number, long a, long b, long c, long d, long e, long f);
int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int execve(const char *path, char *const arguments[], char *const environment[]);
int execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags);

__attribute__((cold, noinline)) static long fail(long result) {
    errno = (int) -result;
    return -1;
}

static inline long result_of(long result) {
    return __builtin_expect(result >= 0 || result < -4095, 1) ? result : fail(result);
}

/* Before and after: a filter that lets no dispositions be set must find those in place by which the process can die. */
static bool prepare(const struct sock_fprog *program) {
    const bool hard = qmon__filter_keeps_dispositions(program);
    if (hard)
        qmon__dispositions_harden(true);
    return hard;
}

static void finish(const struct sock_fprog *program, bool taken, bool hard) {
    if (taken)
        qmon__filters_add(program); /* the kernel has read it, so that it can be read */
    else if (hard)
        qmon__dispositions_harden(false);
}

__attribute__((cold, noinline)) static long install(unsigned long operation, unsigned long flags, void *program) {
    const int error_number = errno;
    const bool hard = operation == SECCOMP_SET_MODE_FILTER && prepare(program);
    const long result = qmon__sys6_program(SYS_seccomp, (long) operation, (long) flags, (long) program, 0, 0, 0);
    const bool taken = (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0 ? result >= 0 : result == 0;
    if (operation == SECCOMP_SET_MODE_FILTER)
        finish(program, taken, hard);
    else if (taken && operation == SECCOMP_SET_MODE_STRICT)
        qmon__filters_add_strict();
    errno = error_number;
    return result_of(result);
}

__attribute__((cold, noinline)) static long install_by_prctl(unsigned long mode, void *program, unsigned long c,
                                                             unsigned long d) {
    const bool hard = mode == SECCOMP_MODE_FILTER && prepare(program);
    const long result =
        qmon__sys6_program(SYS_prctl, PR_SET_SECCOMP, (long) mode, (long) program, (long) c, (long) d, 0);
    if (mode == SECCOMP_MODE_FILTER)
        finish(program, result == 0, hard);
    else if (result == 0 && mode == SECCOMP_MODE_STRICT)
        qmon__filters_add_strict();
    return result_of(result);
}

__attribute__((cold, noinline)) static long become_subreaper(unsigned long whether, long b, long c, long d) {
    const long result = qmon__sys6_program(SYS_prctl, PR_SET_CHILD_SUBREAPER, (long) whether, b, c, d, 0);
    if (result == 0)
        qmon__kin_note_subreaper();
    return result_of(result);
}

/* A directory has a link for itself, one in its parent, and one for each in it. Strict mode, which lets nobody look, is for
 * programs of one thread. */
bool qmon__is_last_thread(void) {
    struct stat tasks;
    const unsigned ours = qmon__background_tid() != 0 ? 1 : 0;
    const long error = qmon__sys6_own(SYS_newfstatat, AT_FDCWD, (long) "/proc/self/task", (long) &tasks, 0, 0,
                                      0); /* nobody asked for it */
    return error == 0 ? tasks.st_nlink <= 3 + ours : error == -EPERM && qmon__filters_seen();
}

/* The process goes on or ends as it would by the bare call, but not without a word. */
__attribute__((cold, noinline)) static long end_or_exec(long number, long a, long b, long c, long d, long e) {
    if (number == SYS_execve)
        return execve((const char *) a, (char *const *) b, (char *const *) c);
    if (number == SYS_execveat)
        return execveat((int) a, (const char *) b, (char *const *) c, (char *const *) d, (int) e);
    const bool is_last = number == SYS_exit && qmon__is_last_thread();
    if (number == SYS_exit_group || is_last) /* else only this thread ends */
        qmon__process_exits_by(number, (int) a);
    if (is_last && qmon__background_tid() != 0) /* whose status would be the process's, as it ends later */
        number = SYS_exit_group;
    return result_of(qmon__sys6_program(number, a, 0, 0, 0, 0, 0));
}

static inline bool ends_or_execs(long number) {
    return number == SYS_exit_group || number == SYS_exit || number == SYS_execve || number == SYS_execveat;
}

static inline bool is_about_signals(long number) {
    return number == SYS_rt_sigaction || number == SYS_rt_sigprocmask || number == SYS_sigaltstack;
}

__attribute__((cold, noinline)) static long set_user_dispatch(unsigned long mode, unsigned long begin,
                                                              unsigned long bytes, unsigned long selector) {
    if (mode == PR_SYS_DISPATCH_ON)
        qmon__user_dispatch_comes(begin, bytes);
    return result_of(qmon__sys6_program(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, (long) mode, (long) begin,
                                        (long) bytes, (long) selector, 0));
}

long syscall(long number, long a, long b, long c, long d, long e, long f) {
    if (__builtin_expect(ends_or_execs(number), 0))
        return end_or_exec(number, a, b, c, d, e);
    if (__builtin_expect(is_about_signals(number), 0))
        return result_of(qmon__signal_call(number, a, b, c, d));
    if (__builtin_expect(number == SYS_seccomp, 0))
        return install((unsigned long) a, (unsigned long) b, (void *) c);
    if (__builtin_expect(number == SYS_prctl && a == PR_SET_SECCOMP, 0))
        return install_by_prctl((unsigned long) b, (void *) c, (unsigned long) d, (unsigned long) e);
    if (__builtin_expect(number == SYS_prctl && a == PR_SET_CHILD_SUBREAPER, 0))
        return become_subreaper((unsigned long) b, c, d, e);
    if (__builtin_expect(number == SYS_prctl && a == PR_SET_SYSCALL_USER_DISPATCH, 0))
        return set_user_dispatch((unsigned long) b, (unsigned long) c, (unsigned long) d, (unsigned long) e);
    return result_of(qmon__sys6_program(number, a, b, c, d, e, f));
}

int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    if (__builtin_expect(option == PR_SET_SECCOMP, 0))
        return (int) install_by_prctl(a, (void *) b, c, d);
    if (__builtin_expect(option == PR_SET_CHILD_SUBREAPER, 0))
        return (int) become_subreaper(a, (long) b, (long) c, (long) d);
    if (__builtin_expect(option == PR_SET_SYSCALL_USER_DISPATCH, 0))
        return (int) set_user_dispatch(a, b, c, d);
    return (int) result_of(qmon__sys6_program(SYS_prctl, option, (long) a, (long) b, (long) c, (long) d, 0));
}

/* The calls that wait with a mask of their own; the rules are in mask_wait.h. They are cancellation points, so libc makes them. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#include <agent.h>
#include <guard.h>
#include <mask_wait.h>
#include <signals.h>

#include "masks.h"
#include "next.h"

int __sigsuspend(const sigset_t *set);
int sigpause_of_bsd(int mask) __asm__("sigpause"); /* <signal.h> means another function by that name */
int __sigpause(int signal_or_mask, int is_signal);
int __xpg_sigpause(int signal);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t bytes);
int epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask);

/* One of these calls in the making. The kernel's mask is its first 64 bits: a caller may have room for no more. */
struct call {
    struct qmon__wait wait;
    sigset_t mask;
    struct timespec end, left; /* of the time that it may take, where it has a limit */
};

static bool matters(const sigset_t *mask, struct call *call) {
    if (mask == NULL || !qmon__agent.active)
        return false;
    memset(call, 0, sizeof *call);
    return qmon__copy_guarded(&call->wait.mask, mask, sizeof call->wait.mask) /* else the kernel refuses it */ &&
           qmon__wait_matters(&call->wait);
}

static const sigset_t *begin(struct call *call) {
    const qmon__sigset mask = qmon__wait_begin(&call->wait);
    memcpy(&call->mask, &mask, sizeof mask);
    return &call->mask;
}

static bool again(struct call *call, long result) {
    return qmon__wait_end(&call->wait, result < 0 && errno == EINTR);
}

static struct timespec sum(struct timespec first, struct timespec second, int sign) {
    struct timespec total = {.tv_sec = first.tv_sec + sign * second.tv_sec,
                             .tv_nsec = first.tv_nsec + sign * second.tv_nsec};
    if (total.tv_nsec < 0 || total.tv_nsec >= 1000000000) {
        const int carry = total.tv_nsec < 0 ? -1 : 1;
        total.tv_sec += carry;
        total.tv_nsec -= carry * 1000000000l;
    }
    return total;
}

/* What is left of the limit, for a call that is made again; the program's own for the first. */
static const struct timespec *limit(struct call *call, const struct timespec *timeout, bool first) {
    struct timespec now;
    if (timeout == NULL || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000)
        return timeout;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (first) {
        call->end = sum(now, *timeout, 1);
        return timeout;
    }
    call->left = sum(call->end, now, -1);
    if (call->left.tv_sec < 0)
        call->left = (struct timespec){0, 0};
    return &call->left;
}

typedef int (*suspend_function)(const sigset_t *);
typedef int (*poll_function)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
typedef int (*checked_poll_function)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);
typedef int (*select_function)(int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *);
typedef int (*epoll_function)(int, struct epoll_event *, int, int, const sigset_t *);
typedef int (*epoll2_function)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *);

int sigsuspend(const sigset_t *set) {
    static void *_Atomic next;
    const suspend_function real = (suspend_function) qmon__next("sigsuspend", &next);
    struct call call;
    int result;
    if (!matters(set, &call))
        return real(set);
    do
        result = real(begin(&call));
    while (again(&call, result));
    return result;
}

int __sigsuspend(const sigset_t *set) {
    return sigsuspend(set);
}

int sigpause_of_bsd(int mask) {
    sigset_t set;
    sigemptyset(&set);
    memcpy(&set, &mask, sizeof mask);
    return sigsuspend(&set);
}

int __xpg_sigpause(int signal) {
    sigset_t set;
    if (qmon__change_mask(SIG_BLOCK, NULL, &set) != 0 || sigdelset(&set, signal) != 0)
        return -1;
    return sigsuspend(&set);
}

int __sigpause(int signal_or_mask, int is_signal) {
    return is_signal != 0 ? __xpg_sigpause(signal_or_mask) : sigpause_of_bsd(signal_or_mask);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    static void *_Atomic next;
    const poll_function real = (poll_function) qmon__next("ppoll", &next);
    struct call call;
    int result;
    bool first = true;
    if (!matters(mask, &call))
        return real(fds, count, timeout, mask);
    do {
        const struct timespec *const left = limit(&call, timeout, first);
        result = real(fds, count, left, begin(&call));
        first = false;
    } while (again(&call, result));
    return result;
}

int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t bytes) {
    static void *_Atomic next;
    if (bytes / sizeof *fds >= count)
        return ppoll(fds, count, timeout, mask);
    return ((checked_poll_function) qmon__next("__ppoll_chk", &next))(fds, count, timeout, mask, bytes);
}

int pselect(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict other,
            const struct timespec *restrict timeout, const sigset_t *restrict mask) {
    static void *_Atomic next;
    const select_function real = (select_function) qmon__next("pselect", &next);
    struct call call;
    int result;
    bool first = true;
    if (!matters(mask, &call))
        return real(count, readable, writable, other, timeout, mask);
    do {
        const struct timespec *const left = limit(&call, timeout, first);
        result = real(count, readable, writable, other, left, begin(&call));
        first = false;
    } while (again(&call, result));
    return result;
}

static int in_ms(const struct timespec *left) {
    return (int) (left->tv_sec * 1000 + (left->tv_nsec + 999999) / 1000000);
}

int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout_ms, const sigset_t *mask) {
    static void *_Atomic next;
    const epoll_function real = (epoll_function) qmon__next("epoll_pwait", &next);
    const struct timespec timeout = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000l};
    struct call call;
    int result;
    bool first = true;
    if (!matters(mask, &call))
        return real(epoll, events, most, timeout_ms, mask);
    do {
        const struct timespec *const left = limit(&call, timeout_ms < 0 ? NULL : &timeout, first);
        result = real(epoll, events, most, first || left == NULL ? timeout_ms : in_ms(left), begin(&call));
        first = false;
    } while (again(&call, result));
    return result;
}

int epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *timeout,
                 const sigset_t *mask) {
    static void *_Atomic next;
    const epoll2_function real = (epoll2_function) qmon__next("epoll_pwait2", &next);
    struct call call;
    int result;
    bool first = true;
    if (real == NULL) {
        errno = ENOSYS;
        return -1;
    }
    if (!matters(mask, &call))
        return real(epoll, events, most, timeout, mask);
    do {
        const struct timespec *const left = limit(&call, timeout, first);
        result = real(epoll, events, most, left, begin(&call));
        first = false;
    } while (again(&call, result));
    return result;
}

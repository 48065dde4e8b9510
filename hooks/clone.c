/*
 * clone(2) as libc offers it, for a process of its own (without CLONE_VM): fork by another name, of which libc tells nobody. The
 * child runs a function, and ends by a bare system call when that returns: so it starts and ends here. Threads, and processes
 * that share our memory or bring thread-local storage of their own, are the program's alone.
 */
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>

#include <agent.h>
#include <background.h>
#include <births.h>
#include <sharers.h>
#include <sys.h>

#include "last_thread.h"
#include "next.h"

typedef int (*start_function)(void *);
typedef int (*clone_function)(start_function, void *, int, void *, ...);

struct passenger {
    start_function start;
    void *argument;
    unsigned place; /* by which a parent in another namespace of numbers knows it */
};

/* In the child, whose memory is a copy: the passenger is where the parent had it. */
static int begin(void *copy) {
    const struct passenger passenger = *(const struct passenger *) copy;
    qmon__process_forked();
    qmon__birth_begun_at(passenger.place);
    const int status = passenger.start(passenger.argument);
    qmon__process_exits(status);
    if (qmon__background_tid() != 0 &&
        qmon__is_last_thread()) /* whose status would be the process's, as it ends later */
        qmon__sys_1(SYS_exit_group, status);
    return status;
}

int clone(start_function start, void *stack, int flags, void *argument, ...) {
    static void *_Atomic next;
    const clone_function real = (clone_function) qmon__next("clone", &next);
    va_list list;
    va_start(list, argument);
    void *const parent_tid = va_arg(list, void *);
    void *const tls = va_arg(list, void *);
    void *const child_tid = va_arg(list, void *);
    va_end(list);
    struct passenger passenger = {start, argument, 0};
    const bool shares = (flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM;
    if (shares)
        qmon__sharer_expected((flags & (CLONE_VFORK | CLONE_SETTLS)) == CLONE_VFORK);
    if (shares && qmon__agent.active && (flags & CLONE_PARENT) == 0) {
        qmon__sharer_making();
        const int child = real(start, stack, flags, argument, parent_tid, tls, child_tid);
        qmon__sharer_made(child);
        return child;
    }
    if (!qmon__agent.active || start == NULL || stack == NULL || (flags & (CLONE_VM | CLONE_SETTLS)) != 0)
        return real(start, stack, flags, argument, parent_tid, tls, child_tid);
    passenger.place = qmon__birth_expected();
    const int child = real(begin, stack, flags, &passenger, parent_tid, tls, child_tid);
    qmon__birth_over(passenger.place, child);
    if (child > 0 && (flags & CLONE_PARENT) == 0)
        qmon__process_has_forked(child);
    return child;
}

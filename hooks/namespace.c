/* unshare and setns fail in a process with more than one thread, or whose memory is shared: ours must be gone first. */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>

#include <agent.h>
#include <attendant.h>
#include <background.h>

#define PATIENCE_MS 6000u
#define TRIES 10u /* some 100 us each */

static void be_alone(void) {
    qmon__background_leave(PATIENCE_MS);
    qmon__attendant_leave(PATIENCE_MS);
}

static int result_of(long result) {
    if (result >= 0)
        return (int) result;
    errno = (int) -result;
    return -1;
}

/* The kernel says of a process that execs that it has left our memory, and only then lets go of it, a few microseconds later. */
static long unshare_alone(int flags) {
    be_alone();
    long result = qmon__sys_1(SYS_unshare, flags);
    for (unsigned tries = 0; tries < TRIES && result == -EINVAL; tries++) {
        qmon__step_aside();
        result = qmon__sys_1(SYS_unshare, flags);
    }
    return result;
}

int unshare(int flags) {
    const bool wants_to_be_alone =
        qmon__agent.active && (flags & (CLONE_NEWUSER | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)) != 0;
    const long result = wants_to_be_alone ? unshare_alone(flags) : qmon__sys_1(SYS_unshare, flags);
    if (result == 0 && (flags & CLONE_NEWPID) != 0)
        qmon__agent.namespace_may_differ = true;
    return result_of(result);
}

int setns(int descriptor, int type) {
    if (qmon__agent.active)
        be_alone();
    const long result = qmon__sys_2(SYS_setns, descriptor, type);
    if (result == 0)
        qmon__agent.namespace_may_differ = true;
    return result_of(result);
}

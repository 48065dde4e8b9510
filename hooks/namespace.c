/* unshare and setns fail in a process with more than one thread, or whose memory is shared: ours must be gone first. */
#include <errno.h>
#include <sched.h>

#include <agent.h>
#include <attendant.h>
#include <background.h>

#define PATIENCE_MS 6000u

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

int unshare(int flags) {
    if (qmon__agent.active && (flags & (CLONE_NEWUSER | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)) != 0)
        be_alone();
    const long result = qmon__sys_1(SYS_unshare, flags);
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

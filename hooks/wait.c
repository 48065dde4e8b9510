/*
 * The wait calls: how a child ended that could not say so itself (SIGKILL, a raw exit_group) is known to its parent alone, so a
 * monitored parent notes it. libc's own functions do the waiting: they are cancellation points.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <agent.h>

#include "next.h"
#include "wait.h"

typedef pid_t (*waitpid_function)(pid_t, int *, int);
typedef pid_t (*wait4_function)(pid_t, int *, int, struct rusage *);
typedef int (*waitid_function)(idtype_t, id_t, siginfo_t *, int);

static void *_Atomic next_waitpid QMON__HOT, *_Atomic next_wait4 QMON__HOT, *_Atomic next_waitid QMON__HOT;

void qmon__resolve_waits(void) {
    qmon__next("waitpid", &next_waitpid);
    qmon__next("wait4", &next_wait4);
    qmon__next("waitid", &next_waitid);
}

/* Libc's function writes the status where it is wanted, so that the kernel can refuse a place that is none. */
pid_t waitpid(pid_t which, int *ret_status, int options) {
    int status = 0, *const place = ret_status != NULL ? ret_status : &status;
    const waitpid_function real = (waitpid_function) qmon__next("waitpid", &next_waitpid);
    const pid_t child = real(which, place, options);
    if (child > 0)
        qmon__child_ended(child, *place);
    return child;
}

pid_t wait(int *ret_status) {
    return waitpid(-1, ret_status, 0);
}

pid_t wait4(pid_t which, int *ret_status, int options, struct rusage *ret_usage) {
    int status = 0, *const place = ret_status != NULL ? ret_status : &status;
    const wait4_function real = (wait4_function) qmon__next("wait4", &next_wait4);
    const pid_t child = real(which, place, options, ret_usage);
    if (child > 0)
        qmon__child_ended(child, *place);
    return child;
}

pid_t wait3(int *ret_status, int options, struct rusage *ret_usage) {
    return wait4(-1, ret_status, options, ret_usage);
}

int waitid(idtype_t type, id_t which, siginfo_t *ret_info, int options) {
    const waitid_function real = (waitid_function) qmon__next("waitid", &next_waitid);
    const int result = real(type, which, ret_info, options);
    if (result == 0 && ret_info != NULL && ret_info->si_pid > 0 && (options & WNOWAIT) == 0) {
        const int status = ret_info->si_status;
        if (ret_info->si_code == CLD_EXITED)
            qmon__child_ended(ret_info->si_pid, (status & 0xff) << 8);
        else if (ret_info->si_code == CLD_KILLED || ret_info->si_code == CLD_DUMPED)
            qmon__child_ended(ret_info->si_pid, status & 0x7f);
    }
    return result;
}

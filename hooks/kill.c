/*
 * kill and killpg: who sends SIGKILL says so beforehand (kills.h). Both are nothing but the call itself in libc too.
 */
#include <errno.h>
#include <signal.h>

#include <dying.h>
#include <kills.h>
#include <sys.h>

static int result_of(long result) {
    if (__builtin_expect(result >= 0, 1))
        return 0;
    errno = (int) -result;
    return -1;
}

__attribute__((cold, noinline)) static int kill_for_good(pid_t target) {
    qmon__kills_note(target);
    const long result = qmon__sys_2(SYS_kill, target, SIGKILL);
    if (result < 0)
        qmon__kills_undo(target);
    return result_of(result);
}

int kill(pid_t target, int number) {
    if (__builtin_expect(number == SIGKILL, 0))
        return kill_for_good(target);
    qmon__ending_sent(target, number);
    return result_of(qmon__sys_2(SYS_kill, target, number));
}

int killpg(pid_t group, int number) {
    if (group < 0) {
        errno = EINVAL;
        return -1;
    }
    return kill(-group, number);
}

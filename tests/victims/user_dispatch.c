/* Answers system calls itself, as Wine does: the kernel sends SIGSYS for each while a byte says so, until the handler clears it. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define SET_USER_DISPATCH 59 /* PR_SET_SYSCALL_USER_DISPATCH, Linux 5.11 */

static volatile char dispatched;

static void answer(int number, siginfo_t *info, void *context) {
    dispatched = 0;
    (void) number;
    (void) info;
#if defined(__x86_64__)
    ((ucontext_t *) context)->uc_mcontext.gregs[REG_RAX] = 4711;
#else
    ((ucontext_t *) context)->uc_mcontext.regs[0] = 4711;
#endif
}

int main(void) {
    struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    if (prctl(SET_USER_DISPATCH, 1, 0, 0, &dispatched) != 0) {
        puts("not to be had");
        return 0;
    }
    for (int i = 0; i < 20; i++) {
        dispatched = 1;
        const long result = syscall(SYS_getppid);
        dispatched = 0;
        printf("%ld\n", result);
    }
    return 0;
}

/* What a handler is told of a real fault and of sent signals. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static int jump;

int main(void);

void fault_here(volatile int *at) {
    *at = 1;
}

static void look(int number, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    printf("%d: signo %d code %d errno %d", number, info->si_signo, info->si_code, info->si_errno);
    if (info->si_code > 0) {
        unsigned long pc = (unsigned long) uc->uc_mcontext.gregs[REG_RIP], start = (unsigned long) fault_here;
        printf(" address %lx inside %d trap %lld error %lld",
               (unsigned long) info->si_addr - (info->si_code == SEGV_ACCERR ? (unsigned long) main : 0),
               pc >= start && pc - start < 64, uc->uc_mcontext.gregs[REG_TRAPNO], uc->uc_mcontext.gregs[REG_ERR]);
    } else {
        printf(" from itself %d uid %d value %d", info->si_pid == getpid(), info->si_uid, info->si_value.sival_int);
    }
    printf(" flags %lx link %d\n", uc->uc_flags, uc->uc_link != NULL);
    if (jump)
        siglongjmp(back, 1);
}

int main(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT, SIGTERM, SIGUSR1, 40};
    struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
    for (int i = 0; i < 10; i++) {
        sigaction(numbers[i], &action, NULL);
        sigqueue(getpid(), numbers[i], (union sigval){.sival_int = i + 100});
        errno = 77;
        raise(numbers[i]);
        printf("errno %d\n", errno);
    }
    jump = 1;
    if (sigsetjmp(back, 1) == 0)
        fault_here((int *) 0x18);
    if (sigsetjmp(back, 1) == 0)
        fault_here((int *) 0xdead00000000beef);
    if (sigsetjmp(back, 1) == 0)
        fault_here((int *) (void *) main);
    return 0;
}

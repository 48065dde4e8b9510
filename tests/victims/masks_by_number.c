/* Signals that are set by libc's syscall() are the program's own all the same: what is read back, and a fault while its signal is blocked. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void *restorer;
    unsigned long mask;
};

void fault_here(void) {
    *(volatile int *) 8 = 1;
}

static void handle(int number) {
    _exit(number);
}

static void show(long result) {
    printf("%ld %d\n", result, result == 0 ? 0 : errno);
}

static void read_back(void) {
    static const struct kernel_action handled = {.handler = handle, .flags = SA_RESTART, .mask = 0x21};
    struct kernel_action old, now;
    stack_t stack;
    unsigned long mask = ~0ul, before = 0;
    printf("%ld\n", syscall(SYS_rt_sigaction, SIGSEGV, &handled, &old, 8));
    printf("%d %lx %lx\n", old.handler == SIG_DFL, old.flags, old.mask);
    printf("%ld\n", syscall(SYS_rt_sigaction, SIGSEGV, NULL, &now, 8));
    printf("%d %lx %lx\n", now.handler == handle, now.flags, now.mask);
    printf("%ld\n", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &before, 8));
    printf("%lx\n", before);
    printf("%ld\n", syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, &mask, 8));
    printf("%lx\n", mask);
    show(syscall(SYS_sigaltstack, NULL, &stack));
    printf("%x\n", stack.ss_flags);
    show(syscall(SYS_rt_sigaction, SIGSEGV, (void *) 8, NULL, 8));
    show(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void *) 8, NULL, 8));
    show(syscall(SYS_rt_sigprocmask, 77, &mask, NULL, 8));
    show(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 4));
    show(syscall(SYS_rt_sigaction, SIGKILL, &handled, NULL, 8));
}

int main(int argc, char **argv) {
    const unsigned long segv = 1ul << (SIGSEGV - 1);
    if (argc > 1) {
        read_back();
        return 0;
    }
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, &segv, NULL, 8) != 0)
        return 1;
    fault_here();
}

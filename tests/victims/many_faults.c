/* A million faults that become something else, as fast as the machine allows. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

static void skip(int number, siginfo_t *info, void *context) {
    ((ucontext_t *) context)->uc_mcontext.gregs[REG_RIP] += 2;
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO | SA_NODEFER};
    long count = atol(argv[1]);
    sigaction(SIGSEGV, &action, NULL);
    for (long i = 0; i < count; i++)
        __asm__ volatile("xorl %%ecx, %%ecx\n .byte 0x8b, 0x01\n" : : : "rax", "rcx");
    printf("%ld faults\n", count);
    return 0;
}

/* A handler changes the context: the faulting instruction is skipped, a register gets a value. */
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

static void skip(int number, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    uc->uc_mcontext.gregs[REG_RIP] += 2;
    uc->uc_mcontext.gregs[REG_RAX] = 4711;
}

long probe(void) {
    long result;
    __asm__ volatile("xorl %%ecx, %%ecx\n .byte 0x8b, 0x01\n" : "=a"(result) : : "rcx"); /* mov (%rcx), %eax */
    return result;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    long sum = 0;
    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 1000; i++)
        sum += probe();
    printf("%ld\n", sum);
    return 0;
}

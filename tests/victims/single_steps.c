/* A program that single-steps itself through the trap flag, as debuggers in a process do. */
#include <signal.h>
#include <stdio.h>

static volatile int steps;

static void on_trap(int number) {
    steps++;
}

int main(void) {
    signal(SIGTRAP, on_trap);
    __asm__ volatile(
        "pushfq\n orq $0x100, (%%rsp)\n popfq\n nop\n nop\n nop\n pushfq\n andq $~0x100, (%%rsp)\n popfq\n nop\n"
        :
        :
        : "memory", "cc");
    printf("%d steps\n", steps);
    return 0;
}

/* Breakpoints that a handler returns from. */
#include <signal.h>
#include <stdio.h>

static volatile int count;

static void on_trap(int number) {
    count++;
}

int main(void) {
    signal(SIGTRAP, on_trap);
    for (int i = 0; i < 100; i++)
        __asm__ volatile("int3");
    printf("%d\n", count);
    return 0;
}

/* A handler leaves by longjmp without the mask: the signal stays blocked, and the next fault is the end, its handler unasked. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static jmp_buf back;

static void leave(int number) {
    printf("handled\n");
    fflush(stdout);
    _longjmp(back, 1);
}

void fault_again(void) {
    *(volatile int *) 8 = 1;
}

int main(void) {
    signal(SIGSEGV, leave);
    if (_setjmp(back) == 0)
        *(volatile int *) 4 = 1;
    fault_again();
    return 0;
}

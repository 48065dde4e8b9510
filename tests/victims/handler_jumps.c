/* A SIGSEGV handler leaves by siglongjmp, a thousand times. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static sigjmp_buf back;

static void leave(int number) {
    siglongjmp(back, 1);
}

int main(void) {
    volatile int survived = 0;
    signal(SIGSEGV, leave);
    for (int i = 0; i < 1000; i++) {
        if (sigsetjmp(back, 1) == 0)
            *(volatile int *) 8 = 1;
        else
            survived++;
    }
    printf("survived %d\n", survived);
    return 0;
}

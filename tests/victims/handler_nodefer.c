/* SA_NODEFER: the handler faults itself and is called again, three deep, and then leaves. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static sigjmp_buf back;
static volatile int depth;

static void again(int number) {
    if (++depth == 3)
        siglongjmp(back, 1);
    *(volatile int *) 8 = depth;
}

int main(void) {
    struct sigaction action = {.sa_handler = again, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(back, 1) == 0)
        *(volatile int *) 4 = 1;
    printf("%d deep\n", depth);
    return 0;
}

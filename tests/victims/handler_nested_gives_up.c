/* The handler of a fault is interrupted by another handler, which aborts: the first fault is what matters. */
#include <signal.h>
#include <stdlib.h>

static void on_fault(int number) {
    raise(SIGUSR1);
}

static void on_usr1(int number) {
    abort();
}

void original_fault(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    signal(SIGSEGV, on_fault);
    signal(SIGUSR1, on_usr1);
    original_fault();
    return 0;
}

/* The handler of a harmless signal crashes. */
#include <signal.h>

void on_usr1(int number) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    signal(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}

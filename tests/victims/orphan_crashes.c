/* A child outlives its parent and crashes alone. */
#include <unistd.h>

void fault_alone(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    if (fork() == 0) {
        usleep(100000);
        fault_alone();
    }
    return 0;
}

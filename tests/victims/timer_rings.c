/* A timer that is made to end a program that takes too long: SIGPROF or SIGVTALRM. */
#include <stdlib.h>
#include <sys/time.h>

unsigned long spin(void) {
    volatile unsigned long turns = 0;
    for (;;)
        turns++;
    return turns;
}

int main(int argc, char **argv) {
    struct itimerval soon = {.it_value = {.tv_usec = 10000}};
    setitimer(atoi(argv[1]), &soon, NULL);
    return (int) spin();
}

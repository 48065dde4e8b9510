/* More CPU time than RLIMIT_CPU allows: SIGXCPU. */
#include <sys/resource.h>

unsigned long spin(void) {
    volatile unsigned long turns = 0;
    for (;;)
        turns++;
    return turns;
}

int main(void) {
    struct rlimit limit = {1, 20};
    setrlimit(RLIMIT_CPU, &limit);
    return (int) spin();
}

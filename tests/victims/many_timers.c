/* So many timers as the argument says, each with a value of its own; their threads are never made. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static void never(union sigval value) {
    (void) value;
    abort();
}

int main(int argc, char **argv) {
    const uintptr_t wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    timer_t timer;

    for (uintptr_t i = 1; i <= wanted; i++) {
        struct sigevent event = {
            .sigev_notify = SIGEV_THREAD, .sigev_notify_function = never, .sigev_value = {.sival_ptr = (void *) i}};
        if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_delete(timer) != 0)
            return 1;
    }
    return 0;
}

#include <sys/time.h>
#include <time.h>

#include "moment.h"

void qmon__pause_us(unsigned pause_us) {
    struct timespec pause = {.tv_sec = pause_us / 1000000u, .tv_nsec = (long) (pause_us % 1000000u) * 1000};
    nanosleep(&pause, NULL);
}

#define GRACE_MS 200u

void qmon__die_in(uint64_t ms) {
    ms += GRACE_MS;
    struct itimerval timer = {
        .it_value = {.tv_sec = (time_t) (ms / 1000), .tv_usec = (suseconds_t) (ms % 1000) * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

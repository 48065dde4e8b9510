/* A timer's handler crashes in the middle of malloc, tzset or printf: their locks are held by this very thread. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

void fault_in_handler(int number) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    struct itimerval soon = {.it_value = {.tv_usec = 3000}};
    FILE *sink = fopen("/dev/null", "w");
    time_t now = 1700000000;
    struct tm parts;
    char zone[32];
    signal(SIGALRM, fault_in_handler);
    setitimer(ITIMER_REAL, &soon, NULL);
    for (int i = 0;; i++) {
        if (strcmp(argv[1], "malloc") == 0) {
            void *first = malloc(2000), *second = malloc(5000);
            free(first);
            free(second);
        } else if (strcmp(argv[1], "time") == 0) {
            snprintf(zone, sizeof zone, "XYZ%d", i % 12);
            setenv("TZ", zone, 1);
            localtime_r(&now, &parts);
        } else {
            fprintf(sink, "%d %s\n", i, argv[1]);
            fflush(sink);
        }
    }
}

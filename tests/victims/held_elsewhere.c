/* Another thread has one of libc's locks and never gives it back, or is in and out of it all the time; then a crash here. */
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile int there;

static int stay(struct dl_phdr_info *info, size_t bytes, void *data) {
    there = 1;
    for (;;)
        pause();
}

static void stay_at_exit(void) {
    there = 1;
    for (;;)
        pause();
}

static void *hold_loader(void *unused) {
    dl_iterate_phdr(stay, NULL);
    return NULL;
}

static void *hold_exit(void *unused) {
    atexit(stay_at_exit);
    exit(0);
}

static void *read_time_zones(void *unused) {
    static const char *const zones[] = {"TZ=UTC", "TZ=:/usr/share/zoneinfo/Etc/UTC", "TZ=CET-1CEST"};
    for (int i = 0;; i++) {
        time_t now = time(NULL);
        putenv((char *) zones[i % 3]);
        localtime(&now);
        there = 1;
    }
}

static void *use_environment(void *unused) {
    for (int i = 0;; i++) {
        setenv("VARIABLE", i % 2 ? "a value" : "another, longer value", 1);
        there = 1;
    }
}

void fault_meanwhile(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    pthread_t thread;
    void *(*work)(void *) = strcmp(argv[1], "loader") == 0 ? hold_loader
                            : strcmp(argv[1], "exit") == 0 ? hold_exit
                            : strcmp(argv[1], "time") == 0 ? read_time_zones
                                                           : use_environment;
    pthread_create(&thread, NULL, work, NULL);
    while (!there)
        usleep(100);
    fault_meanwhile();
    return 0;
}

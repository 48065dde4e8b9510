/* dies.c: dies [THREADS]. Prints the time, ns of CLOCK_MONOTONIC, and dies of a null pointer. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static pthread_barrier_t all_there;

static void *wait_for_the_end(void *unused) {
    pthread_barrier_wait(&all_there);
    for (;;)
        pause();
    return unused;
}

static __attribute__((noinline)) void store(volatile int *where) {
    *where = 1;
}

static __attribute__((noinline)) void handle(void *where) {
    char text[32];
    struct timespec now;
    int bytes;

    clock_gettime(CLOCK_MONOTONIC, &now);
    bytes = snprintf(text, sizeof text, "%lld%09ld\n", (long long) now.tv_sec, now.tv_nsec);
    if (write(STDOUT_FILENO, text, (size_t) bytes) == bytes)
        store(where);
}

int main(int count, char **arguments) {
    unsigned threads = count > 1 ? (unsigned) atoi(arguments[1]) : 1;
    pthread_t thread;

    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    pthread_barrier_init(&all_there, NULL, threads);
    for (unsigned i = 1; i < threads; i++)
        pthread_create(&thread, NULL, wait_for_the_end, NULL);
    pthread_barrier_wait(&all_there);
    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
    handle(arguments[count]);
    return 0;
}

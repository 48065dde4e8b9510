/*
 * dies.c: dies [THREADS [DEPTH [LIBRARIES COUNT]]]. Prints the time, ns of CLOCK_MONOTONIC, and dies of a null pointer, with so
 * many threads, so many calls deep, with LIBRARIES/0.so and so on up to so many loaded.
 */
#include <dlfcn.h>
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

static __attribute__((noinline)) int deeper(int depth, void *where) {
    int below = 0;

    if (depth > 0)
        below = deeper(depth - 1, where);
    else
        handle(where);
    __asm__ volatile("" : "+r"(below)); /* no tail call */
    return below + 1;
}

static void load(const char *directory, int count) {
    char path[256];

    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%d.so", directory, i);
        if (dlopen(path, RTLD_NOW) == NULL)
            _exit(3);
    }
}

int main(int count, char **arguments) {
    unsigned threads = count > 1 ? (unsigned) atoi(arguments[1]) : 1;
    pthread_t thread;
    pthread_attr_t small;

    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    pthread_barrier_init(&all_there, NULL, threads);
    for (unsigned i = 1; i < threads; i++)
        if (pthread_create(&thread, &small, wait_for_the_end, NULL) != 0)
            return 3;
    pthread_barrier_wait(&all_there);
    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
    if (count > 4)
        load(arguments[3], atoi(arguments[4]));
    deeper(count > 2 ? atoi(arguments[2]) : 0, arguments[count]);
    return 0;
}

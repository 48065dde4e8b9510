/*
 * threads.c: threads HOW COUNT. COUNT threads, 32 frames deep, take a stack each for the first time, one after the other, while all live:
 *   threads report COUNT     by qmon_report
 *   threads backtrace COUNT  by glibc's backtrace()
 *   threads unwind COUNT     by libunwind's unw_backtrace()
 * Prints the median of the CPU time that it took, ns, and the memory that each is left with for it, KiB.
 */
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qmon/qmon.h>

#define DEPTH 32
#define THREADS 256

static int (*libc_backtrace)(void **, int);
static const char *how;
static pthread_barrier_t ready, over;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static unsigned done;
static double taken_ns[THREADS];

static double cpu_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static void take_stack(void) {
    void *frames[DEPTH];

    if (how[0] == 'r')
        qmon_report("500", "/bench", "user", "it did not work", NULL);
    else if (how[0] == 'b')
        libc_backtrace(frames, DEPTH);
    else
        unw_backtrace(frames, DEPTH);
}

/* The stack that whoever takes it may need is there before, so that it does not count. */
static __attribute__((noinline)) void touch_stack(void) {
    volatile char room[24 * 1024];
    for (size_t i = 0; i < sizeof room; i += 1024)
        room[i] = 1;
}

static __attribute__((noinline)) int deeper(int depth) {
    int below = 0;

    if (depth > 0) {
        below = deeper(depth - 1);
    } else {
        touch_stack();
        pthread_barrier_wait(&ready);
        pthread_barrier_wait(&ready); /* memory has been looked at */
        pthread_mutex_lock(&turn);
        double start = cpu_ns();
        take_stack();
        taken_ns[done++] = cpu_ns() - start;
        pthread_mutex_unlock(&turn);
        pthread_barrier_wait(&over);
        pthread_barrier_wait(&over);
    }
    __asm__ volatile("" : "+r"(below)); /* no tail call */
    return below + 1;
}

static void *run(void *unused) {
    deeper(DEPTH);
    return unused;
}

static double private_kib(void) {
    FILE *stream = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    double value = 0;

    while (stream != NULL && fgets(line, sizeof line, stream) != NULL)
        if (strncmp(line, "Private_Dirty:", 14) == 0)
            value = strtod(line + 14, NULL);
    if (stream != NULL)
        fclose(stream);
    return value;
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

static void wait_twice(pthread_barrier_t *barrier, double *ret_kib) {
    pthread_barrier_wait(barrier);
    *ret_kib = private_kib();
    pthread_barrier_wait(barrier);
}

int main(int count, char **arguments) {
    unsigned threads = count == 3 ? (unsigned) atoi(arguments[2]) : 0;
    pthread_t thread[THREADS];
    double before, after;
    void *libc = dlopen("libc.so.6", RTLD_LAZY);

    libc_backtrace = libc != NULL ? (int (*)(void **, int)) dlsym(libc, "backtrace") : NULL;
    if (threads == 0 || threads > THREADS || libc_backtrace == NULL)
        return 2;
    how = arguments[1];
    take_stack(); /* what a process has to do once */
    private_kib();
    nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
    pthread_barrier_init(&ready, NULL, threads + 1);
    pthread_barrier_init(&over, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, run, NULL) != 0)
            return 1;
    wait_twice(&ready, &before);
    wait_twice(&over, &after);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    qsort(taken_ns, threads, sizeof *taken_ns, by_size);
    printf("%.1f\n%.1f\n", taken_ns[threads / 2], (after - before) / threads);
    return 0;
}

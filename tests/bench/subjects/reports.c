/*
 * reports.c: CPU time of a call on this thread, ns, from a stack 32 frames deep, in groups of 32 calls.
 *   reports duplicates GROUPS  qmon_report, two places by turns, so that each call walks the stack
 *   reports storm GROUPS       qmon_report, one place, in groups of 4096: most calls are known without a walk
 *   reports backtrace GROUPS   glibc's backtrace()
 *   reports unwind GROUPS      libunwind's unw_backtrace()
 *   reports write GROUPS       write(2) of 200 bytes to a file in memory
 *   reports events COUNT [DEPTH]  COUNT reports with codes of their own, as fast as they are taken, until all are taken
 *                              over: prints the wall time of all, s
 *   reports storm-of-words COUNT  the same with one code and words of their own
 *   reports rate COUNT         COUNT reports with codes of their own, evenly over a second; prints how many were taken, and the
 *                              CPU time of a call on this thread, ns
 */
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <qmon/qmon.h>

#define GROUP 32
#define STORM 4096
#define DEPTH 32

static int file;
static int taken; /* of the last group */

static double now_ns(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static void call_report(void) {
    taken += qmon_report("500", "/bench", "user", "it did not work", NULL) == 0;
}

static void call_reports(void) {
    static bool second;

    second = !second;
    if (second)
        taken += qmon_report("501", "/bench", "user", "it did not work", NULL) == 0;
    else
        call_report();
}

/* glibc's own: libunwind, which this program links, has a function of that name, too. */
static int (*libc_backtrace)(void **, int);

static void call_backtrace(void) {
    void *frames[DEPTH];
    taken += libc_backtrace(frames, DEPTH) > 0;
}

static void call_unwind(void) {
    void *frames[DEPTH];
    taken += unw_backtrace(frames, DEPTH) > 0;
}

static void call_write(void) {
    static const char text[200];
    taken += write(file, text, sizeof text) == sizeof text;
}

/* CPU time of a call. */
static double group(void (*call)(void), int calls) {
    double start;

    taken = 0;
    start = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < calls; i++)
        call();
    return (now_ns(CLOCK_THREAD_CPUTIME_ID) - start) / calls;
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

static void print_median(double *values, unsigned count) {
    qsort(values, count, sizeof *values, by_size);
    if (count > 0)
        printf("%.3f\n", values[count / 2]);
}

static void measure(const char *what, unsigned groups) {
    double *values = calloc(groups, sizeof *values);
    unsigned count = 0;
    int calls = what[0] == 's' ? STORM : GROUP;

    for (unsigned i = 0; values != NULL && i < groups; i++) {
        double value = group(what[0] == 'b'   ? call_backtrace
                             : what[0] == 'u' ? call_unwind
                             : what[0] == 'w' ? call_write
                             : what[0] == 's' ? call_report
                                              : call_reports,
                             calls);
        if (taken == calls)
            values[count++] = value;
        lseek(file, 0, SEEK_SET);
    }
    print_median(values, count);
    free(values);
}

static void events(unsigned count, bool one_code) {
    double start = now_ns(CLOCK_MONOTONIC);
    char words[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(words, sizeof words, "bench-%u", i);
        while (qmon_report(one_code ? "bench" : words, "/bench", NULL, one_code ? words : NULL, NULL) != 0 &&
               now_ns(CLOCK_MONOTONIC) - start < 30e9)
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    if (qmon_flush(30000) == 0)
        printf("%.6f\n", (now_ns(CLOCK_MONOTONIC) - start) / 1e9);
}

static void at_rate(unsigned count) {
    double start = now_ns(CLOCK_MONOTONIC), spent = 0;
    char code[32];

    taken = 0;
    for (unsigned i = 0; i < count; i++) {
        double due = start + 1e9 / count * i, now = now_ns(CLOCK_MONOTONIC), before;
        if (due > now + 50000)
            nanosleep(
                &(struct timespec){.tv_sec = (time_t) ((due - now) / 1e9), .tv_nsec = (long) (due - now) % 1000000000},
                NULL);
        snprintf(code, sizeof code, "bench-%u", i);
        before = now_ns(CLOCK_THREAD_CPUTIME_ID);
        taken += qmon_report(code, "/bench", NULL, NULL, NULL) == 0;
        spent += now_ns(CLOCK_THREAD_CPUTIME_ID) - before;
    }
    qmon_flush(30000);
    printf("%d\n%.0f\n", taken, spent / count);
}

static __attribute__((noinline)) int deeper(int depth, const char *what, unsigned count) {
    int below = 0;

    if (depth > 0)
        below = deeper(depth - 1, what, count);
    else if (strcmp(what, "events") == 0 || strcmp(what, "storm-of-words") == 0)
        events(count, what[0] == 's');
    else if (strcmp(what, "rate") == 0)
        at_rate(count);
    else
        measure(what, count);
    __asm__ volatile("" : "+r"(below)); /* no tail call */
    return below + 1;
}

int main(int count, char **arguments) {
    if (count != 3 && count != 4)
        return 2;
    void *libc = dlopen("libc.so.6", RTLD_LAZY);
    libc_backtrace = libc != NULL ? (int (*)(void **, int)) dlsym(libc, "backtrace") : NULL;
    if (libc_backtrace == NULL)
        return 2;
    file = memfd_create("bench", MFD_CLOEXEC);
    nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
    deeper(count == 4 ? atoi(arguments[3]) : DEPTH, arguments[1], (unsigned) atoi(arguments[2]));
    return 0;
}

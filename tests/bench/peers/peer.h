/* peer.h: what the peers' programs share: CPU time of a call from a stack 32 frames deep, as subjects/reports.c takes it. */
#ifndef QMON_BENCH_PEER_H
#define QMON_BENCH_PEER_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PEER_GROUP 32
#define PEER_DEPTH 32

static inline double peer_now_ns(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static inline int peer_by_size(const void *left, const void *right) {
    double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

static inline void peer_measure(void (*call)(void), unsigned groups) {
    double *values = (double *) calloc(groups, sizeof *values);

    for (unsigned i = 0; values != NULL && i < groups; i++) {
        double start = peer_now_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int n = 0; n < PEER_GROUP; n++)
            call();
        values[i] = (peer_now_ns(CLOCK_THREAD_CPUTIME_ID) - start) / PEER_GROUP;
    }
    if (values != NULL && groups > 0) {
        qsort(values, groups, sizeof *values, peer_by_size);
        printf("%.3f\n", values[groups / 2]);
    }
    free(values);
}

static __attribute__((noinline)) int peer_deeper(int depth, void (*call)(void), unsigned groups) {
    int below = 0;

    if (depth > 0)
        below = peer_deeper(depth - 1, call, groups);
    else
        peer_measure(call, groups);
    __asm__ volatile("" : "+r"(below)); /* no tail call */
    return below + 1;
}

#endif

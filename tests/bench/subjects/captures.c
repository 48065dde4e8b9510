/*
 * captures.c: captures GROUPS. CPU time of the agent's capture of this thread's stack, ns, from a stack 32 frames deep, in groups of 32
 * calls. The agent's code is linked in for it, because the agent lets nobody call it from outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <unwind.h>

#define GROUP 32
#define DEPTH 32
#define MOST 100000

static size_t frames_seen;

static double now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static __attribute__((noinline)) void capture(void) {
    void *room[QMON__ROOM_FOR_HERE];
    void *const *first;
    struct qmon__trail trail;

    frames_seen = qmon__unwind_here(room, 1, &first, &trail);
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

static void measure(unsigned groups) {
    static double values[MOST];

    for (unsigned i = 0; i < groups; i++) {
        double start = now_ns();
        for (unsigned call = 0; call < GROUP; call++)
            capture();
        values[i] = (now_ns() - start) / GROUP;
    }
    qsort(values, groups, sizeof *values, by_size);
    if (frames_seen >= DEPTH)
        printf("%.3f\n", values[groups / 2]);
}

static __attribute__((noinline)) int deeper(int depth, unsigned groups) {
    int below = 0;

    if (depth > 0)
        below = deeper(depth - 1, groups);
    else
        measure(groups);
    __asm__ volatile("" : "+r"(below)); /* no tail call */
    return below + 1;
}

int main(int count, char **arguments) {
    unsigned groups = count == 2 ? (unsigned) atoi(arguments[1]) : 0;

    if (groups == 0 || groups > MOST)
        return 2;
    deeper(DEPTH, groups);
    return 0;
}

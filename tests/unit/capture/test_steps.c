/* A stack that is walked by what is known of each function is the one that libunwind finds, or none. */
#define UNW_LOCAL_ONLY
#include <alloca.h>
#include <criterion/criterion.h>
#include <libunwind.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "steps.h"

TestSuite(steps, .timeout = 60);

#define ROOM 200

struct stacks {
    void *steps[ROOM], *unwind[ROOM];
    size_t step_count, unwind_count;
    struct qmon__trail trail;
};

/* The innermost is this function, at two places of it. */
static __attribute__((noinline)) void take(struct stacks *ret_stacks, size_t most) {
    ret_stacks->step_count = qmon__steps_here(ret_stacks->steps, most, &ret_stacks->trail);
    const int found = unw_backtrace(ret_stacks->unwind, (int) most);
    ret_stacks->unwind_count = found > 0 ? (size_t) found : 0;
}

static void compare(const struct stacks *stacks, size_t at_least) {
    cr_assert_geq(stacks->step_count, at_least);
    cr_assert_eq(stacks->step_count, stacks->unwind_count, "%zu by steps, %zu by libunwind", stacks->step_count,
                 stacks->unwind_count);
    for (size_t i = 1; i < stacks->step_count; i++)
        cr_assert_eq(stacks->steps[i], stacks->unwind[i], "frame %zu", i);
    cr_assert_eq(stacks->trail.count, stacks->step_count < QMON__TRAIL ? stacks->step_count : QMON__TRAIL);
    for (size_t i = 1; i < stacks->trail.count; i++)
        cr_assert_gt(stacks->trail.slots[i], stacks->trail.slots[i - 1], "slot %zu", i);
}

static __attribute__((noinline)) int go_deeper(struct stacks *stacks, int depth, size_t most) {
    volatile int below = 0;
    if (depth > 0)
        below = go_deeper(stacks, depth - 1, most);
    else
        take(stacks, most);
    return below + 1;
}

/* A frame of a size that the compiler does not know, and one that is larger than a page. */
static __attribute__((noinline)) int go_deeper_by_frame_pointer(struct stacks *stacks, int depth, size_t bytes) {
    volatile char *room = alloca(bytes);
    volatile char large[20000];
    int below = 0;
    room[0] = large[0] = 1;
    if (depth > 0)
        below = go_deeper_by_frame_pointer(stacks, depth - 1, bytes + 48);
    else
        take(stacks, ROOM);
    return below + room[0] + large[0];
}

#if defined(__x86_64__)
/* Finds its caller by memory: its stack is aligned anew, and as large as is asked for. */
__attribute__((noinline, force_align_arg_pointer)) static int align(struct stacks *stacks, size_t bytes) {
    volatile char *room = alloca(bytes);
    _Alignas(128) volatile char aligned[128];
    room[0] = aligned[0] = 1;
    take(stacks, ROOM);
    return room[0] + aligned[0];
}

/* No handler stands here: a fault in the learning would be the end. */
Test(steps, do_not_lead_through_a_frame_that_is_found_by_memory) {
    static struct stacks stacks;
    for (size_t i = 0; i < 3; i++) {
        align(&stacks, 100 + i * 16);
        cr_assert_eq(stacks.step_count, 0);
        cr_assert_gt(stacks.unwind_count, 3);
    }
}
#endif

static struct stacks *in_callback;

static int callback(const void *left, const void *right) {
    if (in_callback->step_count == 0)
        go_deeper(in_callback, 3, ROOM);
    return *(const int *) left - *(const int *) right;
}

static void *run(void *argument) {
    go_deeper(argument, 10, ROOM);
    return NULL;
}

Test(steps, are_those_of_libunwind_the_first_time_and_from_then_on) {
    static struct stacks stacks;
    for (int i = 0; i < 200; i++) {
        go_deeper(&stacks, i % 60, ROOM);
        compare(&stacks, (size_t) (i % 60) + 2);
    }
}

Test(steps, lead_through_frames_of_any_size) {
    static struct stacks stacks;
    for (int i = 0; i < 20; i++) {
        go_deeper_by_frame_pointer(&stacks, i, (size_t) i * 100 + 1);
        compare(&stacks, (size_t) i + 2);
    }
}

Test(steps, lead_through_libc) {
    static struct stacks stacks;
    int numbers[] = {3, 1, 2};
    in_callback = &stacks;
    qsort(numbers, 3, sizeof numbers[0], callback);
    compare(&stacks, 7);
}

/* In KiB, of this process; "VmHWM" is the most that was ever resident. */
static long status_of_memory(const char *name) {
    char line[256];
    long value = -1;
    FILE *status = fopen("/proc/self/status", "re");

    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name) + 1, NULL, 10);
    if (status != NULL)
        fclose(status);
    return value;
}

Test(steps, are_learned_without_memory_where_a_program_has_locked_its_future) {
    struct stacks stacks;
    long before, after;

    if (mlockall(MCL_FUTURE) != 0)
        cr_skip_test("no memory can be locked here");
    before = status_of_memory("VmHWM");
    go_deeper(&stacks, 5, ROOM);
    after = status_of_memory("VmHWM");
    munlockall();
    compare(&stacks, 6);
    cr_assert_gt(before, 0);
    cr_assert_lt(after - before, 4096, "%ld KiB", after - before);
}

Test(steps, end_where_a_thread_begins) {
    static struct stacks stacks;
    pthread_t thread;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(pthread_create(&thread, NULL, run, &stacks), 0);
        pthread_join(thread, NULL);
        compare(&stacks, 12);
    }
}

Test(steps, give_no_more_than_is_asked_for) {
    static struct stacks stacks;
    go_deeper(&stacks, 30, 7);
    compare(&stacks, 7);
    cr_assert_eq(stacks.step_count, 7);
}

Test(steps, are_learned_anew_when_they_are_forgotten) {
    static struct stacks stacks;
    for (int i = 0; i < 5; i++) {
        go_deeper(&stacks, 20, ROOM);
        compare(&stacks, 22);
        qmon__steps_forget();
    }
}

static struct stacks in_handler;

static void handle(int number) {
    (void) number;
    go_deeper(&in_handler, 2, ROOM);
}

/* What a signal interrupted is at no distance from its handler. */
Test(steps, do_not_lead_out_of_a_signal_handler) {
    signal(SIGUSR1, handle);
    for (int i = 0; i < 3; i++) {
        memset(&in_handler, 0xff, sizeof in_handler);
        raise(SIGUSR1);
        cr_assert_eq(in_handler.step_count, 0);
        cr_assert_gt(in_handler.unwind_count, 5);
    }
}

static struct stacks of_threads[4];

static void *run_often(void *argument) {
    const struct stacks *stacks = argument;
    for (int i = 0; i < 20000; i++) {
        go_deeper(argument, i % 40, ROOM);
        if (i % 1000 == 0)
            qmon__steps_forget();
        if (stacks->step_count != stacks->unwind_count ||
            memcmp(stacks->steps + 1, stacks->unwind + 1, (stacks->step_count - 1) * sizeof(void *)) != 0)
            return argument;
    }
    return NULL;
}

Test(steps, are_the_same_for_threads_that_learn_at_once) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, run_often, &of_threads[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        cr_assert_null(wrong);
        compare(&of_threads[i], 3);
    }
}

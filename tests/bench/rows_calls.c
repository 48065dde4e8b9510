/* rows_calls.c: calls that the agent stands in, and faults that a program recovers from. */
#include <stdio.h>
#include <string.h>

#include "bench.h"

struct call {
    const char *row, *program, *name, *count;
    double goal;
    unsigned repeats;
};

static double first_number(const struct bench_process *process) {
    return bench_number(process, 0);
}

static void compare(const struct call *call) {
    struct bench_process baseline = {.preload = BENCH_NOTHING, .arguments = {call->program, call->name, call->count}};
    struct bench_process measured = baseline;
    static struct bench_row row;

    measured.preload = BENCH_AGENT;
    memset(&row, 0, sizeof row);
    row.name = call->row;
    row.baseline_name = "empty preload";
    row.unit = "ns";
    row.goal_kind = BENCH_RATIO_AT_MOST;
    row.goal = call->goal;
    bench_pair(&row, first_number, &baseline, &measured, bench_repeats(call->repeats), 20);
    bench_publish(&row);
}

void bench_rows_calls(void) {
    static const char program[] = BENCH_DIRECTORY "calls";
    static const struct call calls[] = {
        {"putc, one thread", program, "putc", "4000000", 1.01, 20},
        {"malloc and free, one thread", program, "malloc", "2000000", 1.01, 20},
        {"pthread_create, pthread_join", program, "thread", "1000", 1.05, 20},
        {"fork, exit, wait", program, "fork", "100", 1.05, 20},
        {"posix_spawn of an empty program, wait", program, "spawn", "40", 1.05, 20},
        {"sigaction, asking", program, "query", "300000", 1.2, 20},
        {"sigaction, setting", program, "set", "300000", 1.2, 20},
        {"sigprocmask", program, "mask", "300000", 1.2, 20},
        {"dlopen, dlclose", program, "dlopen", "300", 1.05, 20},
    };

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        compare(&calls[i]);
}

void bench_rows_faults(void) {
    static const char program[] = BENCH_DIRECTORY "faults";
    static const struct call calls[] = {
        {"recovered fault, instruction skipped", program, "skip", "30000", 1.1, 20},
        {"recovered fault, mprotect", program, "repair", "20000", 1.1, 20},
        {"recovered fault, siglongjmp", program, "jump", "20000", 1.1, 20},
    };

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        compare(&calls[i]);
}

/* rows_start.c: what starting a process costs, and one that then only sleeps. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

void bench_rows_start(void) {
    static const struct bench_process nothing = {.preload = BENCH_NOTHING, .arguments = {BENCH_DIRECTORY "empty"}};
    static const struct bench_process child = {
        .preload = BENCH_AGENT, .settings = {"QMON_LIFECYCLE=off"}, .arguments = {BENCH_DIRECTORY "empty"}};
    static const struct bench_process root = {.preload = BENCH_AGENT, .arguments = {BENCH_DIRECTORY "empty"}};
    static struct bench_row silent = {.name = "process start, lifecycle off",
                                      .baseline_name = "empty preload",
                                      .unit = "ns",
                                      .goal_kind = BENCH_RATIO_AT_MOST,
                                      .goal = 1.08};
    static struct bench_row told = {.name = "process start, a root",
                                    .baseline_name = "empty preload",
                                    .unit = "ns",
                                    .goal_kind = BENCH_RATIO_AT_MOST,
                                    .goal = 1.12};

    bench_pair(&silent, bench_lifetime, &nothing, &child, bench_repeats(800), 0);
    bench_publish(&silent);
    bench_pair(&told, bench_lifetime, &nothing, &root, bench_repeats(160), 15);
    bench_publish(&told);
}

/* The number behind "NAME:" in a file of /proc/PID; NaN where there is none. */
static double field(pid_t pid, const char *file, const char *name) {
    char path[64], line[256];
    double value = NAN;
    FILE *stream;

    snprintf(path, sizeof path, "/proc/%d/%s", (int) pid, file);
    stream = fopen(path, "re");
    if (stream == NULL)
        return NAN;
    while (fgets(line, sizeof line, stream) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            sscanf(line + strlen(name) + 1, "%lf", &value);
    }
    fclose(stream);
    return value;
}

static void sleep_once(const char *preload, struct bench_samples *ret_pss, struct bench_samples *ret_wakes) {
    struct bench_process process = {.preload = preload, .arguments = {BENCH_DIRECTORY "sleeper"}};
    int ends[2];
    char ready;
    double before;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    pid = bench_start(&process, ends[1]);
    close(ends[1]);
    if (pid > 0 && read(ends[0], &ready, 1) == 1) {
        bench_rest_ms(300); /* the start alert is under way until then */
        before = field(pid, "status", "voluntary_ctxt_switches");
        bench_rest_ms(bench.quick ? 1000 : 2000);
        bench_add(ret_wakes, field(pid, "status", "voluntary_ctxt_switches") - before);
        bench_add(ret_pss, field(pid, "smaps_rollup", "Pss"));
    }
    close(ends[0]);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

void bench_rows_idle(void) {
    static struct bench_row pss = {.name = "Pss of a sleeping process",
                                   .baseline_name = "empty preload",
                                   .unit = "KiB",
                                   .goal_kind = BENCH_MORE_AT_MOST,
                                   .goal = 100};
    static struct bench_row wakes = {.name = "wake-ups of its main thread",
                                     .baseline_name = "empty preload",
                                     .unit = "",
                                     .goal_kind = BENCH_VALUE_AT_MOST,
                                     .goal = 0};

    for (unsigned i = bench_repeats(5); i > 0; i--) {
        sleep_once(BENCH_NOTHING, &pss.baseline, &wakes.baseline);
        sleep_once(BENCH_AGENT, &pss.measured, &wakes.measured);
    }
    bench_publish(&pss);
    bench_publish(&wakes);
}

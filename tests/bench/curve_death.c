/* curve_death.c: from the fault to the death, by threads, by the depth of the stack, by loaded libraries. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "curves.h"

#define PROGRAM BENCH_DIRECTORY "dies"
#define LIBRARY BENCH_DIRECTORY "libsmall.so"
#define REPEATS 5

static double least_death(const struct bench_process *process, unsigned repeats) {
    static struct bench_samples samples;

    samples.count = 0;
    bench_death(process); /* the one that is new */
    bench_settle(5000);
    for (unsigned i = 0; i < repeats; i++) {
        bench_add(&samples, bench_death(process));
        bench_settle(5000);
    }
    return bench_quantile(&samples, 0);
}

static double death_with(const char *threads, const char *depth, const char *directory, const char *count) {
    const struct bench_process own = {.preload = BENCH_AGENT,
                                      .settings = {"QMON_LIFECYCLE=off"},
                                      .arguments = {PROGRAM, threads, depth, directory, count}};

    bench_forget();
    return least_death(&own, REPEATS);
}

void bench_curve_threads(bool full) {
    static const char *const counts[] = {"1", "4", "16", "64", "256", "1000", "2000"};
    static struct bench_curve curve = {.name = "threads",
                                       .x = "threads",
                                       .y = "fault to death, a duplicate",
                                       .unit = "ns",
                                       .bound = "1 s for the other threads' stacks",
                                       .more_is_worse = true};

    for (size_t i = 0; i < sizeof counts / sizeof *counts - (full ? 0 : 2); i++)
        bench_point(&curve, atof(counts[i]), death_with(counts[i], NULL, NULL, NULL));
    bench_publish_curve(&curve);
}

void bench_curve_depth(bool full) {
    static const char *const depths[] = {"8", "32", "128", "512", "2048", "10000", "30000", "100000"};
    static struct bench_curve curve = {.name = "depth",
                                       .x = "calls deep",
                                       .y = "fault to death, a duplicate",
                                       .unit = "ns",
                                       .bound = "frames kept: the innermost and outermost of each stack",
                                       .more_is_worse = true};

    for (size_t i = 0; i < sizeof depths / sizeof *depths - (full ? 0 : 1); i++)
        bench_point(&curve, atof(depths[i]), death_with("1", depths[i], NULL, NULL));
    bench_publish_curve(&curve);
}

static bool copy_library(const char *directory, int number) {
    char path[160];
    struct stat status;
    int from = open(LIBRARY, O_RDONLY | O_CLOEXEC), to;
    bool done;

    snprintf(path, sizeof path, "%s/%d.so", directory, number);
    to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    done = from >= 0 && to >= 0 && fstat(from, &status) == 0 &&
           sendfile(to, from, NULL, (size_t) status.st_size) == status.st_size;
    close(from);
    close(to);
    return done;
}

void bench_curve_modules(bool full) {
    static const char *const counts[] = {"1", "10", "50", "200", "1000"};
    static struct bench_curve curve = {.name = "modules",
                                       .x = "libraries loaded besides",
                                       .y = "fault to death, a duplicate",
                                       .unit = "ns",
                                       .bound = NULL,
                                       .more_is_worse = true};
    char directory[96];
    int there = 0;

    snprintf(directory, sizeof directory, "%s/libraries", bench.directory);
    mkdir(directory, 0700);
    for (size_t i = 0; i < sizeof counts / sizeof *counts - (full ? 0 : 1); i++) {
        while (there < atoi(counts[i]) && copy_library(directory, there))
            there++;
        bench_point(&curve, atof(counts[i]), death_with("1", "0", directory, counts[i]));
    }
    bench_publish_curve(&curve);
}

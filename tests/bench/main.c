/* main.c: qmon-bench [--quick] [--json FILE]; scripts/bench builds it and calls it. */
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench.h"
#include "curves.h"

struct bench bench;

unsigned bench_repeats(unsigned full) {
    unsigned fewer = full / 4;

    if (!bench.quick)
        return full;
    return fewer < 5 ? (full < 5 ? full : 5) : fewer;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void) status, (void) kind, (void) where;
    remove(path);
    return 0;
}

void bench_forget(void) {
    char path[128];

    snprintf(path, sizeof path, "%s/state", bench.directory);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const struct {
    const char *name;
    void (*run)(void);
} groups[] = {
    {"start", bench_rows_start},       {"idle", bench_rows_idle},           {"calls", bench_rows_calls},
    {"faults", bench_rows_faults},     {"death", bench_rows_death},         {"report", bench_rows_report},
    {"events", bench_rows_events},     {"decisions", bench_rows_decisions}, {"symbols", bench_rows_symbols},
    {"receiver", bench_rows_receiver}, {"fleet", bench_rows_fleet},         {"instructions", bench_rows_instructions},
};

static int refuse(const char *argument) {
    fprintf(
        stderr,
        "qmon-bench: unknown argument '%s'; usage: qmon-bench [--quick] [--json FILE] [--curves] [--plot] [--full] [GROUP...]\nGROUP:",
        argument);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        fprintf(stderr, " %s", groups[i].name);
    fprintf(stderr, "\n");
    return 2;
}

int main(int count, char **arguments) {
    bool wanted[sizeof groups / sizeof *groups] = {false}, all = true;
    bool curves = false, plot = false, full = false;
    const char *json = NULL;
    int error = 0;

    if (count == 4 && strcmp(arguments[1], "--work") == 0)
        return bench_work(arguments[2], arguments[3]) ? 0 : 2;
    for (int i = 1; i < count; i++) {
        size_t group = 0;
        while (group < sizeof groups / sizeof *groups && strcmp(groups[group].name, arguments[i]) != 0)
            group++;
        if (strcmp(arguments[i], "--quick") == 0)
            bench.quick = true;
        else if (strcmp(arguments[i], "--curves") == 0)
            curves = true;
        else if (strcmp(arguments[i], "--plot") == 0)
            curves = plot = true;
        else if (strcmp(arguments[i], "--full") == 0)
            full = true;
        else if (strcmp(arguments[i], "--json") == 0 && i + 1 < count)
            json = arguments[++i];
        else if (group < sizeof groups / sizeof *groups)
            wanted[group] = true, all = false;
        else
            return refuse(arguments[i]);
    }
    strcpy(bench.directory, "/tmp/qmon-bench-XXXXXX");
    if (mkdtemp(bench.directory) == NULL) {
        perror("qmon-bench: a directory in /tmp");
        return 1;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* receivers come to us when they are orphaned */
    if (all && curves)
        all = false; /* curves alone, unless groups are named, too */
    else
        bench_heading();
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (all || wanted[i])
            groups[i].run();
        bench_settle(5000);
    }
    if (all)
        bench_print_quoted();
    if (curves)
        bench_curves(full);
    if (plot && (error = bench_plot(BENCH_DIRECTORY "curves")) < 0)
        fprintf(stderr, "qmon-bench: cannot write to %s\n", BENCH_DIRECTORY "curves");
    nftw(bench.directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    if (json != NULL && bench_write_json(json) < 0)
        error = fprintf(stderr, "qmon-bench: cannot write %s\n", json);
    return error == 0 ? 0 : 1;
}

/* rows_death.c: from the fault to the death, and to the alert. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static struct bench_sink *sink; /* NULL: deaths are timed, not alerts */

/* From the fault to the end of the wait, or to the alert. */
double bench_death(const struct bench_process *process) {
    int ends[2], status = 0;
    char text[64] = "";
    double ended = NAN, told = NAN;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return NAN;
    pid = bench_start(process, ends[1]);
    close(ends[1]);
    if (sink != NULL)
        told = bench_sink_next(sink, 5000);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
        ended = bench_now_ns();
    if (read(ends[0], text, sizeof text - 1) <= 0)
        ended = told = NAN;
    close(ends[0]);
    return (sink != NULL ? told : ended) - strtod(text, NULL);
}

static void duplicates(void) {
    static const struct bench_process plain = {.preload = BENCH_NOTHING, .arguments = {BENCH_DIRECTORY "dies"}};
    static const struct bench_process own = {
        .preload = BENCH_AGENT, .settings = {"QMON_LIFECYCLE=off"}, .arguments = {BENCH_DIRECTORY "dies"}};
    static struct bench_row row = {.name = "fault to death, a duplicate, receiver",
                                   .baseline_name = "plain",
                                   .unit = "ns",
                                   .goal_kind = BENCH_VALUE_AT_MOST,
                                   .goal = 3e6};

    bench_forget();
    bench_death(&own); /* the one that is new */
    bench_rest_ms(200);
    bench_pair(&row, bench_death, &plain, &own, bench_repeats(60), 20);
    bench_publish(&row);
}

/* What another handler takes, which writes the stack to standard error. */
static void peer(void) {
    static const struct bench_process plain = {.preload = BENCH_NOTHING, .arguments = {BENCH_DIRECTORY "dies"}};
    static const struct bench_process glog = {.preload = BENCH_NOTHING, .arguments = {BENCH_GLOG, "dies"}};
    static struct bench_row row = {
        .name = "a peer: fault to death, glog's failure handler", .baseline_name = "plain", .unit = "ns"};

    if (access(BENCH_GLOG, X_OK) != 0)
        return;
    bench_pair(&row, bench_death, &plain, &glog, bench_repeats(40), 20);
    bench_publish(&row);
}

static void alerts(const char *name, const char *threads) {
    char url[64];
    struct bench_process own = {.preload = BENCH_AGENT,
                                .settings = {"QMON_LIFECYCLE=off", "QMON_DEDUP_LIMIT=1000000", url},
                                .arguments = {BENCH_DIRECTORY "dies", threads}};
    static struct bench_row row;

    memset(&row, 0, sizeof row);
    row.name = name;
    row.unit = "ns";
    row.goal_kind = BENCH_VALUE_AT_MOST;
    row.goal = 12e6;
    bench_forget();
    snprintf(url, sizeof url, "QMON_WEBHOOK_URL=http://127.0.0.1:%u/", bench_sink_port(sink));
    for (unsigned i = bench_repeats(40); i > 0; i--) {
        bench_add(&row.measured, bench_death(&own));
        bench_rest_ms(20);
    }
    bench_publish(&row);
}

void bench_rows_death(void) {
    duplicates();
    peer();
    sink = bench_sink_open();
    if (sink == NULL) {
        fprintf(stderr, "qmon-bench: no web server on loopback, so no time to the alert\n");
        return;
    }
    alerts("fault to alert at a loopback webhook", "1");
    alerts("the same, 16 threads", "16");
    bench_sink_close(sink);
    sink = NULL;
}

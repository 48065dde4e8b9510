/*
 * rows_receiver.c: from the start of a qmon process to the first byte that it sends: one event waits in the outbox for a webhook
 * on loopback. The path is that of every receiver, less the record: configuration, store, claim, connection, request.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <qmon/event.h>
#include <qmon/store.h>

#include "bench.h"

static struct bench_sink *sink;

static bool leave_event(unsigned number) {
    struct qmon_event event = {.kind = QMON_KIND_ERROR, .severity = QMON_SEVERITY_ERROR, .origin = SIZE_MAX};
    char directory[128];
    const char *problem = NULL;
    struct qmon_store *store;
    int saved = -1;

    snprintf(event.id, sizeof event.id, "%08x-0000-7000-8000-000000000000", number);
    snprintf(event.fingerprint, sizeof event.fingerprint, "%032x", number);
    event.time_ns = 1700000000000000000ull;
    event.title = event.message = "an error";
    event.code = "404";
    event.service.name = "bench";
    snprintf(directory, sizeof directory, "%s/state", bench.directory);
    store = qmon_store_open(directory, &problem);
    if (store != NULL)
        saved = qmon_store_save(store, &event, "alerted", (const char *const[]){"webhook"}, 1);
    qmon_store_close(store);
    return saved == 0;
}

/* Until the request is there as a whole: it is sent as one. */
static double until_sent(const struct bench_process *process) {
    static unsigned number;
    double start, when;
    pid_t pid;

    if (!leave_event(++number))
        return NAN;
    start = bench_now_ns();
    pid = bench_start(process, -1);
    when = pid > 0 ? bench_sink_next(sink, 5000) : NAN;
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return when - start;
}

static void send_first(const char *name, const char *path, double goal, unsigned repeats) {
    char url[96];
    const struct bench_process empty = {.arguments = {BENCH_DIRECTORY "empty"}};
    const struct bench_process own = {.settings = {url}, .arguments = {QMON_BUILD_DIR "/qmon", "flush"}};
    static struct bench_row row;

    memset(&row, 0, sizeof row);
    row.name = name;
    row.baseline_name = "start and end of an empty program";
    row.unit = "ns";
    row.goal_kind = goal > 0 ? BENCH_VALUE_AT_MOST : BENCH_NO_GOAL;
    row.goal = goal;
    snprintf(url, sizeof url, "QMON_WEBHOOK_URL=http://127.0.0.1:%u/%s", bench_sink_port(sink), path);
    bench_forget();
    for (unsigned i = repeats; i > 0; i--) {
        bench_add(&row.baseline, bench_lifetime(&empty));
        bench_add(&row.measured, until_sent(&own));
    }
    bench_publish(&row);
}

void bench_rows_receiver(void) {
    sink = bench_sink_open();
    if (sink == NULL) {
        fprintf(stderr, "qmon-bench: no web server on loopback, so no time to the first byte\n");
        return;
    }
    send_first("receiver, exec to first byte sent, plain HTTP", "", 4e6, bench_repeats(100));
    send_first("the same, libcurl loaded as for TLS", "./", 0, bench_repeats(60)); /* a path that libcurl tidies up */
    bench_sink_close(sink);
    sink = NULL;
}

/*
 * rows_instructions.c: work of the receiver, and calls of programs that the agent has no part in, in executed instructions, counted
 * by callgrind: the same on every run, whatever else the machine does. Each piece of work is done so and so often by a process of
 * its own, and twice as often by another one; the difference is what it takes. The times of the same calls (rows_calls.c) differ
 * by some hundredths from run to run, with where the heap and the stack happen to lie.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/pipeline.h>
#include <qmon/store.h>

#include "bench.h"

#define FRAMES 32
#define BATCH 32u

static struct qmon_event *sample(unsigned number) {
    struct qmon_event *event = qmon_event_new(1700000000000000000ull + number);
    struct qmon_thread *thread = event != NULL ? qmon_event_alloc(event, sizeof *thread) : NULL;

    if (thread != NULL)
        thread->frames = qmon_event_alloc(event, FRAMES * sizeof *thread->frames);
    if (thread == NULL || thread->frames == NULL)
        exit(3);
    event->threads = thread;
    event->thread_count = 1;
    event->kind = QMON_KIND_ERROR;
    event->severity = QMON_SEVERITY_ERROR;
    snprintf(event->id, sizeof event->id, "%08x-0000-7000-8000-000000000000", number);
    event->code = qmon_event_format(event, "bench-%u", number);
    event->message = "The program reported an error in price_of (checkout.c:19).";
    event->service.name = "bench";
    event->process.executable = "/usr/bin/bench";
    for (thread->frame_count = 0; thread->frame_count < FRAMES; thread->frame_count++)
        thread->frames[thread->frame_count] =
            (struct qmon_frame){.index = (uint32_t) thread->frame_count,
                                .pc = 0x555500001000 + thread->frame_count * 64,
                                .module = "/usr/bin/bench",
                                .function = qmon_event_format(event, "ns::function_%zu(int)", thread->frame_count),
                                .file = "/srv/shop/checkout.c",
                                .line = 19,
                                .in_app = true,
                                .role = QMON_ROLE_APP};
    return event;
}

static void write_json(unsigned count) {
    struct qmon_event *event = sample(1);

    while (count-- > 0)
        free(qmon_event_to_json(event));
    qmon_event_free(event);
}

static void make_fingerprints(unsigned count) {
    struct qmon_event *event = sample(1);

    while (count-- > 0)
        qmon_fingerprint(event);
    qmon_event_free(event);
}

static void blot_out(unsigned count) {
    static const char text[] =
        "GET /search?q=shoes&page=2 took 250 ms; user=4711, session-id=9f8e7d6c, host db-3.example.com "
        "answered: connection refused (errno 111), password=hunter2 was tried 3 times";

    while (count-- > 0) {
        struct qmon_event *event = qmon_event_new(1);
        qmon_redact(event, text);
        qmon_event_free(event);
    }
}

static struct qmon_store *open_store(void) {
    const char *problem = NULL;
    struct qmon_store *store = qmon_store_open(NULL, &problem);

    if (store == NULL)
        exit(3);
    return store;
}

static void decide_locally(unsigned count) {
    struct qmon_store *store = open_store();

    for (unsigned i = 0; i < count; i++) {
        struct qmon_decision decision;
        char key[64];
        struct qmon_decision_request request = {
            .key = key, .limit = 1, .window_s = 3600, .now_ms = 1700000000000 + i, .count = 1};
        snprintf(key, sizeof key, "%032u|bench|test", i % 100);
        qmon_store_decide(store, &request, &decision);
    }
    qmon_store_close(store);
}

static void save_events(unsigned count) {
    struct qmon_store *store = open_store();
    struct qmon_event *event = sample(1);

    for (unsigned i = 0; i < count; i++) {
        if (i % BATCH == 0)
            qmon_store_begin(store);
        snprintf(event->id, sizeof event->id, "%08x-0000-7000-8000-000000000000", i);
        snprintf(event->fingerprint, sizeof event->fingerprint, "%032x", i);
        qmon_store_save(store, event, "alerted", (const char *const[]){"file"}, 1);
        if (i % BATCH == BATCH - 1)
            qmon_store_commit(store);
    }
    qmon_event_free(event);
    qmon_store_close(store);
}

static const struct {
    const char *name, *row;
    void (*work)(unsigned count);
    unsigned count;
} works[] = {
    {"json", "an event of 32 frames as JSON", write_json, 50},
    {"fingerprint", "a fingerprint of 32 frames", make_fingerprints, 50},
    {"redact", "secrets blotted out of 170 bytes", blot_out, 100},
    {"decide", "a decision by the local store", decide_locally, 200},
    {"save", "an event saved, in batches of 32", save_events, 320},
};

bool bench_work(const char *name, const char *count) {
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        if (strcmp(works[i].name, name) != 0)
            continue;
        works[i].work((unsigned) atoi(count));
        return true;
    }
    return false;
}

/* The instructions that callgrind collected; NaN: it did not say. */
static double collected(const char *preload, const char *const *command) {
    char log[128], line[256];
    double count = NAN;
    FILE *stream;
    struct bench_process process = {
        .preload = preload,
        .settings = {"QMON_LIFECYCLE=off"},
        .arguments = {"/usr/bin/valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", line, log}};

    snprintf(line, sizeof line, "--log-file=%s/callgrind", bench.directory);
    process.arguments[4] = command[0], process.arguments[5] = command[1];
    process.arguments[6] = command[2], process.arguments[7] = command[3];
    bench_lifetime(&process);
    snprintf(log, sizeof log, "%s/callgrind", bench.directory);
    stream = fopen(log, "re");
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL) {
        const char *at = strstr(line, "Collected : ");
        if (at != NULL)
            count = strtod(at + 12, NULL);
    }
    if (stream != NULL)
        fclose(stream);
    return count;
}

static double instructions_of_call(const char *preload, const char *call) {
    static const char program[] = BENCH_DIRECTORY "calls";
    const double less = collected(preload, (const char *const[]){program, call, "20000", NULL});
    const double more = collected(preload, (const char *const[]){program, call, "40000", NULL});
    return (more - less) / 20000;
}

static void calls(void) {
    static const struct {
        const char *call, *row;
    } seen[] = {{"putc", "putc, one thread"}, {"malloc", "malloc and free, one thread"}};

    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        static struct bench_row row;
        row = (struct bench_row){.name = seen[i].row,
                                 .baseline_name = "empty preload",
                                 .unit = "instructions",
                                 .goal_kind = BENCH_RATIO_AT_MOST,
                                 .goal = 1.01};
        bench_add(&row.baseline, instructions_of_call(BENCH_NOTHING, seen[i].call));
        bench_add(&row.measured, instructions_of_call(BENCH_AGENT, seen[i].call));
        bench_publish(&row);
    }
}

void bench_rows_instructions(void) {
    static const char self[] = BENCH_DIRECTORY "qmon-bench";

    if (access("/usr/bin/valgrind", X_OK) != 0) {
        printf("(instructions are left out: valgrind is not installed)\n");
        return;
    }
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        static struct bench_row row;
        row = (struct bench_row){.name = works[i].row, .unit = "instructions"};
        char once[16], twice[16];
        snprintf(once, sizeof once, "%u", works[i].count);
        snprintf(twice, sizeof twice, "%u", works[i].count * 2);
        double less = collected(NULL, (const char *const[]){self, "--work", works[i].name, once});
        double more = collected(NULL, (const char *const[]){self, "--work", works[i].name, twice});
        bench_add(&row.measured, (more - less) / works[i].count);
        bench_publish(&row);
    }
    calls();
}

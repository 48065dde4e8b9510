#include "run_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <qmon/clock.h>
#include <qmon/delivery.h>
#include <qmon/pipeline.h>
#include <qmon/receiver.h>
#include <qmon/render.h>

#include "page.h"
#include "session.h"
#include "when.h"

#define MOST_EVENTS 200u
#define PAGES 3u /* printed whole; of the others a line each */
#define OTHERS_WAIT_MS 1000u
#define AWAIT_MS 100u /* then it is looked again whether the record is free to be settled here */

char *qmon__cli_end_words(int wait_status, char *ret_text, size_t bytes) {
    if (WIFSIGNALED(wait_status)) {
        const char *name = qmon_signal_name(WTERMSIG(wait_status));
        char number[24];

        snprintf(number, sizeof number, "signal %d", WTERMSIG(wait_status));
        snprintf(ret_text, bytes, "was ended by %s%s", name ? name : number,
                 WCOREDUMP(wait_status) ? " (core dumped)" : "");
    } else {
        snprintf(ret_text, bytes, "exited with status %d", WEXITSTATUS(wait_status));
    }
    return ret_text;
}

/* The events of the run, oldest last as the store gives them. */
struct events {
    struct qmon_event *list[MOST_EVENTS];
    char *json[MOST_EVENTS];
    bool ours[MOST_EVENTS];
    size_t count;
};

static bool keep_event(void *context, const struct qmon_event_row *row) {
    struct events *events = context;
    const char *error = NULL;
    struct qmon_event *event = qmon_event_from_json(row->json, strlen(row->json), &error);
    char *json = strdup(row->json);

    if (!event || !json) {
        qmon_event_free(event);
        free(json);
        return true;
    }
    events->json[events->count] = json;
    events->list[events->count++] = event;
    return events->count < MOST_EVENTS;
}

static void events_free(struct events *events) {
    for (size_t i = 0; i < events->count; i++) {
        qmon_event_free(events->list[i]);
        free(events->json[i]);
    }
}

/* Marks the events of the tree of process `root`. Its number may have been another's before it: only events since its start
 * are here. */
static size_t mark_tree(struct events *events, uint32_t root) {
    size_t marked = 0;

    for (size_t i = 0; i < events->count; i++) {
        events->ours[i] = events->list[i]->process.pid == root || events->list[i]->process.root_pid == root;
        marked += events->ours[i];
    }
    return marked;
}

static void print_pages(const struct qmon__cli_style *style, const struct events *events, uint32_t child) {
    struct qmon__cli_page page = {.brief = true, .now_ms = qmon_real_ms()};
    unsigned printed = 0;

    for (size_t i = events->count; i-- > 0;) {
        const struct qmon_event *event = events->list[i];
        bool said = event->kind == QMON_KIND_EXIT && event->process.pid == child; /* by the summary */

        if (!events->ours[i])
            continue;
        if (!said)
            putc('\n', stderr);
        if (!said && printed++ < PAGES)
            qmon__cli_page_print(stderr, style, event, &page);
        else if (!said)
            qmon__cli_page_heading(stderr, style, event, page.now_ms);
        fprintf(stderr, "%s'qmon show %s' tells more.\n", said ? "" : "\n", event->id);
    }
}

static void print_json(const struct events *events) {
    for (size_t i = events->count; i-- > 0;)
        if (events->ours[i])
            fprintf(stderr, "%s\n", events->json[i]);
}

/* A program that the agent was not in. Returns how many events came of its end. */
static unsigned report_unwatched(const struct qmon__cli_session *session, const struct qmon__cli_run *run,
                                 const struct qmon__cli_child *child) {
    struct qmon_seen_end seen = {.pid = (uint32_t) child->pid,
                                 .wait_status = child->wait_status,
                                 .start_real_ns = child->start_ms * 1000000,
                                 .end_real_ns = child->end_ms * 1000000,
                                 .executable = run->program.path,
                                 .argv = run->argv,
                                 .why = run->obstacle};
    unsigned made = 0;
    int r = qmon_report_seen_end(session->store, session->config, &seen, &made);

    if (r < 0)
        fprintf(stderr, "qmon run: the end of the program could not be kept: %s\n", strerror(-r));
    return made;
}

/* What the program's own death left to be found, unless a receiver is at it already; then that one's end is waited for.
 * Returns how many events came of it here. */
static unsigned settle_record(const struct qmon__cli_session *session, const struct qmon__cli_run *run,
                              const struct qmon__cli_child *child) {
    struct qmon_known_end known = {.pid = (uint32_t) child->pid, .wait_status = child->wait_status};
    uint64_t deadline_ms = qmon_monotonic_ms() + run->wait_ms;
    unsigned recovered = 0;

    for (;;) {
        unsigned now = 0;
        int r = qmon_recover(session->store, session->config, session->state_dir, &known, &now);

        recovered += now;
        if (r < 0) {
            fprintf(stderr, "qmon run: what the program left could not be read: %s\n", strerror(-r));
            return recovered;
        }
        if (qmon_await(session->state_dir, known.pid, AWAIT_MS) == 0)
            return recovered;
        if (qmon_monotonic_ms() >= deadline_ms) {
            fprintf(stderr, "qmon run: the report was not ready within %.1f s (--wait); 'qmon list' will have it\n",
                    (double) run->wait_ms / 1000.0);
            return recovered;
        }
    }
}

/* The store has, after this, what there is to be known of the program's end. Returns how many events came of it here. */
static unsigned settle(const struct qmon__cli_session *session, const struct qmon__cli_run *run,
                       const struct qmon__cli_child *child) {
    uint64_t others_ms = run->wait_ms < OTHERS_WAIT_MS ? run->wait_ms : OTHERS_WAIT_MS;
    unsigned made;

    if (run->left_alone)
        return 0;
    made = run->obstacle ? report_unwatched(session, run, child) : settle_record(session, run, child);
    if (!run->quiet)
        qmon_await(session->state_dir, 0, others_ms); /* what its children left, if that is done by then */
    return made;
}

static void print_summary(const struct qmon__cli_style *style, const struct qmon__cli_run *run,
                          const struct qmon__cli_child *child) {
    char words[96], ran[QMON_WHEN_BYTES];

    fputs("qmon run: ", stderr);
    qmon__cli_put(stderr, style, QMON_LOOK_PLAIN, run->argv[0]);
    fprintf(stderr, " (process %d) %s after %s\n", (int) child->pid,
            qmon__cli_end_words(child->wait_status, words, sizeof words),
            qmon_render_duration(child->ran_ms * 1000000, ran, sizeof ran));
}

void qmon__cli_run_report(const struct qmon__cli_run *run, const struct qmon__cli_child *child) {
    struct qmon__cli_style style = qmon__cli_style_of(stderr);
    struct qmon_event_query query = {.kind = -1, .since_ms = child->start_ms, .limit = MOST_EVENTS};
    struct qmon_delivery_summary delivery;
    struct qmon__cli_session session;
    struct events events = {.count = 0};
    unsigned made;
    size_t ours = 0;

    if (!run->json && !run->quiet && child->wait_status != 0)
        print_summary(&style, run, child);
    if (qmon__cli_session_open("run", &session) != 0)
        return;
    made = settle(&session, run, child);
    if (!run->quiet && qmon_store_query(session.store, &query, keep_event, &events) >= 0)
        ours = mark_tree(&events, (uint32_t) child->pid);
    if (run->json)
        print_json(&events);
    else if (ours > 0)
        print_pages(&style, &events, (uint32_t) child->pid);
    events_free(&events);
    if (made > 0)
        qmon_deliver_due(session.store, session.config, NULL, qmon_monotonic_ms() + run->wait_ms, &delivery);
    qmon__cli_session_close(&session);
}

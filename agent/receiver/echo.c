/*
 * Echoes: a program that runs others (timeout, env -S wrappers, make-like runners) often ends itself by the signal that
 * ended its child, so that its own parent sees it. The child's crash is the problem; its echo is kept, but tells nobody.
 */
#include <string.h>

#include <qmon/store.h>

#include "echo.h"
#include "moment.h"

#define LOOK_BACK_MS 10000u
#define LOOK_AT 50u
#define PATIENCE_MS 2000u /* the child's own receiver may still be at work, on a busy machine */
#define CRUMBS_KEPT 64u   /* where there are as many, what came before is not known */
#define PAUSE_US 10000u

struct search {
    const struct qmon_event *echo;
    bool found;
};

static bool compare(void *context, const struct qmon_event_row *row) {
    struct search *search = context;
    const char *error;
    struct qmon_event *event = qmon_event_from_json(row->json, strlen(row->json), &error);
    if (event == NULL)
        return true;
    const struct qmon_event *echo = search->echo;
    search->found = event->process.parent_pid == echo->process.pid && event->signal.number == echo->signal.number &&
                    event->process.start_time_ns >= echo->process.start_time_ns && event->time_ns <= echo->time_ns;
    qmon_event_free(event);
    return !search->found;
}

static bool child_crashed(struct qmon_store *store, const struct qmon_event *event) {
    const struct qmon_event_query query = {
        .kind = QMON_KIND_CRASH, .since_ms = event->time_ns / 1000000u - LOOK_BACK_MS, .limit = LOOK_AT};
    struct search search = {.echo = event};
    qmon_store_query(store, &query, compare, &search);
    return search.found;
}

/* Breadcrumbs say whether it has made a child at all: without one there is nothing to wait for. */
static bool may_have_child(const struct qmon_event *event) {
    for (size_t i = 0; i < event->crumb_count; i++)
        if (event->crumbs[i].text != NULL && strncmp(event->crumbs[i].text, "made a child", 12) == 0)
            return true;
    return event->crumb_count >= CRUMBS_KEPT;
}

bool qmon__is_echo(struct qmon_store *store, const struct qmon_event *event) {
    if (event->kind != QMON_KIND_CRASH || event->signal.number == 0 || event->signal.code > 0 ||
        event->signal.sender_pid == 0 || event->signal.sender_pid != event->process.pid || event->cause.kind == NULL ||
        strcmp(event->cause.kind, "sent-signal") != 0)
        return false;
    const uint64_t end_ms = qmon__now_monotonic_ms() + PATIENCE_MS;
    while (!child_crashed(store, event)) {
        if (!may_have_child(event) || qmon__now_monotonic_ms() >= end_ms)
            return false;
        qmon__pause_us(PAUSE_US);
    }
    return true;
}

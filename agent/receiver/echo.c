/*
 * Echoes: a program that runs others (timeout, shells, runuser, make-like runners) often ends itself by the signal that
 * ended its child, or with 128 and its number, so that its own parent sees it. The child's crash is the problem; its echo is
 * kept, but tells nobody. A child whose crash is told by nobody leaves its echo to be told.
 *
 * As a rule the process has waited for such a child. A sandbox's root (bubblewrap) is told the status through a descriptor by the
 * process 1 that it has made, which waits in its place: there a crash that is told already, of the same tree, is enough.
 */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include <qmon/store.h>
#include <qmon/text.h>

#include "echo.h"
#include "moment.h"
#include "settle.h"

#if defined(__x86_64__)
#define ABORT_OF_FIRST SIGSEGV
#else
#define ABORT_OF_FIRST SIGTRAP
#endif

#define LOOK_BACK_MS 10000u
#define LOOK_AT 50u
#define PATIENCE_MS 2000u /* the child's own receiver may still be at work, on a busy machine */
#define PAUSE_US 10000u

struct search {
    const struct qmon_event *echo;
    int signal;
    bool found;
};

/* Process 1 of a namespace knows no parent; and below a root that runs shells lies more than one generation. */
static bool is_below(const struct qmon_event *event, const struct qmon_event *echo) {
    const bool same_tree = event->process.root_pid != 0 && event->process.root_pid == echo->process.root_pid;
    return event->process.parent_pid == echo->process.pid ||
           (same_tree && (echo->process.root || event->process.parent_pid == 0));
}

/* What the parent of a crashed process was told. A first process that aborts ends by the instruction after it. */
static int signal_seen(const struct qmon_event *event) {
    const int number = (int) event->signal.number;
    return event->process.pid == 1 && number == SIGABRT ? ABORT_OF_FIRST : number;
}

static bool compare(void *context, const struct qmon_event_row *row) {
    struct search *search = context;
    const char *error;
    struct qmon_event *event = qmon_event_from_json(row->json, strlen(row->json), &error);
    if (event == NULL)
        return true;
    const struct qmon_event *echo = search->echo;
    search->found = is_below(event, echo) && signal_seen(event) == search->signal &&
                    event->process.start_time_ns >= echo->process.start_time_ns;
    qmon_event_free(event);
    return !search->found;
}

static bool child_crashed(struct qmon_store *store, const struct qmon_event *event, int signal) {
    const struct qmon_event_query query = {
        .kind = QMON_KIND_CRASH, .since_ms = event->time_ns / 1000000u - LOOK_BACK_MS, .limit = LOOK_AT};
    struct search search = {.echo = event, .signal = signal};
    qmon_store_query(store, &query, compare, &search);
    return search.found;
}

static bool is_own_signal(const struct qmon_event *event) {
    return event->signal.code <= 0 && event->signal.sender_pid != 0 && event->signal.sender_pid == event->process.pid &&
           event->cause.kind != NULL && strcmp(event->cause.kind, "sent-signal") == 0;
}

/* util-linux's `setsid --wait` exits with what the wait call says of a child that a signal ended: the number, and 128 for a core. No
 * real status of 11 is taken for that: it has one child, whose own status it would repeat, and such a child died of no signal. */
static bool repeats_wait_status(const struct qmon_event *event) {
    const char *const executable = event->process.executable;
    return executable != NULL && strcmp(qmon_base_name(executable), "setsid") == 0 && event->exit.status < 128;
}

/* The signal that it may repeat; 0: this is no echo. */
static int repeated_signal(const struct qmon_event *event) {
    int signal = 0;
    if (event->kind == QMON_KIND_EXIT)
        signal = repeats_wait_status(event) ? event->exit.status : event->exit.status - 128;
    else if (event->kind == QMON_KIND_CRASH && is_own_signal(event))
        signal = (int) event->signal.number;
    return signal >= 1 && signal <= QMON_CHILD_SIGNALS && !qmon__is_stop_signal(signal) ? signal : 0;
}

bool qmon__is_echo(struct qmon_store *store, const struct qmon_event *event, const struct qmon_record *record) {
    const int signal = repeated_signal(event);
    if (record == NULL || signal == 0)
        return false;
    const uint32_t bit = 1u << (signal - 1);
    if ((atomic_load(&record->process.child_signals_told) & bit) != 0)
        return true;
    if ((atomic_load(&record->process.child_signals) & bit) == 0)
        return event->kind == QMON_KIND_EXIT && event->exit.status > 128 && event->process.root &&
               child_crashed(store, event, signal);
    const uint64_t end_ms = qmon_monotonic_ms() + PATIENCE_MS;
    while (!child_crashed(store, event, signal)) {
        if (qmon_monotonic_ms() >= end_ms)
            return false;
        qmon__pause_us(PAUSE_US);
    }
    return true;
}

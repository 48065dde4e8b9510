/*
 * Many errors at once: what one of them costs is mostly transactions, round trips and system calls, which can be shared.
 *
 * ALL OR NOTHING. Decisions of our own store, events, outbox and counters are one transaction; a receiver that is killed, or a
 * store that fails, leaves nothing of it, and whoever comes next does all of it again. Only what was decided elsewhere (Redis)
 * stands: it is kept in the report for who goes on one by one, and the mark in the ring tells of it after a death.
 *
 * ONE QUESTION A PROBLEM. Of several events of one problem the first asks. Once the answer shows that no more may alert, the
 * others are counted near (cache.h) and Redis hears of them with the next question: a storm costs it one operation for each
 * problem and batch.
 */
#include <string.h>

#include <qmon/delivery.h>
#include <qmon/log.h>

#include "origin_source.h"
#include "pass.h"
#include "process_event.h"

#define NOBODY SIZE_MAX

struct many {
    struct qmon__pass *pass;
    struct qmon__report *reports;
    size_t count;
    struct {
        char key[QMON_KEY_BYTES];
        struct qmon_decision_request request;
        size_t before; /* the last one before it of the same problem; NOBODY */
        bool asks;     /* it is to have a decision */
        bool done;     /* it has one, or is to have none */
        bool undecided, exhausted, alert;
        int result;
    } at[QMON_DECISIONS_MAX];
};

static size_t one_before(const struct many *many, size_t i) {
    for (size_t before = i; before-- > 0;)
        if (many->at[before].asks && strcmp(many->at[before].key, many->at[i].key) == 0)
            return before;
    return NOBODY;
}

static void prepare(struct many *many) {
    for (size_t i = 0; i < many->count; i++) {
        struct qmon__report *report = &many->reports[i];
        qmon__prepare(many->pass, report);
        many->at[i].asks = report->ignored == NULL;
        many->at[i].done = !many->at[i].asks;
        if (!many->at[i].asks)
            continue;
        qmon__compose_request(many->pass, report->event, many->at[i].key, &many->at[i].request);
        many->at[i].before = one_before(many, i);
    }
}

/* An answer, and whether it lets another of the same problem alert. */
static void take_answer(struct many *many, size_t i, int result) {
    const struct qmon_decision *decision = &many->reports[i].decision;
    many->at[i].done = true;
    many->at[i].undecided = result < 0;
    many->at[i].exhausted = result >= 0 && (!decision->alert || decision->window.alerts >= many->at[i].request.limit);
}

/* Those whose predecessor has its answer, each of another problem. Returns how many there were. */
static size_t ask_round(struct many *many) {
    struct qmon_decision_request requests[QMON_DECISIONS_MAX];
    struct qmon_decision decisions[QMON_DECISIONS_MAX];
    int results[QMON_DECISIONS_MAX];
    size_t which[QMON_DECISIONS_MAX], count = 0;
    for (size_t i = 0; i < many->count; i++) {
        size_t before = many->at[i].before;
        if (many->at[i].done || (before != NOBODY && (!many->at[before].done || many->at[before].exhausted)))
            continue;
        which[count] = i;
        requests[count++] = many->at[i].request;
    }
    if (count == 0)
        return 0;
    qmon_cache_decide_many(many->pass->cache, requests, count, decisions, results);
    for (size_t n = 0; n < count; n++) {
        if (results[n] >= 0)
            many->reports[which[n]].decision = decisions[n];
        take_answer(many, which[n], results[n]);
    }
    return count;
}

/* Those that follow one after which no more may alert. */
static size_t count_near(struct many *many) {
    const struct qmon_cache_class *class = many->pass->cache->class;
    size_t count = 0;
    for (size_t i = 0; i < many->count; i++) {
        size_t before = many->at[i].before;
        if (many->at[i].done || before == NOBODY || !many->at[before].done || !many->at[before].exhausted)
            continue;
        struct qmon_decision *decision = &many->reports[i].decision;
        int result = (class->decide_near != NULL ? class->decide_near : class->decide)(many->pass->cache,
                                                                                       &many->at[i].request, decision);
        if (result >= 0)
            decision->source = many->reports[before].decision.source;
        take_answer(many, i, result);
        count++;
    }
    return count;
}

static void decide(struct many *many) {
    qmon__open_cache(many->pass);
    if (many->pass->cache == NULL) {
        for (size_t i = 0; i < many->count; i++)
            many->at[i].undecided = many->at[i].asks;
        return;
    }
    while (ask_round(many) + count_near(many) > 0) {
    }
}

static void add_source(struct qmon__report *report) {
    if (report->like != NULL && report->like->source.line_count > 0)
        report->event->source = report->like->source;
    else
        qmon__add_source(report->event);
}

/* What an answer means for its event. That a receiver which died had asked already counts for the first of a problem only: it
 * alone may have been granted the alert that nobody gave. */
static void judge(struct many *many) {
    for (size_t i = 0; i < many->count; i++) {
        struct qmon__report *report = &many->reports[i];
        if (!many->at[i].asks)
            continue;
        if (many->at[i].undecided) {
            qmon_event_note(report->event, "Nothing could count repeats; this alert may come again.");
            many->at[i].alert = true;
        } else {
            bool first = many->at[i].before == NOBODY;
            many->at[i].alert = qmon__may_alert(many->pass, report, first && report->asked_before);
        }
        if (many->at[i].alert)
            add_source(report);
    }
}

/* One more, or `by` more, of a counter; the same one mostly as for the event before. */
struct counting {
    const char *name, *reason;
    uint64_t by;
};

static void count_all(struct qmon__pass *pass, struct counting *counting) {
    if (counting->by > 0)
        qmon_store_count(pass->store, counting->name, counting->reason, counting->by);
    counting->by = 0;
}

static void count_more(struct qmon__pass *pass, struct counting *counting, const char *reason, uint64_t by) {
    if (by == 0)
        return;
    if (counting->by > 0 && strcmp(counting->reason, reason) != 0)
        count_all(pass, counting);
    counting->reason = reason;
    counting->by += by;
}

/* What is to be brought to its channels. */
struct outgoing {
    const char *together; /* a channel that takes events together; NULL: there is none */
    uint64_t lease_ms;    /* of its items, which are ours already: */
    struct qmon_outbox_item items[QMON_DECISIONS_MAX];
    size_t item_count;
    const char *ids[QMON_DECISIONS_MAX]; /* events that go elsewhere */
    size_t id_count;
};

static int save_one(struct qmon__pass *pass, const struct qmon_event *event, const char *state,
                    const char *const *sinks, size_t sink_count, struct outgoing *outgoing) {
    struct qmon_outbox_item *item = &outgoing->items[outgoing->item_count];
    const int saved = qmon_store_save_and_claim(pass->store, event, state, sinks, sink_count, outgoing->together,
                                                outgoing->lease_ms, item);
    const bool claimed = item->sink != NULL;
    outgoing->item_count += claimed;
    if (saved == 0 && sink_count > claimed)
        outgoing->ids[outgoing->id_count++] = event->id;
    return saved;
}

static void save(struct many *many, struct outgoing *outgoing) {
    struct qmon__pass *pass = many->pass;
    struct counting events = {.name = "events"}, ignored = {.name = "events.ignored"};
    struct counting held_back = {.name = "dedup.suppressed"}, undecided = {.name = "cache.undecided"};
    for (size_t i = 0; i < many->count; i++) {
        const struct qmon_event *event = many->reports[i].event;
        const char *sinks[QMON_ROUTES];
        const bool alert = many->at[i].alert;
        const char *state = !many->at[i].asks ? "ignored" : alert ? "alerted" : "suppressed";
        const size_t sink_count = qmon__choose_channels(pass, event, &state, sinks);
        if (save_one(pass, event, state, sinks, sink_count, outgoing) == 0) {
            qmon_log("event %s: %s, %s", event->id, event->title != NULL ? event->title : "", state);
            count_more(pass, &events, qmon_kind_name(event->kind), 1);
        }
        if (!many->at[i].asks)
            count_more(pass, &ignored, many->reports[i].ignored, 1 + event->report.repeats);
        else if (many->at[i].undecided)
            count_more(pass, &undecided, "", 1);
        else
            count_more(pass, &held_back, event->occurrences.source, event->report.repeats + !alert);
    }
    count_all(pass, &events);
    count_all(pass, &ignored);
    count_all(pass, &held_back);
    count_all(pass, &undecided);
}

static void note_problem(const struct qmon_delivery_summary *summary) {
    if (summary->last_problem[0] != '\0')
        qmon_log("delivery: %s", summary->last_problem);
}

/* Those that are ours already first, as their lease ends. */
static void deliver(struct qmon__pass *pass, struct outgoing *outgoing) {
    struct qmon_delivery_summary summary = {0};
    qmon_deliver_claimed(pass->store, pass->config, outgoing->items, outgoing->item_count, pass->deadline_ms, &summary);
    note_problem(&summary);
    if (outgoing->id_count == 0)
        return;
    qmon_deliver_these(pass->store, pass->config, outgoing->ids, outgoing->id_count, pass->deadline_ms, &summary);
    note_problem(&summary);
}

/* Crashes and exits may be echoes or a loop, and starts and stops are no problems: that is for qmon__process. */
static bool are_errors(const struct qmon__report *reports, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (reports[i].event->kind != QMON_KIND_ERROR)
            return false;
    return true;
}

bool qmon__process_many(struct qmon__pass *pass, struct qmon__report *reports, size_t count) {
    struct many many = {.pass = pass, .reports = reports, .count = count};
    struct outgoing outgoing = {0};
    if (!qmon_store_is_durable(pass->store) || count > QMON_DECISIONS_MAX || !are_errors(reports, count))
        return false;
    prepare(&many);
    outgoing.together = qmon_deliver_together(pass->config, pass->deadline_ms, &outgoing.lease_ms);
    qmon_store_begin(pass->store);
    decide(&many);
    judge(&many);
    save(&many, &outgoing);
    int error = qmon_store_commit(pass->store);
    if (error == 0) {
        deliver(pass, &outgoing);
        return true;
    }
    qmon_log("the store cannot take %zu events at once: %s", count, strerror(-error));
    for (size_t i = 0; i < outgoing.item_count; i++)
        qmon_outbox_item_clear(&outgoing.items[i]);
    for (size_t i = 0; i < count; i++)
        reports[i].decided =
            many.at[i].asks && !many.at[i].undecided && strcmp(reports[i].decision.source, "local") != 0;
    return false;
}

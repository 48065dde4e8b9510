/* delivery_item.c: one item of the outbox: whose it is, the attempt, and what is remembered of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <qmon/clock.h>

#include "delivery_fleet.h"
#include "delivery_state.h"
#include "delivery_worker.h"
#include "template.h"

#define OTHERS_MS (10u * 60 * 1000) /* so long an item waits for the channel that it was tried on */
#define GIVE_UP_MS (7u * 24 * 3600 * 1000)
#define YOUNG_MS (10u * 1000)
#define LEFT_YOUNG_MS 1000u /* its own process is about to take it */
#define LEFT_MS (30u * 1000)
#define MISCONFIGURED_TRIES 6u /* begins with 32 s */
#define STATE_BYTES 192
#define HOLDS 32u

struct attempt {
    struct qmon__worker *worker;
    const struct qmon_outbox_item *item;
    const struct qmon_sink *sink;
    struct qmon__delivery_state state;
    uint64_t destination;
    uint64_t took_ms; /* of the channel */
};

static uint32_t random_bits(void) {
    uint32_t bits;

    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t) sizeof bits)
        bits = (uint32_t) qmon_monotonic_ms() * 2654435761u;
    return bits;
}

static struct {
    const struct qmon_sink *sink;
    uint64_t destination, until_ms;
} holds[HOLDS];

uint64_t qmon__delivery_held_until(const struct qmon_sink *sink, uint64_t destination) {
    for (size_t i = 0; i < HOLDS; i++)
        if (holds[i].sink == sink && holds[i].destination == destination)
            return holds[i].until_ms > qmon_monotonic_ms() ? holds[i].until_ms : 0;
    return 0;
}

void qmon__delivery_hold(const struct qmon_sink *sink, uint64_t destination, uint64_t until_monotonic_ms) {
    size_t at = 0;

    for (size_t i = 0; i < HOLDS; i++) {
        if (holds[i].sink == sink && holds[i].destination == destination) {
            at = i;
            break;
        }
        if (holds[i].until_ms < holds[at].until_ms)
            at = i;
    }
    holds[at].sink = sink;
    holds[at].destination = destination;
    holds[at].until_ms = until_monotonic_ms;
}

static void count(struct qmon__worker *worker, const char *name, const char *sink, const char *reason) {
    char words[80];
    int length = (int) strspn(reason, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    if (length > 40)
        length = 40;
    snprintf(words, sizeof words, "%.24s%s%.*s", sink, length ? ": " : "", length, reason);
    qmon_store_count(worker->store, name, words, 1);
}

static void note_problem(struct qmon__worker *worker, const char *sink, const char *reason) {
    snprintf(worker->summary->last_problem, sizeof worker->summary->last_problem, "%.24s: %s", sink, reason);
}

static void note_due(struct qmon__worker *worker, uint64_t due_ms) {
    if (due_ms < worker->summary->next_due_ms)
        worker->summary->next_due_ms = due_ms;
}

/* Another process may have taken the item over, its lease having run out: then there is nothing to record, and no error. */
static int recorded(int r) {
    return r < 0 ? r : 0;
}

static int set_aside(struct qmon__worker *worker, const struct qmon_outbox_item *item, const char *reason) {
    worker->summary->rejected++;
    note_problem(worker, item->sink, reason);
    count(worker, "delivery.rejected", item->sink, reason);
    return recorded(qmon_outbox_reject(worker->store, item, worker->now_ms, reason));
}

/* Not tried: gives the item back, for later or for somebody else. */
static int leave(struct attempt *attempt, uint64_t due_ms, const char *reason) {
    struct qmon__worker *worker = attempt->worker;
    char state[STATE_BYTES];

    worker->summary->left++;
    note_due(worker, due_ms);
    if (!worker->summary->last_problem[0])
        note_problem(worker, attempt->item->sink, reason);
    count(worker, "delivery.left", attempt->item->sink, reason);
    qmon__delivery_state_write(&attempt->state, state, sizeof state);
    return recorded(qmon_outbox_retry(worker->store, attempt->item, due_ms, reason, state));
}

static uint64_t age_ms(const struct attempt *attempt) {
    uint64_t now_ms = attempt->worker->now_ms, created_ms = attempt->item->created_ms;

    return now_ms > created_ms ? now_ms - created_ms : 0;
}

static uint64_t soon_ms(const struct attempt *attempt) {
    uint64_t wait_ms = age_ms(attempt) < YOUNG_MS ? LEFT_YOUNG_MS : LEFT_MS;

    return attempt->worker->now_ms + wait_ms + random_bits() % (wait_ms / 4);
}

/* Why this process should not try the item now: a reason, and when it is due again; NULL: it should. */
static const char *reason_to_leave(struct attempt *attempt, uint64_t *ret_due_ms) {
    uint64_t now_ms = attempt->worker->now_ms, held_ms;

    if (!attempt->sink->configured(attempt->worker->config)) {
        *ret_due_ms = soon_ms(attempt);
        return "not-configured: the process that looked has no such channel";
    }
    if (attempt->state.destination && attempt->state.destination != attempt->destination &&
        age_ms(attempt) < OTHERS_MS) {
        *ret_due_ms = soon_ms(attempt);
        return "other-destination: left to a process with the same destination";
    }
    if (attempt->state.not_before_ms > now_ms && attempt->state.not_before_ms - now_ms <= OTHERS_MS * 6) {
        *ret_due_ms = attempt->state.not_before_ms;
        return "asked-to-wait: the channel wants to be left alone until then";
    }
    held_ms = qmon__delivery_held_until(attempt->sink, attempt->destination);
    if (held_ms == 0)
        return NULL;
    *ret_due_ms = now_ms + (held_ms - qmon_monotonic_ms()) + random_bits() % 1000;
    return "channel-down: an earlier attempt showed that the channel is not to be had";
}

/* What only people can mend, and what is not to be had from here (no route, nobody listens on this machine, a file system that
 * is read-only), is the same a second later. */
static bool may_pass(const struct qmon_delivery *delivery) {
    return !delivery->misconfigured && !delivery->unreachable;
}

static int record_retry(struct attempt *attempt, const struct qmon_delivery *delivery) {
    struct qmon__worker *worker = attempt->worker;
    uint32_t tries = ++attempt->state.tries;
    char state[STATE_BYTES];

    if (delivery->misconfigured)
        tries += MISCONFIGURED_TRIES - 1;
    uint64_t wait_ms = qmon_sink_backoff_ms(tries, delivery->retry_after_ms, random_bits());
    if (age_ms(attempt) > GIVE_UP_MS)
        return set_aside(worker, attempt->item, delivery->reason);
    attempt->state.destination = attempt->destination;
    attempt->state.not_before_ms = delivery->retry_after_ms ? worker->now_ms + delivery->retry_after_ms : 0;
    snprintf(attempt->state.sink, sizeof attempt->state.sink, "%s", delivery->state);
    qmon__delivery_state_write(&attempt->state, state, sizeof state);
    if (delivery->sink_down)
        qmon__delivery_hold(attempt->sink, attempt->destination, qmon_monotonic_ms() + wait_ms);
    worker->now_ms = qmon_real_ms();
    worker->summary->retried++;
    worker->summary->may_pass |= may_pass(delivery);
    note_due(worker, worker->now_ms + wait_ms);
    note_problem(worker, attempt->sink->name, delivery->reason);
    count(worker, "delivery.retry", attempt->sink->name, delivery->reason);
    return recorded(qmon_outbox_retry(worker->store, attempt->item, worker->now_ms + wait_ms, delivery->reason, state));
}

/* The message is out: a store that is busy gets a second chance to hear of it, or the message would go out twice. */
static int record_sent(struct attempt *attempt, const struct qmon_delivery *delivery) {
    struct qmon__worker *worker = attempt->worker;
    const char *remote_id = delivery->remote_id[0] ? delivery->remote_id : NULL;
    int r = -EBUSY;

    worker->summary->sent++;
    for (int i = 0; i < 3 && r == -EBUSY; i++)
        r = qmon_outbox_sent(worker->store, attempt->item, qmon_real_ms(), remote_id);
    count(worker, "delivery.sent", attempt->sink->name, "");
    if (delivery->partly[0]) {
        note_problem(worker, attempt->sink->name, delivery->partly);
        count(worker, "delivery.partly", attempt->sink->name, delivery->partly);
    }
    qmon_store_count(worker->store, "delivery.ms", attempt->sink->name, attempt->took_ms);
    return recorded(r);
}

static int record(struct attempt *attempt, const struct qmon_delivery *delivery) {
    switch (delivery->verdict) {
    case QMON_DELIVERY_SENT:
        return record_sent(attempt, delivery);
    case QMON_DELIVERY_REJECTED:
        return set_aside(attempt->worker, attempt->item, delivery->reason);
    default:
        return record_retry(attempt, delivery);
    }
}

struct past {
    struct qmon_store *store;
    const struct qmon_outbox_item *item;
    struct qmon__fleet_memory *fleet;
};

static char *newest_message(void *context, uint64_t since_ms) {
    struct past *past = context;
    char *remote_id = qmon__fleet_memory_first(past->fleet);

    if (remote_id)
        return remote_id;
    if (qmon_outbox_newest(past->store, past->item->event_id, past->item->sink, since_ms, &remote_id) != 0)
        return NULL;
    return remote_id;
}

static char *event_of_message(void *context, const char *remote_id, uint64_t *ret_times) {
    struct past *past = context;
    char *json = NULL;

    if (qmon_outbox_message(past->store, past->item->sink, remote_id, &json, ret_times) == 0)
        return json;
    *ret_times = 1; /* it was another host's */
    return qmon__fleet_memory_event(past->fleet, remote_id);
}

static int try_item(struct attempt *attempt, const struct qmon_event *event) {
    struct qmon_sink_context context = {.config = attempt->worker->config, .attempts = attempt->item->attempts};
    struct qmon_delivery delivery = {.verdict = QMON_DELIVERY_RETRY};

    struct qmon__fleet_memory fleet;
    struct past past = {.store = attempt->worker->store, .item = attempt->item, .fleet = &fleet};
    struct qmon_sink_history history = {.context = &past, .newest = newest_message, .message = event_of_message};

    context.history = &history;
    context.timeout_ms = attempt->worker->timeout_ms;
    context.state_in = attempt->state.sink[0] ? attempt->state.sink : NULL;
    qmon__fleet_memory_begin(&fleet, attempt->worker->config, attempt->sink, event);
    uint64_t begin_ms = qmon_monotonic_ms();
    attempt->sink->deliver(&context, event, attempt->item->json, &delivery);
    attempt->took_ms = qmon_monotonic_ms() - begin_ms;
    if (delivery.verdict == QMON_DELIVERY_SENT && !delivery.is_reply)
        qmon__fleet_memory_note(&fleet, delivery.remote_id, attempt->item->json);
    qmon__fleet_memory_end(&fleet);
    return record(attempt, &delivery);
}

static struct attempt attempt_of(struct qmon__worker *worker, const struct qmon_outbox_item *item) {
    struct attempt attempt = {.worker = worker, .item = item, .sink = qmon_sink_by_name(item->sink)};

    qmon__delivery_state_read(item->state, &attempt.state);
    if (attempt.sink && attempt.sink->destination)
        attempt.destination = attempt.sink->destination(worker->config);
    return attempt;
}

static uint64_t quiet_until(const struct attempt *attempt, enum qmon_severity severity) {
    int channel = qmon_channel_by_name(attempt->sink->name);

    return channel < 0 ? 0
                       : qmon_quiet_until(attempt->worker->config->routing, (enum qmon_channel) channel, severity,
                                          attempt->worker->now_ms);
}

bool qmon__delivery_is_first(struct qmon__worker *worker, const struct qmon_outbox_item *item) {
    struct attempt attempt = attempt_of(worker, item);
    uint64_t due_ms;

    return attempt.sink && item->attempts == 0 && reason_to_leave(&attempt, &due_ms) == NULL &&
           quiet_until(&attempt, QMON_SEVERITY_INFO) == 0;
}

/* All in one transaction; where that fails, one by one, since a message that is out and not recorded goes out twice. */
static int record_many_sent(struct qmon__worker *worker, const struct qmon_outbox_item *items, size_t count,
                            uint64_t took_ms) {
    uint64_t now_ms = qmon_real_ms();

    qmon_store_begin(worker->store);
    for (size_t i = 0; i < count; i++)
        qmon_outbox_sent(worker->store, &items[i], now_ms, NULL);
    qmon_store_count(worker->store, "delivery.sent", items[0].sink, count);
    qmon_store_count(worker->store, "delivery.ms", items[0].sink, took_ms);
    int r = qmon_store_commit(worker->store);
    if (r == 0)
        worker->summary->sent += (uint32_t) count;
    return r;
}

int qmon__delivery_record_many(struct qmon__worker *worker, const struct qmon_outbox_item *items, size_t count,
                               const struct qmon_delivery *delivery, uint64_t took_ms) {
    int r = 0;

    if (delivery->verdict == QMON_DELIVERY_SENT && record_many_sent(worker, items, count, took_ms) == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        struct attempt attempt = attempt_of(worker, &items[i]);
        attempt.took_ms = took_ms / count;
        int one = record(&attempt, delivery);
        r = r < 0 ? r : one;
    }
    return r;
}

int qmon__delivery_item(struct qmon__worker *worker, const struct qmon_outbox_item *item) {
    struct attempt attempt = attempt_of(worker, item);
    const char *problem = NULL;
    uint64_t due_ms;
    char reason[256];

    if (!attempt.sink)
        return set_aside(worker, item, "unknown-sink: there is no such channel in this version");
    const char *why = reason_to_leave(&attempt, &due_ms);
    if (why)
        return age_ms(&attempt) > GIVE_UP_MS ? set_aside(worker, item, why) : leave(&attempt, due_ms, why);
    struct qmon_event *event = qmon_event_from_json(item->json, strlen(item->json), &problem);
    if (!event) {
        snprintf(reason, sizeof reason, "unreadable-event: %s", problem ? problem : "out of memory");
        return set_aside(worker, item, reason);
    }
    qmon__fill_templates(event, worker->config, attempt.sink);
    due_ms = quiet_until(&attempt, event->severity);
    int r = due_ms == 0 ? try_item(&attempt, event)
                        : leave(&attempt, due_ms, "quiet-hours: it waits for the end of the channel's quiet hours");
    qmon_event_free(event);
    return r;
}

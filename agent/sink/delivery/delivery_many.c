/*
 * delivery_many.c: several events at once. Channels that take them together get them together: one claim, one attempt, one
 * record of what came of it. The others follow one by one, each under a lease of its own, as their attempts may take long.
 */
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>

#include "delivery_worker.h"

struct lot {
    const char *const *event_ids;
    size_t count;
    uint64_t deadline_ms;
    struct qmon_outbox_item *items; /* room for `count` */
};

static uint64_t left_ms(const struct lot *lot) {
    uint64_t now_ms = qmon_monotonic_ms();

    return lot->deadline_ms > now_ms ? lot->deadline_ms - now_ms : 0;
}

/* Items that somebody has tried before go their own way; the others move to the front. Returns how many these are. */
static size_t sort_out(struct qmon__worker *worker, struct qmon_outbox_item *items, size_t count, int *ret_error) {
    size_t together = 0;

    for (size_t i = 0; i < count; i++) {
        if (qmon__delivery_is_first(worker, &items[i])) {
            struct qmon_outbox_item first = items[i];
            items[i] = items[together];
            items[together++] = first;
        } else {
            int r = qmon__delivery_item(worker, &items[i]);
            *ret_error = *ret_error < 0 ? *ret_error : r;
        }
    }
    return together;
}

static int deliver_together(struct qmon__worker *worker, const struct qmon_sink *sink, struct qmon_outbox_item *items,
                            size_t count) {
    struct qmon_sink_context context = {.config = worker->config, .timeout_ms = worker->timeout_ms};
    struct qmon_delivery delivery = {.verdict = QMON_DELIVERY_RETRY};
    const char **jsons = calloc(count, sizeof *jsons);
    uint64_t begin_ms = qmon_monotonic_ms();

    for (size_t i = 0; jsons && i < count; i++)
        jsons[i] = items[i].json;
    if (jsons)
        sink->deliver_many(&context, jsons, count, &delivery);
    free(jsons);
    return qmon__delivery_record_many(worker, items, count, &delivery, qmon_monotonic_ms() - begin_ms);
}

/* Brings claimed items of one channel there, and clears them. */
static int deliver_items(struct qmon__worker *worker, const struct qmon_sink *sink, struct qmon_outbox_item *items,
                         size_t count) {
    int error = 0;
    size_t together = sort_out(worker, items, count, &error);

    if (together > 0) {
        int r = deliver_together(worker, sink, items, together);
        error = error < 0 ? error : r;
    }
    for (size_t i = 0; i < count; i++)
        qmon_outbox_item_clear(&items[i]);
    return error;
}

static int deliver_to(struct qmon__worker *worker, const struct qmon_sink *sink, const struct lot *lot) {
    size_t claimed = 0;

    worker->timeout_ms = qmon__delivery_timeout_ms(left_ms(lot));
    worker->now_ms = qmon_real_ms();
    int r = qmon_outbox_claim_these(worker->store, sink->name, lot->event_ids, lot->count, worker->now_ms,
                                    qmon__delivery_lease_ms(worker->timeout_ms), lot->items, &claimed);
    return r < 0 ? r : deliver_items(worker, sink, lot->items, claimed);
}

/* Does any channel remain that takes events one by one? */
static bool any_single(const struct qmon_config *config) {
    for (const struct qmon_sink *const *sink = qmon_sinks; *sink; sink++)
        if (!(*sink)->deliver_many && (*sink)->configured(config))
            return true;
    return false;
}

static void add(struct qmon_delivery_summary *sum, const struct qmon_delivery_summary *more) {
    sum->sent += more->sent;
    sum->retried += more->retried;
    sum->rejected += more->rejected;
    sum->left += more->left;
    sum->out_of_time |= more->out_of_time;
    sum->may_pass |= more->may_pass;
    if (more->error)
        sum->error = more->error;
    if (more->next_due_ms < sum->next_due_ms)
        sum->next_due_ms = more->next_due_ms;
    if (more->last_problem[0])
        memcpy(sum->last_problem, more->last_problem, sizeof sum->last_problem);
}

int qmon_deliver_these(struct qmon_store *store, const struct qmon_config *config, const char *const *event_ids,
                       size_t count, uint64_t deadline_monotonic_ms, struct qmon_delivery_summary *ret_summary) {
    struct qmon__worker worker = {.store = store, .config = config, .summary = ret_summary};
    struct lot lot = {.event_ids = event_ids, .count = count, .deadline_ms = deadline_monotonic_ms};

    *ret_summary = (struct qmon_delivery_summary){.next_due_ms = UINT64_MAX};
    lot.items = calloc(count ? count : 1, sizeof *lot.items);
    for (const struct qmon_sink *const *sink = qmon_sinks; lot.items && *sink; sink++) {
        if (!(*sink)->deliver_many || !(*sink)->configured(config) || left_ms(&lot) < QMON__DELIVERY_LEAST_MS)
            continue;
        int r = deliver_to(&worker, *sink, &lot);
        if (r < 0)
            ret_summary->error = r;
    }
    bool singly = !lot.items || any_single(config);
    free(lot.items);
    for (size_t i = 0; singly && i < count; i++) {
        struct qmon_delivery_summary one;
        qmon_deliver_due(store, config, event_ids[i], deadline_monotonic_ms, &one);
        add(ret_summary, &one);
    }
    return ret_summary->error < 0 && ret_summary->sent == 0 ? ret_summary->error : (int) ret_summary->sent;
}

static const struct qmon_sink *sink_of_many(const struct qmon_config *config) {
    for (const struct qmon_sink *const *sink = qmon_sinks; *sink; sink++)
        if ((*sink)->deliver_many && (*sink)->configured(config))
            return *sink;
    return NULL;
}

const char *qmon_deliver_together(const struct qmon_config *config, uint64_t deadline_monotonic_ms,
                                  uint64_t *ret_lease_ms) {
    const struct lot lot = {.deadline_ms = deadline_monotonic_ms};
    const struct qmon_sink *sink = sink_of_many(config);

    if (!sink || left_ms(&lot) < QMON__DELIVERY_LEAST_MS)
        return NULL;
    *ret_lease_ms = qmon__delivery_lease_ms(qmon__delivery_timeout_ms(left_ms(&lot)));
    return sink->name;
}

void qmon_deliver_claimed(struct qmon_store *store, const struct qmon_config *config, struct qmon_outbox_item *items,
                          size_t count, uint64_t deadline_monotonic_ms, struct qmon_delivery_summary *summary) {
    struct qmon__worker worker = {.store = store, .config = config, .summary = summary};
    const struct lot lot = {.deadline_ms = deadline_monotonic_ms};

    worker.timeout_ms = qmon__delivery_timeout_ms(left_ms(&lot));
    worker.now_ms = qmon_real_ms();
    int r = count > 0 ? deliver_items(&worker, qmon_sink_by_name(items[0].sink), items, count) : 0;
    if (r < 0)
        summary->error = r;
}

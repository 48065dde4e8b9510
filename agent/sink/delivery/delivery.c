/* delivery.c: takes items from the outbox while there are any and there is time. */
#include <string.h>
#include <time.h>

#include <qmon/clock.h>

#include "delivery_worker.h"

#define MOST_TIMEOUT_MS 10000u
#define LEASE_EXTRA_MS 10000u /* to record the outcome, the store being busy */
#define MOST_LEFT 64u         /* items given back in one call: enough to see that they are not for us */

_Static_assert(QMON_CHANNELS <= QMON_ROUTES, "room for every channel");

struct qmon_routed qmon_route_of(const struct qmon_event *event, const struct qmon_config *config) {
    qmon_channels configured = 0, willing = 0;

    for (unsigned i = 0; i < QMON_CHANNELS; i++) {
        const struct qmon_sink *sink = qmon_sinks[i];
        if (!sink->configured(config))
            continue;
        configured |= (qmon_channels) 1 << i;
        if (!sink->wants || sink->wants(config, event))
            willing |= (qmon_channels) 1 << i;
    }
    struct qmon_routed routed = qmon_routed(config->routing, event, configured);
    routed.channels &= willing;
    return routed;
}

size_t qmon_channel_names(qmon_channels channels, const char *ret_names[QMON_ROUTES]) {
    size_t count = 0;

    for (unsigned i = 0; i < QMON_CHANNELS; i++)
        if (channels >> i & 1)
            ret_names[count++] = qmon_sinks[i]->name;
    return count;
}

size_t qmon_route(const struct qmon_event *event, const struct qmon_config *config,
                  const char *ret_names[QMON_ROUTES]) {
    return qmon_channel_names(qmon_route_of(event, config).channels, ret_names);
}

/* One attempt may not use up what others need too. */
uint64_t qmon__delivery_timeout_ms(uint64_t left_ms) {
    uint64_t share_ms = left_ms * 2 / 3;

    return share_ms > MOST_TIMEOUT_MS ? MOST_TIMEOUT_MS : share_ms;
}

uint64_t qmon__delivery_lease_ms(uint64_t timeout_ms) {
    return timeout_ms + LEASE_EXTRA_MS;
}

static void begin_summary(struct qmon_delivery_summary *summary) {
    *summary = (struct qmon_delivery_summary){.next_due_ms = UINT64_MAX};
}

static bool anything_due(struct qmon_store *store) {
    uint64_t waiting = 0, rejected = 0, next_due_ms = UINT64_MAX;

    return qmon_outbox_summary(store, &waiting, &rejected, &next_due_ms) == 0 && next_due_ms <= qmon_real_ms();
}

/* 0: an item was dealt with; 1: nothing is due; negative errno. */
static int next_item(struct qmon__worker *worker, const char *event_id, uint64_t left_ms) {
    struct qmon_outbox_item item = {0};

    worker->timeout_ms = qmon__delivery_timeout_ms(left_ms);
    worker->now_ms = qmon_real_ms();
    int r =
        qmon_outbox_claim(worker->store, event_id, worker->now_ms, qmon__delivery_lease_ms(worker->timeout_ms), &item);
    if (r != 0)
        return r;
    r = qmon__delivery_item(worker, &item);
    qmon_outbox_item_clear(&item);
    return r;
}

static int deliver(struct qmon_store *store, const struct qmon_config *config, const char *event_id,
                   uint64_t deadline_ms, struct qmon_delivery_summary *summary) {
    struct qmon__worker worker = {.store = store, .config = config, .summary = summary};
    bool looked = false;
    uint32_t left_before = summary->left;
    int r = 0;

    while (r == 0 && summary->left - left_before < MOST_LEFT) {
        uint64_t now_ms = qmon_monotonic_ms();
        uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
        if (left_ms < QMON__DELIVERY_LEAST_MS) {
            summary->out_of_time = event_id != NULL || anything_due(store);
            break;
        }
        r = next_item(&worker, event_id, left_ms);
        looked |= r >= 0;
    }
    if (r < 0)
        summary->error = r;
    return r < 0 && !looked ? r : (int) summary->sent;
}

int qmon_deliver_due(struct qmon_store *store, const struct qmon_config *config, const char *event_id,
                     uint64_t deadline_monotonic_ms, struct qmon_delivery_summary *ret_summary) {
    begin_summary(ret_summary);
    return deliver(store, config, event_id, deadline_monotonic_ms, ret_summary);
}

/* Sleeps until due_ms (CLOCK_REALTIME); false: the deadline comes first. */
static bool wait_for(uint64_t due_ms, uint64_t deadline_ms) {
    uint64_t now_ms = qmon_real_ms(), monotonic_ms = qmon_monotonic_ms();
    uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;

    if (monotonic_ms + QMON__DELIVERY_LEAST_MS >= deadline_ms ||
        wait_ms + QMON__DELIVERY_LEAST_MS > deadline_ms - monotonic_ms)
        return false;
    wait_ms++; /* the clock's own granularity */
    struct timespec pause = {.tv_sec = (time_t) (wait_ms / 1000), .tv_nsec = (long) (wait_ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
    return true;
}

int qmon_deliver_until(struct qmon_store *store, const struct qmon_config *config, const char *event_id,
                       uint64_t deadline_monotonic_ms, struct qmon_delivery_summary *ret_summary) {
    int r;

    begin_summary(ret_summary);
    do {
        ret_summary->next_due_ms = UINT64_MAX;
        ret_summary->last_problem[0] = '\0';
        r = deliver(store, config, event_id, deadline_monotonic_ms, ret_summary);
    } while (r >= 0 && ret_summary->error == 0 && ret_summary->may_pass && ret_summary->next_due_ms != UINT64_MAX &&
             wait_for(ret_summary->next_due_ms, deadline_monotonic_ms));
    return r;
}

/* delivery_worker.h: one round of deliveries. Private to delivery*.c. */
#ifndef QMON_DELIVERY_WORKER_H
#define QMON_DELIVERY_WORKER_H

#include <qmon/delivery.h>
#include <qmon/sink.h>

#define QMON__DELIVERY_LEAST_MS 50u /* less is no time for an attempt */

struct qmon__worker {
    struct qmon_store *store;
    const struct qmon_config *config;
    struct qmon_delivery_summary *summary;
    uint64_t now_ms;     /* CLOCK_REALTIME, of this item */
    uint64_t timeout_ms; /* for this item */
};

/* For an attempt, of the time that is left; and for how long an item is leased for it. */
uint64_t qmon__delivery_timeout_ms(uint64_t left_ms);
uint64_t qmon__delivery_lease_ms(uint64_t timeout_ms);

/* Delivers a claimed item and records the outcome. Negative errno: the store could not record it. */
int qmon__delivery_item(struct qmon__worker *worker, const struct qmon_outbox_item *item);

/* May this claimed item be tried together with others? So it may where nobody has tried it before, and its
 * channel has no quiet hours now. */
bool qmon__delivery_is_first(struct qmon__worker *worker, const struct qmon_outbox_item *item);
/* What came of items of one channel that were tried together. 0, or the store's negative errno. */
int qmon__delivery_record_many(struct qmon__worker *worker, const struct qmon_outbox_item *items, size_t count,
                               const struct qmon_delivery *delivery, uint64_t took_ms);

/* Until when a channel need not be tried, CLOCK_MONOTONIC; 0: it may be. Kept for the life of the process. */
uint64_t qmon__delivery_held_until(const struct qmon_sink *sink, uint64_t destination);
void qmon__delivery_hold(const struct qmon_sink *sink, uint64_t destination, uint64_t until_monotonic_ms);

#endif

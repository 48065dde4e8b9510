/* delivery_worker.h: one round of deliveries. Private to delivery*.c. */
#ifndef QMON_DELIVERY_WORKER_H
#define QMON_DELIVERY_WORKER_H

#include <qmon/delivery.h>
#include <qmon/sink.h>

struct qmon__worker {
    struct qmon_store *store;
    const struct qmon_config *config;
    struct qmon_delivery_summary *summary;
    uint64_t now_ms;     /* CLOCK_REALTIME, of this item */
    uint64_t timeout_ms; /* for this item */
};

uint64_t qmon__delivery_real_ms(void);
uint64_t qmon__delivery_monotonic_ms(void);

/* Delivers a claimed item and records the outcome. Negative errno: the store could not record it. */
int qmon__delivery_item(struct qmon__worker *worker, const struct qmon_outbox_item *item);

/* Until when a channel need not be tried, CLOCK_MONOTONIC; 0: it may be. Kept for the life of the process. */
uint64_t qmon__delivery_held_until(const struct qmon_sink *sink, uint64_t destination);
void qmon__delivery_hold(const struct qmon_sink *sink, uint64_t destination, uint64_t until_monotonic_ms);

#endif

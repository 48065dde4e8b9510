/*
 * delivery.h: brings what the outbox holds to its channels. Several processes may do so at once: an item is leased to one
 * of them at a time, and one attempt is made under a lease.
 *
 * EXACTLY ONCE. An item is recorded as sent after the channel took it. A process that is killed between the two leaves
 * an item whose lease runs out and which is sent again: a duplicate that only the channel can tell. The webhook gets the
 * event's id as Idempotency-Key with each attempt, an e-mail as its Message-ID, Elasticsearch, Sentry and X-Ray as the id of
 * what they keep; PagerDuty, Opsgenie and Alertmanager know the problem by its fingerprint; file and CSV are searched for the
 * event first. Slack and the other chats, syslog, the journal, Zabbix, OTLP and CloudWatch have no such key, so the window (one
 * SQLite commit, normally under a millisecond) stays open there, as it does when an answer is lost on its way back.
 *
 * SHARED OUTBOXES. Services with different channels may share a host's outbox. An item that was tried goes, for ten minutes,
 * only to where it was tried before; a process whose configuration leads elsewhere, or lacks the channel, puts it back. After
 * that anybody's channel of that kind will do: late in the wrong room is better than never. What could not be sent for a
 * week is set aside.
 *
 * Threads: one at a time in a process, as with the store. What was learnt of a channel that is down (for how long it need not
 * be tried) is kept for the life of the process.
 */
#ifndef QMON_DELIVERY_H
#define QMON_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/config.h>
#include <qmon/event.h>
#include <qmon/routing.h>
#include <qmon/store.h>

struct qmon_delivery_summary {
    uint32_t sent, retried, rejected;
    uint32_t left;    /* due, but for another process or for later: another's channel, or one that is down */
    bool out_of_time; /* there was more to do at the deadline */
    bool may_pass;    /* of a channel that was slow, busy or not there: another attempt within seconds may get there */
    int error;        /* of the store: negative errno, 0 none */
    uint64_t next_due_ms; /* CLOCK_REALTIME; when the first of those retried or left is due; UINT64_MAX none */
    char last_problem
        [320]; /* "slack: channel_not_found: ..." of the last that was not sent; empty when all were, to everybody */
};

#define QMON_ROUTES 32 /* at most so many sinks for an event */

/* The channels that this event goes to: those that are configured, that its route leads to (routing.h), and that want it. */
struct qmon_routed qmon_route_of(const struct qmon_event *event, const struct qmon_config *config);
/* Their names, which are static. Returns how many. */
size_t qmon_channel_names(qmon_channels channels, const char *ret_names[QMON_ROUTES]);
/* Both at once. Used when an event is saved. */
size_t qmon_route(const struct qmon_event *event, const struct qmon_config *config, const char *ret_names[QMON_ROUTES]);

/* Delivers what is due, of one event (event_id) or of any (NULL), until nothing is due or the deadline (CLOCK_MONOTONIC)
 * comes; a delivery under way at the deadline is given up by its own time-out, so the call returns at most 50 ms late. An
 * item whose event cannot be read is set aside with that reason. Counts "delivery.sent", "delivery.retry",
 * "delivery.rejected", "delivery.partly" and "delivery.left" with "SINK" or "SINK: CLASS" as the reason, and in
 * "delivery.ms" the milliseconds that the attempts took that were sent. Fills *ret_summary always. Returns
 * the number of items sent, or the store's negative errno when it could not even look. */
int qmon_deliver_due(struct qmon_store *store, const struct qmon_config *config, const char *event_id,
                     uint64_t deadline_monotonic_ms, struct qmon_delivery_summary *ret_summary);

/* The same of several events at once. What a channel takes together (sink.h) it is given together. */
int qmon_deliver_these(struct qmon_store *store, const struct qmon_config *config, const char *const *event_ids,
                       size_t count, uint64_t deadline_monotonic_ms, struct qmon_delivery_summary *ret_summary);

/* Which channel of this configuration takes events together, and for how long an item of it is to be leased with so much time
 * left, by who saves many and brings them there at once (qmon_store_save_and_claim). NULL: there is none. */
const char *qmon_deliver_together(const struct qmon_config *config, uint64_t deadline_monotonic_ms,
                                  uint64_t *ret_lease_ms);
/* Delivers what was claimed so. Clears the items. Adds to *summary. */
void qmon_deliver_claimed(struct qmon_store *store, const struct qmon_config *config, struct qmon_outbox_item *items,
                          size_t count, uint64_t deadline_monotonic_ms, struct qmon_delivery_summary *summary);

/* The same, and waits for what is to be tried again before the deadline, as long as that may help: for whoever has time, and
 * perhaps no successor. What nobody can reach from here, or may not write to, is tried once. */
int qmon_deliver_until(struct qmon_store *store, const struct qmon_config *config, const char *event_id,
                       uint64_t deadline_monotonic_ms, struct qmon_delivery_summary *ret_summary);

#endif

/*
 * store.h: what this host remembers: events, the outbox, counters, processes seen. SQLite (WAL) in the state directory, used
 * by many processes at once; or in memory where there is no directory.
 *
 * Errors are negative errno; qmon_store_problem() has the words. -EBUSY after 2 s of contention, -ENOSPC disk full,
 * -EROFS, -EUCLEAN a damaged file that could not be replaced. Normally it is: moved aside to store.db.damaged-TIME, a new
 * one begun with what could still be read, the call repeated, and "store.damaged" counted.
 * Threads: a store is used by one thread at a time. Never kept across fork: close it before, or open it after.
 *
 * DURABILITY. What a call has written survives the death of the process, however it dies, from the moment the call
 * returns. After a power cut the file is whole, but commits of the last half minute or so may be missing: they are not
 * flushed one by one, because the host waits for them.
 */
#ifndef QMON_STORE_H
#define QMON_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/cache.h>
#include <qmon/event.h>

struct qmon_store;

/* From here on, in this process, SQLite changes no owner of a file that it has already. As root it would otherwise set the owner of all
 * that it opens beside a database, and a filter of a service (systemd's without @chown) can punish that with death. For the
 * receiver, which inherits the filters of a program; before any store is opened, by one thread. */
void qmon_store_keep_owners(void);

/* directory NULL: in memory. When the directory cannot be used: in memory too, and *ret_problem (static or owned by the
 * store) says why. NULL only when out of memory. */
struct qmon_store *qmon_store_open(const char *directory, const char **ret_problem);
void qmon_store_close(struct qmon_store *store);
bool qmon_store_is_durable(const struct qmon_store *store);
/* The last failure in words; "" where there was none. */
const char *qmon_store_problem(const struct qmon_store *store);
/* Goes on in memory, empty, from now on: for who must still deliver when the disk is full. 0 or -ENOMEM. */
int qmon_store_degrade(struct qmon_store *store);

/* What the calls between these two write is kept as a whole or not at all, for the price of one transaction. The lock is taken by
 * the first of them that writes, so a question to somebody slow may come before it. commit: 0; or a negative errno, and
 * nothing of it is kept, whatever the calls have returned: they are to be made again one by one, which deals with a damaged
 * file and the like. Not to be nested. */
void qmon_store_begin(struct qmon_store *store);
int qmon_store_commit(struct qmon_store *store);

/* Saves the event and, in the same transaction, an outbox row for each of `sinks` (channel names). Saving an id that is
 * there already changes nothing and returns 1 (so that a record taken over twice gives one event). `state` is how it
 * ended for alerting: "alerted", "suppressed", "ignored", "stored". */
int qmon_store_save(struct qmon_store *store, const struct qmon_event *event, const char *state,
                    const char *const *sinks, size_t sink_count);

/* Once-only facts ("start of process X announced"): 0 the first time for this key, 1 when it is there already. */
int qmon_store_once(struct qmon_store *store, const char *key, uint64_t now_ms);

/* --- the outbox --- */
struct qmon_outbox_item {
    int64_t row;
    char event_id[QMON_EVENT_ID_BYTES];
    char *sink;        /* free with qmon_outbox_item_clear */
    char *json;        /* the event */
    char *state;       /* what the sink wanted to remember of an earlier attempt; NULL */
    uint32_t attempts; /* before this one */
    uint64_t created_ms;
};
/* Claims the next item that is due, for lease_ms: nobody else gets it until then. event_id NULL: any event.
 * 0 and *ret_item; 1 nothing due; negative errno. */
int qmon_outbox_claim(struct qmon_store *store, const char *event_id, uint64_t now_ms, uint64_t lease_ms,
                      struct qmon_outbox_item *ret_item);
/* Saves as qmon_store_save does, and claims the item of one of the channels in the same breath: *ret_item, which is all zero where
 * nothing was saved or that channel is none of `sinks`. For lease_ms, as below. */
int qmon_store_save_and_claim(struct qmon_store *store, const struct qmon_event *event, const char *state,
                              const char *const *sinks, size_t sink_count, const char *claimed_sink, uint64_t lease_ms,
                              struct qmon_outbox_item *ret_item);
/* The same of what is due for one channel of several events, as one piece of work: *ret_count items, at most `count`, for which
 * ret_items (all zero) has room. 0 or negative errno, and no items then. */
int qmon_outbox_claim_these(struct qmon_store *store, const char *sink, const char *const *event_ids, size_t count,
                            uint64_t now_ms, uint64_t lease_ms, struct qmon_outbox_item *ret_items, size_t *ret_count);
void qmon_outbox_item_clear(struct qmon_outbox_item *item);
int qmon_outbox_sent(struct qmon_store *store, const struct qmon_outbox_item *item, uint64_t now_ms,
                     const char *remote_id); /* remote_id: the message's id in the channel; may be NULL */
int qmon_outbox_retry(struct qmon_store *store, const struct qmon_outbox_item *item, uint64_t due_ms,
                      const char *reason, const char *state);
int qmon_outbox_reject(struct qmon_store *store, const struct qmon_outbox_item *item, uint64_t now_ms,
                       const char *reason); /* set aside, shown by qmon stats, never tried again by itself */
/* The id of the newest message that this channel has of the same problem (fingerprint, service and stage), sent since
 * since_ms, to be freed. 0; 1 there is none; negative errno. */
int qmon_outbox_newest(struct qmon_store *store, const char *event_id, const char *sink, uint64_t since_ms,
                       char **ret_remote_id);
/* The event that the message with this id tells of, as JSON, to be freed; and how often its problem was told of in this channel
 * since, that message included, with what was held back in between. 0; 1 there is no such message (any more). */
int qmon_outbox_message(struct qmon_store *store, const char *sink, const char *remote_id, char **ret_json,
                        uint64_t *ret_times);
/* Makes due now what waits for its next attempt; what is leased stays leased. For a person who has mended something. */
int qmon_outbox_hurry(struct qmon_store *store, uint64_t now_ms);
/* How many wait, how many were set aside, and when the next is due (UINT64_MAX none). */
int qmon_outbox_summary(struct qmon_store *store, uint64_t *ret_waiting, uint64_t *ret_rejected,
                        uint64_t *ret_next_due_ms);

/* What the outbox knows of a channel, of the alerts that are kept (7 days): how many wait, were sent and were set aside; how long
 * it took from the event to its delivery; and, of those that wait, a reason (NULL none). */
struct qmon_outbox_channel {
    const char *sink;
    uint64_t waiting, sent, rejected;
    uint64_t median_ms, p95_ms, slowest_ms; /* of those sent */
    const char *reason;
};
int qmon_outbox_channels(struct qmon_store *store,
                         void (*visit)(void *context, const struct qmon_outbox_channel *channel), void *context);
/* What was set aside, newest first, at most `limit`. */
struct qmon_outbox_rejected {
    const char *event_id, *sink, *reason, *title; /* title "" where the event is not kept any more */
    uint64_t time_ms;
    uint32_t attempts;
};
int qmon_outbox_set_aside(struct qmon_store *store, uint64_t limit,
                          void (*visit)(void *context, const struct qmon_outbox_rejected *item), void *context);

/* --- held.c: what a limit of the channel's has held back, until it is summed up in a digest --- */
/* The event does not go to these channels now. Beside what was already to go there: each event once for each channel. */
int qmon_store_hold(struct qmon_store *store, const char *event_id, const char *const *sinks, size_t count,
                    uint64_t now_ms);
enum qmon_held_how {
    QMON_HELD_UNTOLD,
    QMON_HELD_HANDED_OVER, /* as a number to the fleet, which tells it in a later digest */
    QMON_HELD_TOLD,
};
struct qmon_held { /* what is held back from now on is none of it */
    char sink[32];
    enum qmon_held_how how;
    uint64_t count, first_ms, last_ms;
    int64_t last_row;
};
/* Channels with something that is so. Returns how many, at most `most`, or a negative errno. */
int qmon_store_held(struct qmon_store *store, enum qmon_held_how how, struct qmon_held *ret_held, size_t most);
struct qmon_held_problem {
    const char *title, *service, *event_id;
    uint64_t times, problems; /* of this one; how many there are in all */
};
/* The most frequent problems among them. */
int qmon_store_held_problems(struct qmon_store *store, const struct qmon_held *held, size_t most,
                             void (*visit)(void *context, const struct qmon_held_problem *problem), void *context);
/* From now on they are so. Returns how many there were, or a negative errno. */
int qmon_store_held_become(struct qmon_store *store, const struct qmon_held *held, enum qmon_held_how how,
                           uint64_t now_ms);

/* --- loops.c: crashes of one program that follow each other --- */
struct qmon_loop {
    uint64_t count, since_ms, last_ms; /* crashes, less than the gap apart */
    uint64_t told;                     /* at which count it was told last; 0 not at all */
};
/* A crash at now_ms of a process that started at start_ms (0 not known): one more if that was after the last crash; processes that
 * crash beside each other are not one that was started again. A gap without any makes it begin anew. 0, and what is known now: 1
 * where it was not counted; negative errno. */
int qmon_store_loop_add(struct qmon_store *store, const char *key, uint64_t start_ms, uint64_t now_ms, uint64_t gap_ms,
                        struct qmon_loop *ret_loop);
int qmon_store_loop(struct qmon_store *store, const char *key, uint64_t now_ms, uint64_t gap_ms,
                    struct qmon_loop *ret_loop);
/* It is told at this count, which is 0 where it is over. 1, and nothing changes, where somebody else has told it since *known. */
int qmon_store_loop_told(struct qmon_store *store, const char *key, const struct qmon_loop *known, uint64_t count);
/* Those told of whose last crash is older than before_ms. visit does not use the store. */
int qmon_store_loops_over(struct qmon_store *store, uint64_t before_ms, uint64_t limit,
                          void (*visit)(void *context, const char *key, const struct qmon_loop *loop), void *context);

/* Problems (fingerprint, service and stage) that somebody was alerted of in the last 7 days, that did not come since before_ms,
 * and that qmon_store_once("resolved|ID") was not called for: the newest event of each, as JSON, with its id and how many events
 * of it there are; at most `limit`. */
struct qmon_quiet_problem {
    const char *event_id, *json;
    uint64_t last_ms, events;
};
int qmon_store_quiet(struct qmon_store *store, uint64_t before_ms, uint64_t limit,
                     void (*visit)(void *context, const struct qmon_quiet_problem *problem), void *context);

/* --- counters: name "dedup.suppressed", reason "" or e.g. "redis: timeout" --- */
int qmon_store_count(struct qmon_store *store, const char *name, const char *reason, uint64_t by);
struct qmon_counter {
    const char *name, *reason;
    uint64_t value;
    uint64_t last_ms;
};
int qmon_store_counters(struct qmon_store *store, void (*visit)(void *context, const struct qmon_counter *counter),
                        void *context);

/* --- plain values, for cache/local.c: get gives 0 and *ret_value, to be freed; 1 where there is none, or no longer.
 * expires_ms 0: never --- */
int qmon_store_value_set(struct qmon_store *store, const char *key, const char *value, uint64_t expires_ms,
                         uint64_t now_ms);
int qmon_store_value_get(struct qmon_store *store, const char *key, uint64_t now_ms, char **ret_value);

/* --- reading --- */
struct qmon_event_query {
    const char *id_prefix;   /* NULL any; "latest" the newest that is a crash, exit or error, else the newest */
    int kind;                /* enum qmon_kind, or -1 */
    const char *service;     /* NULL any */
    const char *fingerprint; /* prefix; NULL any */
    uint64_t since_ms;       /* 0 any */
    uint64_t limit;          /* 0: 50 */
    bool include_lifecycle;
};
struct qmon_event_row {
    const char *id, *kind, *severity, *title, *service, *stage, *fingerprint, *state, *json;
    uint64_t time_ms;
    uint64_t occurrences; /* of its fingerprint, service and stage on this host, kept ones */
};
/* Newest first. visit returns false to stop; it does not use the store. */
int qmon_store_query(struct qmon_store *store, const struct qmon_event_query *query,
                     bool (*visit)(void *context, const struct qmon_event_row *row), void *context);

/* --- retention: errors 30 days, alerts (outbox rows sent or rejected) 7 days, counters kept; of more than 256 MiB the
 * oldest go first. Counted as "store.expired". Alerts that wait are kept; those that could not be delivered in 30 days are
 * set aside and counted as "outbox.given_up". Cheap when nothing is old (work is done at most every 10 minutes per state
 * directory, for some 30 ms), but it also flushes to the disk now and then, which takes as long as the disk does: called
 * after each save, when nobody waits any more. --- */
int qmon_store_retain(struct qmon_store *store, uint64_t now_ms);

/* For cache/local.c only: the decision in one transaction; what is remembered of a key; and what another cache decided
 * (see struct qmon_cache_class). */
int qmon_store_decide(struct qmon_store *store, const struct qmon_decision_request *request,
                      struct qmon_decision *ret_decision);
int qmon_store_recall(struct qmon_store *store, const struct qmon_decision_request *request,
                      struct qmon_window *ret_window);
int qmon_store_learn(struct qmon_store *store, const struct qmon_decision_request *request,
                     const struct qmon_window *recalled, const struct qmon_window *decided);

#endif

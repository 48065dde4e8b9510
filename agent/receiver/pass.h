/*
 * pass.h: one pass of a receiver: the configuration, the store, and what is opened only when an event needs it; and the
 * pipeline that every event goes through.
 */
#ifndef QMON_RECEIVER_PASS_H
#define QMON_RECEIVER_PASS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <qmon/cache.h>
#include <qmon/config.h>
#include <qmon/pipeline.h>
#include <qmon/routing.h>
#include <qmon/store.h>

#include "record_file.h"
#include "report.h"

#define QMON__LIMIT_KINDS 4

struct qmon__pass {
    const struct qmon_config *config;
    struct qmon_store *store;
    struct qmon_cache *cache;           /* opened at the first decision */
    bool asks_afar;                     /* decisions are kept elsewhere than in the store (Redis) */
    struct qmon_symbolizer *symbolizer; /* opened at the first trace */
    uint64_t deadline_ms;               /* CLOCK_MONOTONIC: nothing goes on past it */
    uint64_t renewal_ms;       /* what the deadline is moved to, from then on, by each batch of work; 0 never */
    const char *stderr_record; /* name of the record whose process left us its descriptor 2; NULL none; borrowed */
    bool held;                 /* a program is held until we are done: starts and stops are tried once */
    bool last_chance;          /* nobody may come after us: what is safe nowhere is tried again until the deadline */
    bool fleeting;             /* the store's file system may go with the container that it is in */
    bool makeshift;            /* the store is in memory because of what binds us alone: others can do better later */
    uint64_t full_until_ms[QMON_CHANNELS + 1]
                          [QMON__LIMIT_KINDS]; /* see alert_limits.c: CLOCK_REALTIME; the last: all */
    uint64_t night_full_until_ms[QMON_CHANNELS][QMON__LIMIT_KINDS]; /* in quiet hours */
    bool held_back;                                                 /* a limit has */
    bool owns;                                                      /* config and store are closed with it */
};

/* For `qmon receive`: loads the configuration and opens the store of its state directory. 0 or negative errno. */
int qmon__pass_open(struct qmon__pass *ret_pass, uint64_t deadline_ms);
/* With what the caller has. */
void qmon__pass_borrow(struct qmon__pass *ret_pass, const struct qmon_config *config, struct qmon_store *store,
                       uint64_t deadline_ms);
/* Nobody may come after us: the container or the machine ends with who waits. */
void qmon__pass_is_last(struct qmon__pass *pass);
void qmon__pass_renew(struct qmon__pass *pass);
void qmon__pass_close(struct qmon__pass *pass);

void qmon__count(struct qmon__pass *pass, const char *name, const char *reason, uint64_t by);

/* What became of an event. */
enum qmon__kept {
    QMON__KEPT,      /* it is in a durable store, or there already */
    QMON__KEPT_TOLD, /* the store could not take it, but every channel that wanted it has it */
    QMON__KEPT_NOT,  /* neither: whatever it was made from must stay */
};

/* How an event is handed to the pipeline. */
struct qmon__handing {
    struct qmon__record_file
        *record;       /* the crash or exit event of this record: its `announced` is looked at and kept */
    bool asked_before; /* a receiver that died asked the cache already; its answer is not known */
    bool quiet;        /* save it, tell nobody */
    bool no_delivery;  /* the caller brings it to its channels, with others */
};

/* Symbolizes, filters, describes, fingerprints, decides, saves, delivers. The report's event is not freed. */
enum qmon__kept qmon__process(struct qmon__pass *pass, struct qmon__report *report,
                              const struct qmon__handing *handing);

/* The same for up to QMON_DECISIONS_MAX errors of one process, in the order in which they came, as one piece of work: one question
 * to Redis, one transaction, one write to a file. False: none of them is kept, and each is to be handed to qmon__process. A
 * receiver that is killed on the way has kept all of them or none; as far as decisions are made by our own store (not
 * asks_afar), none of these is kept without its event either. */
bool qmon__process_many(struct qmon__pass *pass, struct qmon__report *reports, size_t count);
void qmon__open_cache(struct qmon__pass *pass);

/* Brings what waits in the outbox to its channels: of one event, or of any. */
void qmon__deliver(struct qmon__pass *pass, const char *event_id);

#endif

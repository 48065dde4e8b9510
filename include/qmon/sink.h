/*
 * sink.h: a channel that events go to. One file in agent/sink/ and one row in sinks.def each.
 */
#ifndef QMON_SINK_H
#define QMON_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/config.h>
#include <qmon/event.h>

enum qmon_delivery_verdict {
    QMON_DELIVERY_SENT,
    QMON_DELIVERY_RETRY,    /* may work later: timeout, 5xx, 429, connection refused, bad certificate, token revoked */
    QMON_DELIVERY_REJECTED, /* will never work as it is: malformed for this channel */
};

struct qmon_delivery {
    enum qmon_delivery_verdict verdict;
    char reason[256];        /* "CLASS: words for people", no secrets; CLASS ([a-z0-9_-]) is counted; empty when sent */
    char partly[256];        /* SENT: the same of who did not get it, where others did; empty: all got it */
    uint64_t retry_after_ms; /* the other side's wish (Retry-After); 0 none */
    bool misconfigured;  /* RETRY: only people can mend it (token, channel, certificate): tried at longer intervals */
    bool unreachable;    /* RETRY: it is not to be had from here: a second attempt within seconds would fare the same */
    bool sink_down;      /* RETRY: it is not about this event; others to this channel would fare the same now */
    char state[64];      /* RETRY: given to the next attempt as state_in; empty none */
    char remote_id[128]; /* the message's id in the channel, where it has one */
    bool is_reply;       /* SENT: it followed an earlier message */
};

/* What was told of the same problem in this channel before. Texts are to be freed; NULL: nothing, or it cannot be known. */
struct qmon_sink_history {
    void *context;
    /* The newest message's remote_id, of those since since_ms (CLOCK_REALTIME). */
    char *(*newest)(void *context, uint64_t since_ms);
    /* The event that a message tells of, as JSON, and how often its problem was told of since, that message included, with what
     * was held back in between. */
    char *(*message)(void *context, const char *remote_id, uint64_t *ret_times);
};

struct qmon_sink_context {
    const struct qmon_config *config;        /* borrowed */
    uint64_t timeout_ms;                     /* for the whole delivery */
    uint32_t attempts;                       /* before this one; one of them may have got through without our knowing */
    const char *state_in;                    /* what an earlier attempt left; NULL */
    const struct qmon_sink_history *history; /* NULL: there is none */
};

struct qmon_sink {
    const char *name;    /* channel name as in the outbox: "slack", "webhook", "file" */
    const char *summary; /* one line for help and doctor */
    bool threads;        /* repeats of a problem follow its first message: that is remembered for the whole fleet */
    bool (*configured)(const struct qmon_config *config);
    /* Where it is not configured: is something of it set, as if it should be? Then `check` says what is missing. NULL: there
     * are no halves. */
    bool (*begun)(const struct qmon_config *config);
    /* Does this event go here at all? NULL: all that alert do. */
    bool (*wants)(const struct qmon_config *config, const struct qmon_event *event);
    /* json: the event as one line, as stored. Fills *ret_delivery always. */
    void (*deliver)(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                    struct qmon_delivery *ret_delivery);
    /* Several events, none of which was tried before, as one piece of work: all are sent, or none. Only for channels that
     * find out by themselves what a deliverer which died had sent already. NULL: one by one. */
    void (*deliver_many)(const struct qmon_sink_context *context, const char *const *jsons, size_t count,
                         struct qmon_delivery *ret_delivery);
    /* A number that two configurations have in common when, and only when, they lead to the same place (the same
     * channel, address, file). Services with different ones share a host's outbox: see delivery.h. */
    uint64_t (*destination)(const struct qmon_config *config);
    /* For `qmon doctor`: tries the real thing without sending an alert where the channel allows that. Returns true when
     * fine; `reason` always gets a sentence. NULL: nothing to check. */
    bool (*check)(const struct qmon_sink_context *context, char *reason, size_t reason_bytes);
};

extern const struct qmon_sink *const qmon_sinks[]; /* NULL-terminated */
const struct qmon_sink *qmon_sink_by_name(const char *name);

/* When to try again: exponential from 1 s to 1 h with full jitter; never before retry_after_ms. `attempts` so far, this one
 * included. `random` in [0, 2^32). */
uint64_t qmon_sink_backoff_ms(uint32_t attempts, uint64_t retry_after_ms, uint32_t random);

#endif

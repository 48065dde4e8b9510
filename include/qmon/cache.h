/*
 * cache.h: who may alert. One decision for each event: at most `limit` alerts for a key in `window_s` seconds, and a count
 * of what was held back. Implementations: redis (the fleet), local (the host: SQLite), memory (this process).
 */
#ifndef QMON_CACHE_H
#define QMON_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is remembered of a key. All zero: nothing. Times by one clock, CLOCK_REALTIME of whoever keeps it. */
struct qmon_window {
    uint64_t start_ms;   /* when the first occurrence of the window came */
    uint64_t alerts;     /* given in it */
    uint64_t total;      /* occurrences in it */
    uint64_t suppressed; /* held back since the last alert, over windows */
    uint64_t first_seen_ms, last_seen_ms;
    uint64_t asked_ms; /* when another cache was asked last; 0 never */
};

#define QMON_VERSION_BYTES 64
#define QMON_VERSIONS_MAX 8

/* What is known of a key over the whole fleet, however many windows ago. All zero: nothing, because nobody counts it. */
struct qmon_fleet {
    uint64_t occurrences; /* this one included */
    uint64_t hosts;       /* that it came from; 1024 stands for more */
    size_t version_count; /* the one seen last first */
    struct qmon_fleet_version {
        char name[QMON_VERSION_BYTES]; /* cut; untrusted text */
        uint64_t occurrences, first_seen_ms, last_seen_ms;
    } versions[QMON_VERSIONS_MAX];
};

struct qmon_decision {
    bool alert;
    uint64_t suppressed; /* held back since the last alert for this key; when alert is true, to be told with it */
    uint64_t total;      /* in this window, this one included */
    uint64_t first_seen_ms, last_seen_ms; /* CLOCK_REALTIME; of this key, windows before included while they are kept */
    const char *source;                   /* static: "redis", "local", "memory" */
    struct qmon_window window;            /* what is remembered after this decision, by the clock of the request */
    struct qmon_fleet fleet;
};

struct qmon_decision_request {
    const char *key; /* "fingerprint|service|stage", already composed; no secrets */
    uint64_t limit;
    uint64_t window_s;
    uint64_t now_ms;
    uint64_t count;                  /* how many occurrences this stands for, normally 1 (0 is taken for 1) */
    const char *host, *version;      /* where it happened, for the fleet's counts; NULL not known */
    const struct qmon_window *known; /* what this host remembers of the key, for a cache that may have lost it; NULL */
};

/* The policy that all caches share: a window starts with the first occurrence and lasts window_s seconds; the first `limit`
 * occurrences in it alert, the others are held back and told with the next alert. An alert that stands for several
 * occurrences tells all but one of them as held back. Changes *window, fills *ret_decision, with no `source`. Where the
 * clock went back behind the window's start, the window starts anew now, keeping its counts: it lasts no longer than one
 * window from any moment. */
void qmon_window_decide(struct qmon_window *window, const struct qmon_decision_request *request,
                        struct qmon_decision *ret_decision);
/* Is a window under way at request->now_ms? */
bool qmon_window_is_open(const struct qmon_window *window, const struct qmon_decision_request *request);

enum qmon_quiet {
    QMON_QUIET_NOT_YET, /* another host has seen it since */
    QMON_QUIET_OVER,    /* and the one who asks tells so */
    QMON_QUIET_TOLD,    /* it is over, and another host tells so */
};

/* May this occurrence be counted by the host alone, without a question to the fleet's cache? Where no more may alert in the window
 * that is under way, and the other cache was asked not long ago: the hotter a key is, the longer that is. Up to 100
 * occurrences in the window each is asked for; from then on it is as many milliseconds as there were, up to a minute. */
#define QMON_WINDOW_HOT 100u
#define QMON_WINDOW_PATIENCE_MS 60000u
bool qmon_window_may_wait(const struct qmon_window *window, const struct qmon_decision_request *request);

struct qmon_cache;
struct qmon_cache_class {
    const char *name;
    /* 0 and *ret_decision; negative errno when this cache cannot decide now (untouched then, and nothing counted, as
     * far as it can know). Bounded: returns within 250 ms whatever the other side does; the local one within 1 s where
     * the host's disk stands still. */
    int (*decide)(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_decision *ret_decision);
    /* Several at once, about keys that differ, for the price of one round trip; NULL where that is no cheaper. Fills
     * ret_results[i] as `decide` returns, and ret_decisions[i] where that is 0. count: at most QMON_DECISIONS_MAX. */
    void (*decide_many)(struct qmon_cache *cache, const struct qmon_decision_request *requests, size_t count,
                        struct qmon_decision *ret_decisions, int *ret_results);
    /* By who is near, without a question to anybody afar: for an occurrence of a key that was held back a moment ago and is held
     * back, too. Who is afar learns of it with the next question about that key. NULL where `decide` is that already. */
    int (*decide_near)(struct qmon_cache *cache, const struct qmon_decision_request *request,
                       struct qmon_decision *ret_decision);
    /* What went wrong last, in words, without secrets; NULL nothing. Borrowed until the next call. */
    const char *(*problem)(struct qmon_cache *cache);
    void (*close)(struct qmon_cache *cache);

    /* For the cache that stands in for another one; NULL where it cannot. recall: what it remembers of the key, without
     * deciding (0, or a negative errno). learn: another cache decided; `recalled` is what was handed to it as known, so
     * that held-back counts it has taken over are dropped here. count: a fact for `qmon stats`. */
    int (*recall)(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_window *ret_window);
    void (*learn)(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  const struct qmon_window *recalled, const struct qmon_window *decided);
    void (*count)(struct qmon_cache *cache, const char *name, const char *reason);

    /* Is a problem over, everywhere? Asked by a host where it has been quiet for quiet_ms; NULL where the cache does not know of
     * other hosts. `teller` is who asks, the same word each time for the same end of the problem: of several hosts one is
     * told that it is over. An enum qmon_quiet, or negative errno. Bounded as decide is. */
    int (*quiet)(struct qmon_cache *cache, const char *key, uint64_t quiet_ms, const char *teller);

    /* Plain values, for qmon/kit.h; NULL where it keeps none. get: 0 and *ret_value, to be freed; 1 there is none. set:
     * ttl_s 0 is for ever. Negative errno and bounds as for decide. */
    int (*get)(struct qmon_cache *cache, const char *key, uint64_t now_ms, char **ret_value);
    int (*set)(struct qmon_cache *cache, const char *key, const char *value, uint64_t ttl_s, uint64_t now_ms);
};
#define QMON_DECISIONS_MAX 64

struct qmon_cache { /* first member of every implementation */
    const struct qmon_cache_class *class;
};

/* The same by whichever of the two ways the cache has. */
void qmon_cache_decide_many(struct qmon_cache *cache, const struct qmon_decision_request *requests, size_t count,
                            struct qmon_decision *ret_decisions, int *ret_results);

struct qmon_config;
struct qmon_store;
/* Openers: NULL when not configured or out of memory. They do no network I/O: the first decision connects. Redis is configured,
 * too, where it can be discovered (a stage is set, and there is a sign of AWS); where it then is not found, its decisions
 * fail without a problem to tell of. */
struct qmon_cache *qmon_cache_redis(const struct qmon_config *config);
struct qmon_cache *qmon_cache_local(struct qmon_store *store); /* borrows the store */
struct qmon_cache *qmon_cache_memory(void);
/* For `qmon doctor`: connects as the configuration says, authenticates, asks for the version and measures a PING. True when
 * the cache can decide; ret_reason always gets a sentence, without secrets: "redis 7.0.15 at cache:6379, 0.3 ms", or what is
 * wrong and what to do. Bounded: returns within 5 s. False, and "not configured", when it is not. */
bool qmon_cache_redis_check(const struct qmon_config *config, char *ret_reason, size_t bytes);
/* The same of where Redis is to be discovered: asks AWS, now. 0: not to be, and ret_reason is why; 1: found, and by which
 * credentials; negative: what is wrong. Bounded: returns within 10 s. When it is found, ret_redis says how that Redis is, and
 * *ret_redis_fine, as qmon_cache_redis_check does. */
int qmon_cache_discovery_check(const struct qmon_config *config, char *ret_reason, size_t bytes, char *ret_redis,
                               size_t redis_bytes, bool *ret_redis_fine);
/* Where Redis is to be discovered and its place is not known, or is to be looked for again: another process does so, and nobody
 * waits. For the start of a program, so that its crash finds the place known. */
void qmon_cache_discovery_begin(const struct qmon_config *config);
/* The chain: the first that can decide does. Owns and closes its members (NULLs are skipped). Whoever wants to know
 * whether it fell back compares `source`. Each fall-back is counted as "dedup.fallback" with a reason like
 * "redis: timed out". What the first one decided is remembered by the second, and told to the first again should it have
 * forgotten: see agent/cache/chain.c. */
struct qmon_cache *qmon_cache_chain(struct qmon_cache *first, struct qmon_cache *second, struct qmon_cache *third);

#endif

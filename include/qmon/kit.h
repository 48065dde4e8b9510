/*
 * kit.h: the parts of qmon as a library (libqmon-kit), for programs that report for themselves: a cache, an error tracker, a
 * notifier, and the three of them together. Nothing is preloaded, and nothing of it needs the agent.
 *
 * SETTINGS are those of README.md, as "NAME=value", in a list that ends in NULL; they come over the process's own environment
 * ("STAGE=production", "APP_NAME=shop", "SLACK_APP_TOKEN=xoxb-...", "QMON_IGNORED_ERROR_CODES=404,4*"). NULL: the environment
 * alone. QMON_CONFIG works, too.
 *
 * OWNERSHIP. What an _open function returns is closed by its _close, which takes NULL. Texts go in as copies; a text that comes
 * out through `char **` is freed with free().
 * ERRORS. Functions that return int: a negative errno where something went wrong; _problem says it in words without secrets.
 * _open returns NULL when out of memory only: a Redis that is away or a full disk is said by what is done, not by opening.
 * THREADS. An object may be used by several threads; they take turns. Not to be used across fork: open it in the child.
 * WAITING. A cache answers within 250 ms whatever Redis does (1 s where the disk stands still); a notifier takes at most the
 * time it was given. SIGNAL SAFETY: none of this may be called from a signal handler.
 */
#ifndef QMON_KIT_H
#define QMON_KIT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- a cache: what several processes remember together --- */

enum qmon_kit_cache_kind {
    QMON_KIT_CACHE_BEST,   /* Redis where it is configured or can be discovered, else the host's store, else memory */
    QMON_KIT_CACHE_REDIS,  /* Redis or nothing */
    QMON_KIT_CACHE_LOCAL,  /* the host's store, in QMON_STATE_DIR */
    QMON_KIT_CACHE_MEMORY, /* this object, 1,024 keys: for tests and development */
};

/* The longest key and value, in bytes; -EMSGSIZE above. */
#define QMON_KIT_KEY_BYTES 512
#define QMON_KIT_VALUE_BYTES 32768

struct qmon_kit_cache;
struct qmon_kit_cache *qmon_kit_cache_open(enum qmon_kit_cache_kind kind, const char *const *settings);
void qmon_kit_cache_close(struct qmon_kit_cache *cache);

/* Keys are those of this service and stage. ttl_s: seconds to live, 0 for ever. get: 0 and *ret_value; 1 there is none.
 * exists: 1 or 0. -ENOTCONN: QMON_KIT_CACHE_REDIS, and there is none. */
int qmon_kit_cache_set(struct qmon_kit_cache *cache, const char *key, const char *value, uint64_t ttl_s);
int qmon_kit_cache_get(struct qmon_kit_cache *cache, const char *key, char **ret_value);
int qmon_kit_cache_exists(struct qmon_kit_cache *cache, const char *key);
/* May it be done once more? 1 yes, and it is counted; 0 no: it was `limit` times in `window_s` seconds already. Atomic over
 * all who share the cache. */
int qmon_kit_cache_rate_limit(struct qmon_kit_cache *cache, const char *key, uint64_t limit, uint64_t window_s);
/* What went wrong last; NULL nothing. Valid until the next call. */
const char *qmon_kit_cache_problem(struct qmon_kit_cache *cache);

/* --- an error tracker: which errors are worth an alert --- */

struct qmon_kit_error {
    const char *code;     /* "404", "payment-declined"; NULL is "error" */
    const char *endpoint; /* all others may be NULL */
    const char *user_id;
    const char *message;       /* one line for people */
    const char *const *extras; /* key, value, key, value, ..., NULL */
    const char *severity; /* "info", "warning", "error", "critical", or as other systems call it; NULL is "error" */
    const char *function, *file; /* where in the program; QMON_KIT_HERE fills these in */
    unsigned line;
};
#define QMON_KIT_HERE .function = __func__, .file = __FILE__, .line = __LINE__

struct qmon_kit_tracked {
    int should_alert;     /* 1: this one; 0: held back, or ignored */
    const char *ignored;  /* static: "ignored-code", "ignored-file", "ignored-endpoint"; NULL */
    uint64_t suppressed;  /* held back since the last alert of this problem */
    uint64_t total;       /* in this window, this one included */
    char fingerprint[33]; /* the problem: code and place, neither line nor message */
    char *event;          /* the event as JSON, see README.md; to be freed by qmon_kit_tracked_clear */
};
void qmon_kit_tracked_clear(struct qmon_kit_tracked *tracked);

struct qmon_kit_tracker;
/* `cache` is borrowed, and used by the tracker as by any other thread; NULL: a memory of its own. */
struct qmon_kit_tracker *qmon_kit_tracker_open(struct qmon_kit_cache *cache, const char *const *settings);
void qmon_kit_tracker_close(struct qmon_kit_tracker *tracker);
/* 0 and *ret_tracked; -ENOMEM. Where the cache cannot decide, it alerts: rather one too many. */
int qmon_kit_track_error(struct qmon_kit_tracker *tracker, const struct qmon_kit_error *error,
                         struct qmon_kit_tracked *ret_tracked);

/* --- a notifier: alerts to every channel that is configured, by routes, least severities and quiet hours. It sends what it is
 * told to: QMON_LIMIT and its relatives, and digests of what they hold back, are the agent's --- */

struct qmon_kit_notifier;
struct qmon_kit_notifier *qmon_kit_notifier_open(const char *const *settings);
void qmon_kit_notifier_close(struct qmon_kit_notifier *notifier);
/* Returns how many channels have it now. What could not be sent in time waits in the outbox of the state directory, and is
 * tried again by the next qmon process there; problem() says why. -EINVAL: not an event's JSON. */
int qmon_kit_send_error(struct qmon_kit_notifier *notifier, const char *event, unsigned timeout_ms);
/* phase: "startup", "shutdown" or a word of your own; service and version NULL: as configured. */
int qmon_kit_send_lifecycle(struct qmon_kit_notifier *notifier, const char *service, const char *phase,
                            const char *version, unsigned timeout_ms);
const char *qmon_kit_notifier_problem(struct qmon_kit_notifier *notifier);

/* --- all of it --- */

struct qmon_kit;
struct qmon_kit *qmon_kit_open(const char *const *settings);
void qmon_kit_close(struct qmon_kit *kit);
/* Tracks and, where that says so, alerts. 1 alerted; 0 held back or ignored; a negative errno: due, and no channel has it yet. */
int qmon_kit_report(struct qmon_kit *kit, const struct qmon_kit_error *error);
int qmon_kit_lifecycle(struct qmon_kit *kit, const char *phase, const char *version);
/* Its parts: borrowed. */
struct qmon_kit_cache *qmon_kit_cache_of(struct qmon_kit *kit);
struct qmon_kit_tracker *qmon_kit_tracker_of(struct qmon_kit *kit);
struct qmon_kit_notifier *qmon_kit_notifier_of(struct qmon_kit *kit);

/* The version of the service: `version` where it is given, else APP_VERSION, GIT_HASH, BUILD_ID of the settings, else
 * "unknown". Into the caller's buffer, which is returned. */
char *qmon_kit_version_info(const char *version, const char *const *settings, char *ret_text, unsigned long bytes);

#ifdef __cplusplus
}
#endif
#endif

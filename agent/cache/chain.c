/*
 * chain.c: the first cache that can decide does.
 *
 * NEITHER FLOOD NOR SILENCE. The first cache (Redis) knows the fleet, but may go away, come back empty after a restart, a
 * failover or a flush, or come back with what it knew an hour ago. The cache behind it (the host's store) is always there.
 * So each keeps the other up to date, key by key, as decisions are asked for:
 *
 *  - Whatever the first decides, the second learns: window and alerts given. When the first goes away, a problem that has
 *    alerted anywhere in the fleet does not alert again on every host that saw it; a new problem alerts once on each host.
 *  - What the second remembers is handed to the first with each question (`known`). Where the first has lost the key, or its
 *    window is older, it takes over the open window it is handed instead of beginning a new one. So a flush does not
 *    make every problem alert again, and neither do the alerts given while the first was away. A window is taken over with
 *    its own beginning, never made longer: after at most one window from its beginning the next occurrence alerts.
 *  - Occurrences held back by the second while the first was away are handed over once and told with the next alert. What
 *    the first one alone had counted is lost with it; the alert that follows says less then, but it comes.
 *
 * An answer of the first that is lost on the way (time-out) may have granted an alert; the second then decides by itself, and
 * as it has not learnt of a window that is open, it alerts. If in doubt there is one alert too many, not one too few.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/cache.h>

#define MEMBERS 3

struct chain {
    struct qmon_cache cache;
    struct qmon_cache *members[MEMBERS];
    size_t count;
    const char *problem; /* borrowed of the member that failed last; NULL */
};

/* The member behind `position` that remembers for others; NULL where there is none. */
static struct qmon_cache *memory_behind(const struct chain *chain, size_t position) {
    for (size_t i = position + 1; i < chain->count; i++)
        if (chain->members[i]->class->recall != NULL)
            return chain->members[i];
    return NULL;
}

/* Few words, so that there are few counters. */
static const char *reason_of(int error) {
    switch (error) {
    case -ETIMEDOUT:
        return "timed out";
    case -EAGAIN:
        return "not asked again yet";
    case -ECONNREFUSED:
        return "connection refused";
    case -ECONNRESET:
    case -EPIPE:
        return "connection lost";
    case -ENOENT:
        return "no such socket";
    case -EHOSTUNREACH:
    case -ENETUNREACH:
        return "unreachable";
    case -ENXIO:
        return "host not found";
    case -EACCES:
        return "access denied";
    case -EBADMSG:
        return "not understood";
    case -EPROTO:
        return "refused the command";
    case -ENOBUFS:
        return "out of memory";
    case -EBUSY:
        return "busy";
    case -EROFS:
        return "read only";
    case -ENOSPC:
        return "disk full";
    case -EREMCHG:
        return "moved";
    case -EKEYREJECTED:
    case -ENOKEY:
    case -ENOPROTOOPT:
    case -ELIBACC:
        return "TLS failed";
    case -ENODEV:
        return "no master known";
    case -EINPROGRESS:
        return "being looked for";
    case -ENODATA:
        return "not found in AWS";
    case -EINVAL:
        return "bad address";
    default:
        return "failed";
    }
}

static void count_fall_back(const struct chain *chain, size_t position, int error) {
    char reason[64];

    snprintf(reason, sizeof reason, "%s: %s", chain->members[position]->class->name, reason_of(error));
    for (size_t i = 0; i < chain->count; i++)
        if (i != position && chain->members[i]->class->count != NULL) {
            chain->members[i]->class->count(chain->members[i], "dedup.fallback", reason);
            return;
        }
}

static int ask(struct chain *chain, size_t position, const struct qmon_decision_request *request,
               struct qmon_decision *ret_decision) {
    struct qmon_cache *member = chain->members[position];
    struct qmon_cache *memory = memory_behind(chain, position);
    struct qmon_decision_request informed = *request;
    struct qmon_window known = {0};
    int r;

    if (memory != NULL && memory->class->recall(memory, request, &known) == 0)
        informed.known = &known;
    r = member->class->decide(member, &informed, ret_decision);
    if (r < 0)
        chain->problem = member->class->problem(member);
    else if (memory != NULL)
        memory->class->learn(memory, request, &known, &ret_decision->window);
    return r;
}

static int decide(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_decision *ret_decision) {
    struct chain *chain = (struct chain *) cache;
    int errors[MEMBERS] = {0};
    int r = -ENODEV;
    size_t i;

    chain->problem = NULL;
    for (i = 0; i < chain->count; i++) {
        r = ask(chain, i, request, ret_decision);
        if (r >= 0)
            break;
        errors[i] = r;
    }
    for (size_t failed = 0; failed < i && failed < chain->count; failed++)
        count_fall_back(chain, failed, errors[failed]);
    return r;
}

static int get(struct qmon_cache *cache, const char *key, uint64_t now_ms, char **ret_value) {
    struct chain *chain = (struct chain *) cache;
    int r = -ENODEV;

    chain->problem = NULL;
    for (size_t i = 0; i < chain->count; i++) {
        struct qmon_cache *member = chain->members[i];
        if (member->class->get == NULL)
            continue;
        r = member->class->get(member, key, now_ms, ret_value);
        if (r >= 0)
            break;
        chain->problem = member->class->problem(member);
    }
    return r;
}

static int set(struct qmon_cache *cache, const char *key, const char *value, uint64_t ttl_s, uint64_t now_ms) {
    struct chain *chain = (struct chain *) cache;
    int r = -ENODEV;

    chain->problem = NULL;
    for (size_t i = 0; i < chain->count; i++) {
        struct qmon_cache *member = chain->members[i];
        if (member->class->set == NULL)
            continue;
        r = member->class->set(member, key, value, ttl_s, now_ms);
        if (r >= 0)
            break;
        chain->problem = member->class->problem(member);
    }
    return r;
}

static const char *problem(struct qmon_cache *cache) {
    return ((struct chain *) cache)->problem;
}

static void close_chain(struct qmon_cache *cache) {
    struct chain *chain = (struct chain *) cache;

    for (size_t i = 0; i < chain->count; i++)
        chain->members[i]->class->close(chain->members[i]);
    free(chain);
}

struct qmon_cache *qmon_cache_chain(struct qmon_cache *first, struct qmon_cache *second, struct qmon_cache *third) {
    static const struct qmon_cache_class class = {
        .name = "chain", .decide = decide, .problem = problem, .close = close_chain, .get = get, .set = set};
    struct qmon_cache *const given[MEMBERS] = {first, second, third};
    struct chain *chain = calloc(1, sizeof *chain);

    for (size_t i = 0; i < MEMBERS; i++) {
        if (given[i] == NULL)
            continue;
        if (chain != NULL)
            chain->members[chain->count++] = given[i];
        else
            given[i]->class->close(given[i]);
    }
    if (chain != NULL)
        chain->cache.class = &class;
    return chain != NULL ? &chain->cache : NULL;
}

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
 * HOT KEYS. Where a host knows that no more may alert in the window that is under way, it need not ask the first one about each
 * further occurrence. Up to 100 in a window it does, so that the fleet's counts are exact; the hotter the key is after that,
 * the rarer it asks (qmon_window_may_wait), and hands over what it has counted meanwhile. A problem of the whole fleet thus costs
 * the first one an operation a minute and host, however often it comes. Nothing alerts later for that: a window that is over, or
 * room for another alert, is asked for at once.
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

/* The one that remembers decides for the other, who hears of it later: no other cache has failed. */
static int decide_for(struct qmon_cache *memory, struct qmon_cache *member, const struct qmon_decision_request *request,
                      struct qmon_decision *ret_decision) {
    int r = memory->class->decide(memory, request, ret_decision);

    if (r == 0)
        ret_decision->source = member->class->name;
    return r;
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
    if (informed.known != NULL && qmon_window_may_wait(&known, request) &&
        decide_for(memory, member, request, ret_decision) == 0)
        return 0;
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

/* What it holds back is handed over with the next question (`known`). */
static int decide_near(struct qmon_cache *cache, const struct qmon_decision_request *request,
                       struct qmon_decision *ret_decision) {
    struct chain *chain = (struct chain *) cache;
    struct qmon_cache *memory = memory_behind(chain, 0);

    return memory == NULL ? decide(cache, request, ret_decision) : memory->class->decide(memory, request, ret_decision);
}

/* --- several at once --- */

struct round {
    const struct qmon_decision_request *requests; /* all of them */
    size_t count;
    struct qmon_decision *decisions;
    int *results; /* negative: still to be decided */
    size_t asked; /* of them by this member: */
    size_t which[QMON_DECISIONS_MAX];
    bool waits[QMON_DECISIONS_MAX]; /* of all: no question, it is counted near */
    struct qmon_window known[QMON_DECISIONS_MAX];
    struct qmon_decision_request informed[QMON_DECISIONS_MAX];
    struct qmon_decision answers[QMON_DECISIONS_MAX];
    int verdicts[QMON_DECISIONS_MAX];
};

static void inform(struct round *round, struct qmon_cache *memory) {
    round->asked = 0;
    for (size_t i = 0; i < round->count; i++) {
        size_t at = round->asked;
        if (round->results[i] >= 0)
            continue;
        round->which[at] = i;
        round->informed[at] = round->requests[i];
        round->known[at] = (struct qmon_window){0};
        if (memory != NULL && memory->class->recall(memory, &round->requests[i], &round->known[at]) == 0)
            round->informed[at].known = &round->known[at];
        round->waits[i] = qmon_window_may_wait(&round->known[at], &round->requests[i]);
        round->asked += !round->waits[i];
    }
}

static void ask_round(struct chain *chain, size_t position, struct round *round) {
    struct qmon_cache *member = chain->members[position];
    struct qmon_cache *memory = memory_behind(chain, position);

    inform(round, memory);
    if (round->asked > 0)
        qmon_cache_decide_many(member, round->informed, round->asked, round->answers, round->verdicts);
    for (size_t at = 0; at < round->asked; at++) {
        size_t i = round->which[at];
        round->results[i] = round->verdicts[at];
        if (round->verdicts[at] < 0) {
            chain->problem = member->class->problem(member);
            continue;
        }
        round->decisions[i] = round->answers[at];
        if (memory != NULL)
            memory->class->learn(memory, &round->requests[i], &round->known[at], &round->answers[at].window);
    }
    for (size_t i = 0; memory != NULL && i < round->count; i++)
        if (round->waits[i] && round->results[i] < 0)
            round->results[i] = decide_for(memory, member, &round->requests[i], &round->decisions[i]);
}

/* Nothing is written before the first member has answered, so that a transaction of the host's store that this is part of
 * (qmon_store_begin) does not lock it while Redis is waited for. */
static void decide_many(struct qmon_cache *cache, const struct qmon_decision_request *requests, size_t count,
                        struct qmon_decision *ret_decisions, int *ret_results) {
    struct chain *chain = (struct chain *) cache;
    struct round *round = calloc(1, sizeof *round);

    chain->problem = NULL;
    for (size_t i = 0; i < count; i++)
        ret_results[i] = round == NULL ? -ENOMEM : -ENODEV;
    if (round == NULL)
        return;
    *round = (struct round){.requests = requests, .count = count, .decisions = ret_decisions, .results = ret_results};
    for (size_t position = 0; position < chain->count; position++) {
        ask_round(chain, position, round);
        for (size_t at = 0; at < round->asked; at++)
            if (round->verdicts[at] < 0)
                count_fall_back(chain, position, round->verdicts[at]);
    }
    free(round);
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
    static const struct qmon_cache_class class = {.name = "chain",
                                                  .decide = decide,
                                                  .decide_near = decide_near,
                                                  .decide_many = decide_many,
                                                  .problem = problem,
                                                  .close = close_chain,
                                                  .get = get,
                                                  .set = set};
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

/*
 * resolve.c: see resolve.h. Nothing of ours runs while nothing happens, so whichever receiver or command comes by looks for what has
 * been quiet for long enough. The event's id is made of that of the problem's newest event: whoever is killed between saving it
 * and noting that, or looks at the same time as another, makes the same event, which the store takes once.
 *
 * Where Redis counts for a fleet it is asked whether any other host has seen the problem since, and which of them tells that it
 * is over. Where it does not answer, the question is put off to the next time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/delivery.h>
#include <qmon/log.h>
#include <qmon/pipeline.h>
#include <qmon/render.h>

#include "moment.h"
#include "resolve.h"

#define MOST 100u /* at once; the rest next time */

struct quiet {
    char id[QMON_EVENT_ID_BYTES];
    char *json;
    uint64_t last_ms, events;
};

struct found {
    struct quiet items[MOST];
    size_t count;
};

static void keep(void *context, const struct qmon_quiet_problem *problem) {
    struct found *found = context;

    if (found->count == MOST)
        return;
    struct quiet *quiet = &found->items[found->count];
    quiet->json = strdup(problem->json);
    if (quiet->json == NULL)
        return;
    snprintf(quiet->id, sizeof quiet->id, "%s", problem->event_id);
    quiet->last_ms = problem->last_ms;
    quiet->events = problem->events;
    found->count++;
}

/* The same but for its last twelve digits, which are a number made of all of it. */
static void derive_id(const char *id, char ret_id[QMON_EVENT_ID_BYTES]) {
    uint64_t hash = 0xcbf29ce484222325ull;
    char digits[17];

    for (const char *at = id; *at != '\0'; at++)
        hash = (hash ^ (unsigned char) *at) * 0x100000001b3ull;
    snprintf(digits, sizeof digits, "%016" PRIx64, hash);
    snprintf(ret_id, QMON_EVENT_ID_BYTES, "%s", id);
    if (strlen(ret_id) == QMON_EVENT_ID_BYTES - 1)
        memcpy(ret_id + QMON_EVENT_ID_BYTES - 13, digits, 12);
}

static void say(struct qmon_event *event, const struct qmon_event *problem, const struct quiet *quiet,
                uint64_t now_ms) {
    char since[32], last[32], times[32];
    const char *title = problem->title != NULL ? problem->title : "a problem";
    const char *service = event->service.name != NULL ? event->service.name : "a service";

    qmon_render_duration((now_ms - quiet->last_ms) * 1000000u, since, sizeof since);
    qmon_render_time(quiet->last_ms * 1000000u, last, sizeof last);
    qmon_render_number(quiet->events, times, sizeof times);
    event->title = qmon_event_format(event, "%s: resolved: %s", service, title);
    event->lifecycle.reason = qmon_event_format(event, "%s: not seen for %s", title, since);
    if (event->occurrences.source != NULL)
        event->message = qmon_event_format(event, "%s did not come again on any host for at least %s.", title, since);
    else
        event->message =
            qmon_event_format(event, "%s did not come again on this host for %s; last seen %s, %s time%s in all.",
                              title, since, last, times, quiet->events == 1 ? "" : "s");
}

static struct qmon_event *resolved_event(const struct qmon_event *problem, const struct quiet *quiet, bool over_fleet,
                                         uint64_t now_ms) {
    struct qmon_event *event = qmon_event_new(now_ms * 1000000u);

    if (event == NULL)
        return NULL;
    derive_id(quiet->id, event->id);
    event->kind = QMON_KIND_LIFECYCLE;
    event->severity = QMON_SEVERITY_INFO;
    event->lifecycle.phase = "resolved";
    event->lifecycle.problem = qmon_event_text(event, problem->fingerprint);
    event->service.name = qmon_event_text(event, problem->service.name);
    event->service.version = qmon_event_text(event, problem->service.version);
    event->service.stage = qmon_event_text(event, problem->service.stage);
    event->host.name = qmon_event_text(event, problem->host.name);
    event->host.arch = qmon_event_text(event, problem->host.arch);
    event->host.container_id = qmon_event_text(event, problem->host.container_id);
    event->process.executable = qmon_event_text(event, problem->process.executable);
    if (over_fleet)
        event->occurrences.source = "redis";
    say(event, problem, quiet, now_ms);
    qmon_fingerprint(event);
    return event;
}

/* Who decides that a problem is over: the fleet, this host, or for now nobody. */
enum judgement { OVER_FLEET, OVER_HERE, TOLD_ELSEWHERE, NOT_YET };

static enum judgement judge(struct qmon__pass *pass, struct qmon_cache *fleet, const struct qmon_event *problem) {
    char key[QMON_KEY_BYTES];

    if (fleet == NULL)
        return OVER_HERE;
    qmon_decision_key(problem, key, sizeof key);
    switch (fleet->class->quiet(fleet, key, pass->config->resolve_after_s * 1000u, problem->id)) {
    case QMON_QUIET_OVER:
        return OVER_FLEET;
    case QMON_QUIET_TOLD:
        qmon__count(pass, "resolve.left", "another host tells it", 1);
        return TOLD_ELSEWHERE;
    case QMON_QUIET_NOT_YET:
        qmon__count(pass, "resolve.put-off", "another host has seen it since", 1);
        return NOT_YET;
    default: /* a Redis that was looked for in AWS, and is not there, is no fleet */
        if (fleet->class->problem(fleet) == NULL)
            return OVER_HERE;
        qmon__count(pass, "resolve.put-off", "redis did not answer", 1);
        return NOT_YET;
    }
}

/* The channels that heard of the problem, so far as today's routes say. PagerDuty and its like want ends of none but these. */
static qmon_channels told_of(const struct qmon_config *config, const struct qmon_event *problem) {
    return qmon_route_of(problem, config).channels;
}

static int save(struct qmon__pass *pass, const struct quiet *quiet, const struct qmon_event *problem, bool over_fleet,
                uint64_t now_ms) {
    const char *sinks[QMON_ROUTES];
    struct qmon_event *event = resolved_event(problem, quiet, over_fleet, now_ms);
    int r = -1;

    if (event != NULL)
        r = qmon_store_save(
            pass->store, event, "alerted", sinks,
            qmon_channel_names(qmon_route_of(event, pass->config).channels & told_of(pass->config, problem), sinks));
    if (r == 0) {
        qmon__count(pass, "events", "resolved", 1);
        qmon_log("event %s: %s", event->id, event->title != NULL ? event->title : "");
    }
    qmon_event_free(event);
    return r;
}

static bool tell(struct qmon__pass *pass, struct qmon_cache *fleet, const struct quiet *quiet, uint64_t now_ms) {
    const char *problem_text = NULL;
    char key[QMON_EVENT_ID_BYTES + 16];
    struct qmon_event *problem = qmon_event_from_json(quiet->json, strlen(quiet->json), &problem_text);
    enum judgement judgement = TOLD_ELSEWHERE; /* of what cannot be read nothing is told */
    int r = 1;

    if (problem != NULL && problem->fingerprint[0] != '\0')
        judgement = judge(pass, fleet, problem);
    if (judgement == OVER_FLEET || judgement == OVER_HERE)
        r = save(pass, quiet, problem, judgement == OVER_FLEET, now_ms);
    snprintf(key, sizeof key, "resolved|%s", quiet->id);
    if (r >= 0 && judgement != NOT_YET)
        qmon_store_once(pass->store, key, now_ms);
    qmon_event_free(problem);
    return r == 0;
}

unsigned qmon__tell_resolved(struct qmon__pass *pass, uint64_t now_ms) {
    uint64_t after_ms = pass->config->resolve_after_s * 1000u;
    struct found found = {.count = 0};
    struct qmon_cache *fleet;
    unsigned told = 0;

    if (after_ms == 0 || pass->store == NULL || !qmon_store_is_durable(pass->store) || now_ms < after_ms)
        return 0;
    qmon_store_quiet(pass->store, now_ms - after_ms, MOST, keep, &found);
    fleet = found.count > 0 ? qmon_cache_redis(pass->config) : NULL;
    for (size_t i = 0; i < found.count; i++) {
        if (qmon_monotonic_ms() < pass->deadline_ms)
            told += tell(pass, fleet, &found.items[i], now_ms);
        free(found.items[i].json);
    }
    if (fleet != NULL)
        fleet->class->close(fleet);
    return told;
}

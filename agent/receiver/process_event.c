/*
 * The one pipeline: symbolize, filter, describe, fingerprint, decide, save, deliver.
 *
 * NOTHING LOST, NOTHING TWICE. An event's id follows from what it was made from, so an event that is saved a second time is
 * found there already, and nothing more is done. Between the cache's decision and the save lies a moment in which a
 * receiver may be killed: "alert" was counted, and nobody alerts. The record is marked before the cache is asked; whoever
 * finds the mark without the event alerts, whatever the cache says now. Where the store cannot take the event (disk full),
 * its alert goes out all the same, from a store in memory, and the record is kept until the event can be saved. The same goes for
 * a store that we cannot even open, which may be for what this process inherited from its host: a limit on the size of files or
 * on descriptors, a system call filter.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qmon/delivery.h>
#include <qmon/log.h>

#include "bound.h"
#include "crash_loop.h"
#include "echo.h"
#include "identity.h"
#include "moment.h"
#include "origin_source.h"
#include "pass.h"
#include "process_event.h"
#include "targets.h"

#define SYMBOLIZE_SHARE 2u /* a pass spends at most half of the time it has left on one trace */

/* Only here, where nobody waits any more. What comes is kept in the state directory. */
static struct qmon_symbolizer *open_symbolizer(const struct qmon_config *config) {
    char directory[PATH_MAX - 16], cache[PATH_MAX] = "";
    const char *urls = config->debuginfod_urls;
    if (urls != NULL && urls[0] != '\0' &&
        qmon_state_dir(config->state_dir, environ, directory, sizeof directory) == 0) {
        snprintf(cache, sizeof cache, "%s/debuginfod", directory);
        qmon_debuginfod_configure(urls, cache);
    }
    return qmon_symbolizer_open();
}

static void symbolize(struct qmon__pass *pass, struct qmon__report *report) {
    if (report->symbolized || report->event->thread_count == 0)
        return;
    if (pass->symbolizer == NULL)
        pass->symbolizer = open_symbolizer(pass->config);
    if (pass->symbolizer == NULL)
        return;
    uint64_t now_ms = qmon_monotonic_ms();
    uint64_t left_ms = pass->deadline_ms > now_ms ? pass->deadline_ms - now_ms : 0;
    qmon__symbolize_event(pass->symbolizer, report->event, report->live_pid, now_ms + left_ms / SYMBOLIZE_SHARE);
    report->symbolized = true;
}

static void describe(struct qmon__report *report) {
    if (report->has_facts)
        qmon_describe_crash(report->event, &report->facts);
    else if (report->event->title == NULL)
        qmon_describe(report->event);
}

static bool wants_redis(const struct qmon_config *config) {
    return (config->redis_url != NULL && config->redis_url[0] != '\0') ||
           (config->redis_host != NULL && config->redis_host[0] != '\0');
}

void qmon__open_cache(struct qmon__pass *pass) {
    if (pass->cache != NULL)
        return;
    struct qmon_cache *redis = qmon_cache_redis(pass->config);
    pass->asks_afar = redis != NULL;
    pass->cache = qmon_cache_chain(redis, qmon_cache_local(pass->store), qmon_cache_memory());
}

void qmon__compose_request(const struct qmon__pass *pass, const struct qmon_event *event, char ret_key[QMON_KEY_BYTES],
                           struct qmon_decision_request *ret_request) {
    const char *version = event->service.version;
    qmon_decision_key(event, ret_key, QMON_KEY_BYTES);
    *ret_request =
        (struct qmon_decision_request){.key = ret_key,
                                       .limit = pass->config->dedup_limit,
                                       .window_s = pass->config->dedup_window_s,
                                       .now_ms = qmon_real_ms(),
                                       .host = event->host.name,
                                       .version = version != NULL && strcmp(version, "unknown") != 0 ? version : NULL,
                                       .count = 1 + event->report.repeats};
}

void qmon__tell_fallback(const struct qmon__pass *pass, struct qmon_event *event, const char *source) {
    const char *problem = pass->cache->class->problem(pass->cache);
    const char *wanted = wants_redis(pass->config) || problem != NULL ? "redis" : "local"; /* it may have been found */
    if (strcmp(source, wanted) == 0 || strcmp(source, "redis") == 0)
        return;
    qmon_event_note(event, "Repeats were counted by the %s cache, not by %s: %s.", source, wanted,
                    problem != NULL ? problem : "it could not decide");
    qmon_log("cache: %s; %s decides", problem != NULL ? problem : "no decision", source);
}

/* Asks the cache, unless it has answered already. False: nobody could decide. */
static bool ask(struct qmon__pass *pass, struct qmon__report *report) {
    char key[QMON_KEY_BYTES];
    struct qmon_decision_request request;
    if (report->decided)
        return true;
    qmon__open_cache(pass);
    qmon__compose_request(pass, report->event, key, &request);
    return pass->cache != NULL && pass->cache->class->decide(pass->cache, &request, &report->decision) >= 0;
}

bool qmon__may_alert(struct qmon__pass *pass, struct qmon__report *report, bool asked_before) {
    qmon_take_decision(report->event, &report->decision);
    qmon__tell_fallback(pass, report->event, report->decision.source);
    if (!report->decision.alert && asked_before)
        qmon__count(pass, "dedup.repeated-decision", "", 1);
    return report->decision.alert || asked_before;
}

/* May this event alert? When nothing can decide, it does. */
static bool decide(struct qmon__pass *pass, struct qmon__report *report, const struct qmon__handing *handing) {
    bool asked_before = handing->asked_before;
    if (handing->record != NULL) {
        asked_before = (atomic_load(&handing->record->copy->process.announced) & QMON_ANNOUNCED_ASKED) != 0;
        if (!asked_before)
            qmon__record_announce(handing->record, QMON_ANNOUNCED_ASKED);
    }
    if (ask(pass, report))
        return qmon__may_alert(pass, report, asked_before);
    qmon__count(pass, "cache.undecided", "", 1);
    qmon_event_note(report->event, "Nothing could count repeats; this alert may come again.");
    return true;
}

/* The store is full or broken: to the channels all the same, from memory. Returns whether they have it. */
static bool tell_without_store(struct qmon__pass *pass, const struct qmon_event *event, const char *const *sinks,
                               size_t sink_count) {
    const char *problem = NULL;
    struct qmon_store *memory = qmon_store_open(NULL, &problem);
    if (memory == NULL)
        return false;
    struct qmon_delivery_summary summary = {0};
    bool told =
        qmon_store_save(memory, event, "alerted", sinks, sink_count) == 0 &&
        (qmon__is_bound() /* see deliver_saved */
             ? qmon_deliver_due(memory, pass->config, event->id, pass->deadline_ms, &summary)
             : qmon_deliver_until(memory, pass->config, event->id, pass->deadline_ms, &summary)) == (int) sink_count;
    qmon_store_close(memory);
    return told;
}

/* What is safe in the outbox is for whoever comes next: no program is held for a second attempt, nor one that ends well for a channel
 * that is down. What a limit of the host's forbids now, it forbids a moment later. */
static bool is_tried_once(const struct qmon__pass *pass, const struct qmon_event *event, bool durable) {
    const bool safe = durable && !pass->fleeting;
    return safe || ((durable || pass->makeshift) && !pass->last_chance) ||
           (pass->held && event->kind == QMON_KIND_LIFECYCLE) || qmon__is_bound();
}

static enum qmon__kept deliver_saved(struct qmon__pass *pass, const struct qmon_event *event, size_t sink_count) {
    bool durable = qmon_store_is_durable(pass->store);
    if (sink_count == 0)
        return durable ? QMON__KEPT : QMON__KEPT_TOLD; /* nobody wants it */
    struct qmon_delivery_summary summary = {0};
    const bool once = is_tried_once(pass, event, durable);
    int sent = once ? qmon_deliver_due(pass->store, pass->config, event->id, pass->deadline_ms, &summary)
                    : qmon_deliver_until(pass->store, pass->config, event->id, pass->deadline_ms, &summary);
    if (summary.last_problem[0] != '\0')
        qmon_log("%s: %s", event->id, summary.last_problem);
    if (durable)
        return QMON__KEPT;
    /* A channel that did not want it has had its say, unless somebody comes after us with more in hand. */
    const int done = pass->makeshift ? sent : sent + (int) summary.rejected;
    return done >= (int) sink_count ? QMON__KEPT_TOLD : QMON__KEPT_NOT;
}

static enum qmon__kept save(struct qmon__pass *pass, const struct qmon_event *event, const char *state,
                            const struct qmon__handing *handing) {
    const char *sinks[QMON_ROUTES];
    size_t sink_count = qmon__choose_channels(pass, event, &state, sinks);
    int saved = qmon_store_save(pass->store, event, state, sinks, sink_count);
    if (saved > 0)
        return pass->makeshift ? QMON__KEPT_NOT : QMON__KEPT;
    if (saved < 0) {
        const char *problem = qmon_store_problem(pass->store);
        qmon_log("the store cannot take event %s: %s", event->id, problem[0] != '\0' ? problem : strerror(-saved));
        if (sink_count == 0) /* nothing to tell: the record alone can keep it */
            return QMON__KEPT_NOT;
        return tell_without_store(pass, event, sinks, sink_count) ? QMON__KEPT_TOLD : QMON__KEPT_NOT;
    }
    qmon_store_count(pass->store, "events", qmon_kind_name(event->kind), 1);
    qmon_log("event %s: %s, %s", event->id, event->title != NULL ? event->title : "", state);
    enum qmon__kept kept = QMON__KEPT;
    if (event->kind != QMON_KIND_LIFECYCLE && strcmp(state, "ignored") != 0 && strcmp(state, "stored") != 0)
        qmon__note_crash(pass, event, !handing->no_delivery);
    if (!handing->no_delivery)
        kept = deliver_saved(pass, event, sink_count);
    return kept;
}

void qmon__prepare(struct qmon__pass *pass, struct qmon__report *report) {
    if (report->prepared)
        return;
    qmon__identify_service(report->event, pass->config);
    symbolize(pass, report);
    report->ignored = qmon_filter(report->event, pass->config);
    describe(report);
    qmon_fingerprint(report->event);
    report->prepared = true;
}

static enum qmon__kept process_problem(struct qmon__pass *pass, struct qmon__report *report,
                                       const struct qmon__handing *handing) {
    struct qmon_event *event = report->event;
    qmon__prepare(pass, report);
    if (report->ignored != NULL) {
        enum qmon__kept kept = save(pass, event, "ignored", handing);
        qmon__count(pass, "events.ignored", report->ignored, 1 + event->report.repeats);
        return kept;
    }
    if (handing->quiet)
        return save(pass, event, "stored", handing);
    if (qmon__is_echo(pass->store, event, handing->record != NULL ? handing->record->copy : NULL)) {
        qmon_event_note(event, "The process ended %s.",
                        event->kind == QMON_KIND_EXIT
                            ? "with a status that means the signal by which its child had ended"
                            : "itself by the signal that had ended its child");
        enum qmon__kept kept = save(pass, event, "suppressed", handing);
        qmon__count(pass, "events.echo", "a parent repeats its child's signal", 1);
        return kept;
    }
    const bool alert = decide(pass, report, handing);
    if (alert)
        qmon__add_source(event);
    enum qmon__kept kept = save(pass, event, alert ? "alerted" : "suppressed", handing);
    const uint64_t held_back = event->report.repeats + !alert; /* an alert stands for its repeats, too */
    if (held_back > 0)
        qmon_store_count(pass->store, "dedup.suppressed", event->occurrences.source, held_back);
    return kept;
}

enum qmon__kept qmon__process(struct qmon__pass *pass, struct qmon__report *report,
                              const struct qmon__handing *handing) {
    static const struct qmon__handing plain = {0};
    if (handing == NULL)
        handing = &plain;
    if (report->event->kind != QMON_KIND_LIFECYCLE)
        return process_problem(pass, report, handing);
    qmon__identify_service(report->event, pass->config);
    describe(report);
    qmon_fingerprint(report->event);
    if (report->event->lifecycle.phase != NULL && strcmp(report->event->lifecycle.phase, "startup") == 0)
        qmon_cache_discovery_begin(pass->config);
    if (!handing->quiet && qmon__is_of_loop(pass, report->event)) {
        qmon__count(pass, "loop.folded", report->event->lifecycle.phase, 1);
        return save(pass, report->event, "suppressed", handing);
    }
    return save(pass, report->event, handing->quiet ? "stored" : "alerted", handing);
}

void qmon__deliver(struct qmon__pass *pass, const char *event_id) {
    struct qmon_delivery_summary summary = {0};
    qmon_deliver_due(pass->store, pass->config, event_id, pass->deadline_ms, &summary);
    if (summary.last_problem[0] != '\0')
        qmon_log("delivery: %s", summary.last_problem);
}

#include "crash_loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/delivery.h>
#include <qmon/log.h>
#include <qmon/pipeline.h>
#include <qmon/render.h>
#include <qmon/text.h>

#include "moment.h"

#define GAP_MS 600000u
#define SLOW_MS 30000u /* a loop of `first` crashes takes as long */
#define FAST_MS 1000u  /* and one of twice as many */
#define KEY_BYTES 800
#define MOST 20u /* ends told at once; the rest next time */

/* "loop|web-7|shop|production|/usr/bin/shop"; false: the event does not say which program. */
static bool key_of(const struct qmon_event *event, char ret_key[KEY_BYTES]) {
    const char *service = event->service.name, *stage = event->service.stage, *executable = event->process.executable;
    const char *host = event->host.name != NULL ? event->host.name : "";

    if (executable == NULL || strchr(host, '|') != NULL || (service != NULL && strchr(service, '|') != NULL) ||
        (stage != NULL && strchr(stage, '|') != NULL))
        return false;
    return snprintf(ret_key, KEY_BYTES, "loop|%s|%s|%s|%s", host, service != NULL ? service : "",
                    stage != NULL ? stage : "", executable) < KEY_BYTES;
}

/* Once when it is seen, and each time that the number has doubled. What is over in a moment is somebody's trial. */
static bool is_to_be_told(const struct qmon_loop *loop, uint64_t first) {
    uint64_t span_ms = loop->last_ms - loop->since_ms;

    if (loop->told > 0)
        return loop->count >= 2 * loop->told;
    return (loop->count >= first && span_ms >= SLOW_MS) || (loop->count >= 2 * first && span_ms >= FAST_MS);
}

struct telling {
    const char *key;
    const struct qmon_loop *loop; /* as it is known */
    uint64_t count;               /* at which it is told; 0: that it is over */
};

/* For a loop and for its end alike: of it the fingerprint is made. */
static struct qmon_event *event_of(const struct qmon_event *like, const char *phase, uint64_t now_ms) {
    struct qmon_event *event = qmon_event_new(now_ms * 1000000u);

    if (event == NULL)
        return NULL;
    event->kind = QMON_KIND_LIFECYCLE;
    event->lifecycle.phase = phase;
    event->process = like->process;
    event->process.pid = event->process.parent_pid = event->process.root_pid = 0;
    event->process.start_time_ns = 0;
    event->service = like->service;
    event->host = like->host;
    return event;
}

/* That it is told and what is told are one transaction. Of two that would tell it, at the same time, one does. */
static void save(struct qmon__pass *pass, struct qmon_event *event, const struct telling *telling, bool deliver) {
    const char *sinks[QMON_ROUTES];
    size_t count = qmon_route(event, pass->config, sinks);

    qmon_store_begin(pass->store);
    bool first = qmon_store_loop_told(pass->store, telling->key, telling->loop, telling->count) == 0;
    if (first && qmon_store_save(pass->store, event, "alerted", sinks, count) == 0)
        qmon_store_count(pass->store, "events", event->lifecycle.phase, 1);
    if (qmon_store_commit(pass->store) < 0 || !first)
        return;
    qmon_log("event %s: %s", event->id, event->title != NULL ? event->title : "");
    if (count > 0 && deliver)
        qmon__deliver(pass, event->id);
}

static void tell(struct qmon__pass *pass, const struct qmon_event *crash, const struct telling *telling, bool deliver) {
    const struct qmon_loop *loop = telling->loop;
    uint64_t now_ms = qmon_real_ms();
    struct qmon_event *event = event_of(crash, "crash-loop", now_ms);
    char times[32], span[32];

    if (event == NULL)
        return;
    qmon_render_number(loop->count, times, sizeof times);
    qmon_render_duration((loop->last_ms - loop->since_ms) * 1000000u, span, sizeof span);
    event->severity = QMON_SEVERITY_CRITICAL;
    event->title = qmon_event_format(event, "%s is in a crash loop: restarted and crashed %s times in %s",
                                     qmon_base_name(crash->process.executable), times, span);
    event->lifecycle.reason = qmon_event_format(event, "crashed %s times in %s", times, span);
    event->message = qmon_event_format(
        event,
        "The last one: %s. Until it ends, starts and stops of this program are kept and not told ('qmon list --all').",
        crash->title != NULL ? crash->title : qmon_kind_name(crash->kind));
    qmon_fingerprint(event);
    save(pass, event, telling, deliver);
    qmon_event_free(event);
}

static bool counts_as_crash(const struct qmon_event *event) {
    return event->kind == QMON_KIND_CRASH || (event->kind == QMON_KIND_EXIT && event->process.parent_pid <= 1);
}

void qmon__note_crash(struct qmon__pass *pass, const struct qmon_event *event, bool deliver) {
    uint64_t time_ms = event->time_ns / 1000000u, start_ms = event->process.start_time_ns / 1000000u;
    uint64_t first = pass->config->crash_loop;
    struct qmon_loop loop;
    char key[KEY_BYTES];

    if (first == 0 || !counts_as_crash(event) || !qmon_store_is_durable(pass->store) || !key_of(event, key))
        return;
    if (qmon_store_loop(pass->store, key, time_ms, GAP_MS, &loop) == 0 && loop.told > 0 &&
        time_ms > loop.last_ms + GAP_MS)
        qmon__tell_loops_over(pass, time_ms); /* the one before this one */
    if (qmon_store_loop_add(pass->store, key, start_ms, time_ms, GAP_MS, &loop) != 0 || !is_to_be_told(&loop, first))
        return;
    tell(pass, event, &(struct telling){key, &loop, loop.count}, deliver);
}

/* Who ran before the first crash and still does has not been started again: a supervisor of the same program, an interpreter's
 * other script. */
static bool is_older(const struct qmon_event *event, const struct qmon_loop *loop) {
    uint64_t start_ms = event->process.start_time_ns / 1000000u;

    return start_ms != 0 && start_ms < loop->since_ms;
}

bool qmon__is_of_loop(struct qmon__pass *pass, const struct qmon_event *event) {
    const char *phase = event->lifecycle.phase;
    struct qmon_loop loop;
    char key[KEY_BYTES];

    if (pass->config->crash_loop == 0 || event->kind != QMON_KIND_LIFECYCLE || phase == NULL ||
        (strcmp(phase, "startup") != 0 && strcmp(phase, "shutdown") != 0) || !key_of(event, key))
        return false;
    return qmon_store_loop(pass->store, key, qmon_real_ms(), GAP_MS, &loop) == 0 && loop.told > 0 &&
           !is_older(event, &loop);
}

struct ended {
    struct {
        char key[KEY_BYTES];
        struct qmon_loop loop;
    } at[MOST];
    size_t count;
};

static void keep(void *context, const char *key, const struct qmon_loop *loop) {
    struct ended *ended = context;

    if (ended->count == MOST)
        return;
    snprintf(ended->at[ended->count].key, KEY_BYTES, "%s", key);
    ended->at[ended->count++].loop = *loop;
}

/* The loop's own event again, for its fingerprint. NULL: the key is none of ours. */
static struct qmon_event *loop_of(char *key, uint64_t now_ms) {
    char *rest = key;
    const char *loop = strsep(&rest, "|"), *host = strsep(&rest, "|"), *service = strsep(&rest, "|");
    const char *stage = strsep(&rest, "|");
    struct qmon_event like = {0};

    if (loop == NULL || host == NULL || service == NULL || stage == NULL || rest == NULL)
        return NULL;
    like.service.name = service[0] != '\0' ? service : NULL;
    like.service.stage = stage[0] != '\0' ? stage : NULL;
    like.process.executable = rest;
    struct qmon_event *event = event_of(&like, "crash-loop", now_ms);
    if (event != NULL) {
        event->host.name = qmon_event_text(event, host);
        qmon_fingerprint(event);
    }
    return event;
}

static void tell_over(struct qmon__pass *pass, const char *key, const struct qmon_loop *loop, uint64_t now_ms) {
    char parts[KEY_BYTES];

    snprintf(parts, sizeof parts, "%s", key);
    struct qmon_event *event = loop_of(parts, now_ms);
    char times[32], span[32], since[32];

    if (event == NULL)
        return;
    qmon_render_number(loop->count, times, sizeof times);
    qmon_render_duration((loop->last_ms - loop->since_ms) * 1000000u, span, sizeof span);
    qmon_render_duration((now_ms - loop->last_ms) * 1000000u, since, sizeof since);
    event->lifecycle.problem = qmon_event_text(event, event->fingerprint);
    event->lifecycle.phase = "resolved";
    event->severity = QMON_SEVERITY_INFO;
    event->occurrences.source = "local"; /* a loop is this host's */
    event->title = qmon_event_format(event, "%s: crash loop ended: %s crashes in %s, and none for %s",
                                     qmon_base_name(event->process.executable), times, span, since);
    event->lifecycle.reason = qmon_event_format(event, "no crash for %s", since);
    event->message = qmon_event_format(event, "It crashed %s times in %s.", times, span);
    qmon_fingerprint(event);
    save(pass, event, &(struct telling){key, loop, 0}, true);
    qmon_event_free(event);
}

void qmon__tell_loops_over(struct qmon__pass *pass, uint64_t now_ms) {
    struct ended *ended = calloc(1, sizeof *ended);

    if (ended != NULL && now_ms > GAP_MS)
        qmon_store_loops_over(pass->store, now_ms - GAP_MS, MOST, keep, ended);
    for (size_t i = 0; ended != NULL && i < ended->count; i++)
        tell_over(pass, ended->at[i].key, &ended->at[i].loop, now_ms);
    free(ended);
}

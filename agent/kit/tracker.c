/* tracker.c: from an error to an event, and whether it is worth an alert. The stages are those of every event. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>

#include "parts.h"

#define EXTRAS_MAX 64

struct qmon_kit_tracker {
    struct qmon_config *config;
    struct qmon_kit_cache *cache;
    bool owns_cache;
};

struct qmon_kit_tracker *qmon_kit_tracker_open(struct qmon_kit_cache *cache, const char *const *settings) {
    struct qmon_kit_tracker *tracker = calloc(1, sizeof *tracker);

    if (tracker == NULL)
        return NULL;
    tracker->config = qmon__kit_config(settings);
    tracker->owns_cache = cache == NULL;
    tracker->cache = cache != NULL ? cache : qmon_kit_cache_open(QMON_KIT_CACHE_MEMORY, settings);
    if (tracker->config == NULL || tracker->cache == NULL) {
        qmon_kit_tracker_close(tracker);
        return NULL;
    }
    return tracker;
}

void qmon_kit_tracker_close(struct qmon_kit_tracker *tracker) {
    if (tracker == NULL)
        return;
    if (tracker->owns_cache)
        qmon_kit_cache_close(tracker->cache);
    qmon_config_free(tracker->config);
    free(tracker);
}

static const char *clean(struct qmon_event *event, const char *text) {
    return qmon_redact(event, qmon_event_text(event, text));
}

/* What the key says ("password", "token") counts, too. */
static const char *clean_value(struct qmon_event *event, const char *key, const char *value) {
    const char *pair = clean(event, qmon_event_format(event, "%s=%s", key, value));
    size_t bytes = strlen(key);

    return pair != NULL && strncmp(pair, key, bytes) == 0 && pair[bytes] == '=' ? qmon_redact(event, pair + bytes + 1)
                                                                                : clean(event, value);
}

static void take_extras(struct qmon_event *event, const char *const *extras) {
    size_t count = 0;

    while (extras != NULL && count < 2 * EXTRAS_MAX && extras[count] != NULL && extras[count + 1] != NULL)
        count += 2;
    event->report.extra = count > 0 ? qmon_event_alloc(event, count / 2 * sizeof *event->report.extra) : NULL;
    for (size_t i = 0; event->report.extra != NULL && i < count; i += 2) {
        const char *key = qmon_event_text(event, extras[i]);
        if (key != NULL)
            event->report.extra[event->report.extra_count++] =
                (struct qmon_pair){.key = key, .value = clean_value(event, key, extras[i + 1])};
    }
}

/* The place that the program names is the whole trace. */
static void take_place(struct qmon_event *event, const struct qmon_kit_error *error) {
    struct qmon_thread *thread;

    if (error->function == NULL && error->file == NULL)
        return;
    thread = qmon_event_alloc(event, sizeof *thread);
    if (thread == NULL)
        return;
    thread->frames = qmon_event_alloc(event, sizeof *thread->frames);
    if (thread->frames == NULL)
        return;
    thread->frame_count = 1;
    thread->frames[0] = (struct qmon_frame){.function = qmon_event_text(event, error->function),
                                            .file = qmon_event_text(event, error->file),
                                            .line = error->line,
                                            .module = event->process.executable,
                                            .in_app = true,
                                            .role = QMON_ROLE_APP};
    event->threads = thread;
    event->thread_count = 1;
}

static void take_error(struct qmon_event *event, const struct qmon_kit_error *error) {
    int severity = error->severity != NULL ? qmon_severity_parse(error->severity) : -1;

    event->kind = QMON_KIND_ERROR;
    event->severity = severity >= 0 ? (enum qmon_severity) severity : QMON_SEVERITY_ERROR;
    event->code = clean(event, error->code != NULL && error->code[0] != '\0' ? error->code : "error");
    event->report.endpoint = clean(event, error->endpoint);
    event->report.user_id = clean(event, error->user_id);
    event->message = clean(event, error->message);
    take_extras(event, error->extras);
    take_place(event, error);
}

static bool decide(struct qmon_kit_tracker *tracker, struct qmon_event *event) {
    const char *version = tracker->config->version;
    char key[QMON_KEY_BYTES];
    const struct qmon_decision_request request = {.key = key,
                                                  .limit = tracker->config->dedup_limit,
                                                  .window_s = tracker->config->dedup_window_s,
                                                  .now_ms = event->time_ns / 1000000u,
                                                  .count = 1,
                                                  .host = event->host.name,
                                                  .version = strcmp(version, "unknown") != 0 ? version : NULL};
    struct qmon_decision decision;

    qmon_decision_key(event, key, sizeof key);
    if (qmon__kit_decide(tracker->cache, &request, &decision) < 0) {
        qmon_event_note(event, "Nothing could count repeats; this alert may come again.");
        return true;
    }
    qmon_take_decision(event, &decision);
    return decision.alert;
}

int qmon_kit_track_error(struct qmon_kit_tracker *tracker, const struct qmon_kit_error *error,
                         struct qmon_kit_tracked *ret_tracked) {
    struct qmon_event *event = qmon__kit_event(tracker->config);
    struct qmon_kit_tracked tracked = {0};

    if (event == NULL)
        return -ENOMEM;
    take_error(event, error);
    tracked.ignored = qmon_filter(event, tracker->config);
    qmon_describe(event);
    qmon_fingerprint(event);
    tracked.should_alert = tracked.ignored == NULL && decide(tracker, event);
    tracked.suppressed = event->occurrences.suppressed;
    tracked.total = event->occurrences.total;
    snprintf(tracked.fingerprint, sizeof tracked.fingerprint, "%s", event->fingerprint);
    tracked.event = qmon_event_to_json(event);
    qmon_event_free(event);
    if (tracked.event == NULL)
        return -ENOMEM;
    *ret_tracked = tracked;
    return 0;
}

void qmon_kit_tracked_clear(struct qmon_kit_tracked *tracked) {
    free(tracked->event);
    *tracked = (struct qmon_kit_tracked){0};
}

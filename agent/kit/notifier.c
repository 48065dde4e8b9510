/* notifier.c: saves what is to be told, with a row of the outbox for each channel, and delivers what it can in time. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>
#include <qmon/delivery.h>
#include <qmon/pipeline.h>

#include "parts.h"

struct qmon_kit_notifier {
    pthread_mutex_t mutex;
    struct qmon_config *config;
    struct qmon_store *store;
    char problem[512];
};

struct qmon_kit_notifier *qmon_kit_notifier_open(const char *const *settings) {
    struct qmon_kit_notifier *notifier = calloc(1, sizeof *notifier);

    if (notifier == NULL)
        return NULL;
    pthread_mutex_init(&notifier->mutex, NULL);
    notifier->config = qmon__kit_config(settings);
    notifier->store = notifier->config != NULL ? qmon__kit_store(notifier->config) : NULL;
    if (notifier->store == NULL) {
        qmon_kit_notifier_close(notifier);
        return NULL;
    }
    return notifier;
}

void qmon_kit_notifier_close(struct qmon_kit_notifier *notifier) {
    if (notifier == NULL)
        return;
    if (notifier->store != NULL)
        qmon_store_close(notifier->store);
    qmon_config_free(notifier->config);
    pthread_mutex_destroy(&notifier->mutex);
    free(notifier);
}

static int note(struct qmon_kit_notifier *notifier, int r, const char *words) {
    snprintf(notifier->problem, sizeof notifier->problem, "%s", words);
    return r;
}

static int send(struct qmon_kit_notifier *notifier, const struct qmon_event *event, unsigned timeout_ms) {
    struct qmon_delivery_summary summary = {0};
    const char *sinks[QMON_ROUTES];
    uint64_t deadline_ms = qmon_monotonic_ms() + timeout_ms;
    size_t count = qmon_route(event, notifier->config, sinks);
    int r;

    notifier->problem[0] = '\0';
    r = qmon_store_save(notifier->store, event, "alerted", sinks, count);
    if (r < 0 && qmon_store_degrade(notifier->store) == 0) /* the disk is full: told all the same */
        r = qmon_store_save(notifier->store, event, "alerted", sinks, count);
    if (r < 0)
        return note(notifier, r, qmon_store_problem(notifier->store));
    if (r > 0)
        return note(notifier, 0, "this event has been told already");
    if (count == 0)
        return note(notifier, 0, "no channel is configured that this event goes to");
    r = qmon_deliver_due(notifier->store, notifier->config, event->id, deadline_ms, &summary);
    if (summary.last_problem[0] != '\0')
        note(notifier, 0, summary.last_problem);
    return r;
}

int qmon_kit_send_error(struct qmon_kit_notifier *notifier, const char *json, unsigned timeout_ms) {
    struct qmon_event *event;
    const char *error;
    int r;

    pthread_mutex_lock(&notifier->mutex);
    event = qmon_event_from_json(json, strlen(json), &error);
    r = event != NULL ? send(notifier, event, timeout_ms) : note(notifier, -EINVAL, error);
    qmon_event_free(event);
    pthread_mutex_unlock(&notifier->mutex);
    return r;
}

int qmon_kit_send_lifecycle(struct qmon_kit_notifier *notifier, const char *service, const char *phase,
                            const char *version, unsigned timeout_ms) {
    struct qmon_event *event = qmon__kit_event(notifier->config);
    int r;

    if (event == NULL)
        return -ENOMEM;
    event->kind = QMON_KIND_LIFECYCLE;
    event->severity = QMON_SEVERITY_INFO;
    event->lifecycle.phase = qmon_event_text(event, phase != NULL ? phase : "startup");
    if (service != NULL)
        event->service.name = qmon_event_text(event, service);
    if (version != NULL)
        event->service.version = qmon_event_text(event, version);
    qmon_describe(event);
    qmon_fingerprint(event);
    pthread_mutex_lock(&notifier->mutex);
    r = send(notifier, event, timeout_ms);
    pthread_mutex_unlock(&notifier->mutex);
    qmon_event_free(event);
    return r;
}

const char *qmon_kit_notifier_problem(struct qmon_kit_notifier *notifier) {
    return notifier->problem[0] != '\0' ? notifier->problem : NULL;
}

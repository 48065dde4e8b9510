/* delivery_fleet.c: see delivery_fleet.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>
#include <qmon/pipeline.h>

#include "delivery_fleet.h"
#include "delivery_worker.h"

#define KEPT_S 86400u /* as long as a thread lasts */
#define EVENT_BYTES 16384u

void qmon__fleet_memory_begin(struct qmon__fleet_memory *ret_memory, const struct qmon_config *config,
                              const struct qmon_sink *sink, const struct qmon_event *event) {
    const char *source = event->occurrences.source;
    uint64_t destination = sink->destination ? sink->destination(config) : 0;
    char problem[512];

    *ret_memory = (struct qmon__fleet_memory){0};
    if (!sink->threads || !source || strcmp(source, "redis") != 0 || !event->fingerprint[0])
        return;
    qmon_decision_key(event, problem, sizeof problem);
    const char *fingerprint = event->lifecycle.problem ? event->lifecycle.problem : event->fingerprint; /* its end */
    snprintf(ret_memory->key, sizeof ret_memory->key, "first:%s:%016" PRIx64 ":%.64s%s", sink->name, destination,
             fingerprint, strchr(problem, '|'));
    ret_memory->cache = qmon_cache_redis(config);
}

static const char *value_of(struct qmon__fleet_memory *memory) {
    if (memory->cache && !memory->asked) {
        memory->asked = true;
        if (memory->cache->class->get(memory->cache, memory->key, qmon_real_ms(), &memory->value) != 0)
            memory->value = NULL;
    }
    return memory->value;
}

char *qmon__fleet_memory_first(struct qmon__fleet_memory *memory) {
    const char *value = value_of(memory);

    return value ? strndup(value, strcspn(value, "\n")) : NULL;
}

char *qmon__fleet_memory_event(struct qmon__fleet_memory *memory, const char *remote_id) {
    const char *value = value_of(memory);
    size_t bytes = strlen(remote_id);

    if (!value || strncmp(value, remote_id, bytes) != 0 || value[bytes] != '\n')
        return NULL;
    return value[bytes + 1] ? strdup(value + bytes + 1) : NULL;
}

/* The event without what a message does not show. NULL: out of memory, or too much is left. */
static char *abridged(const char *json) {
    const char *problem = NULL;
    struct qmon_event *event = qmon_event_from_json(json, strlen(json), &problem);
    char *text = NULL;

    if (event) {
        event->thread_count = event->thread_count ? 1 : 0;
        event->register_count = event->module_count = event->crumb_count = 0;
        event->context.stack_word_count = event->context.limit_count = event->context.descriptor_kind_count = 0;
        text = qmon_event_to_json(event);
    }
    qmon_event_free(event);
    if (text && strlen(text) > EVENT_BYTES) {
        free(text);
        text = NULL;
    }
    return text;
}

void qmon__fleet_memory_note(struct qmon__fleet_memory *memory, const char *remote_id, const char *json) {
    char *event, *value = NULL;

    if (!memory->cache || !remote_id[0])
        return;
    event = abridged(json);
    if (asprintf(&value, "%s\n%s", remote_id, event ? event : "") >= 0) {
        memory->cache->class->set(memory->cache, memory->key, value, KEPT_S, qmon_real_ms());
        free(value);
    }
    free(event);
}

void qmon__fleet_memory_end(struct qmon__fleet_memory *memory) {
    free(memory->value);
    if (memory->cache)
        memory->cache->class->close(memory->cache);
}

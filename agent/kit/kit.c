/* kit.c: cache, tracker and notifier together. */
#include <errno.h>
#include <stdlib.h>

#include "parts.h"

#define SEND_MS 10000u

struct qmon_kit {
    struct qmon_kit_cache *cache;
    struct qmon_kit_tracker *tracker;
    struct qmon_kit_notifier *notifier;
};

struct qmon_kit *qmon_kit_open(const char *const *settings) {
    struct qmon_kit *kit = calloc(1, sizeof *kit);

    if (kit == NULL)
        return NULL;
    kit->cache = qmon_kit_cache_open(QMON_KIT_CACHE_BEST, settings);
    kit->tracker = kit->cache != NULL ? qmon_kit_tracker_open(kit->cache, settings) : NULL;
    kit->notifier = kit->tracker != NULL ? qmon_kit_notifier_open(settings) : NULL;
    if (kit->notifier == NULL) {
        qmon_kit_close(kit);
        return NULL;
    }
    return kit;
}

void qmon_kit_close(struct qmon_kit *kit) {
    if (kit == NULL)
        return;
    qmon_kit_notifier_close(kit->notifier);
    qmon_kit_tracker_close(kit->tracker);
    qmon_kit_cache_close(kit->cache);
    free(kit);
}

int qmon_kit_report(struct qmon_kit *kit, const struct qmon_kit_error *error) {
    struct qmon_kit_tracked tracked;
    int r = qmon_kit_track_error(kit->tracker, error, &tracked);

    if (r < 0)
        return r;
    if (tracked.should_alert) {
        r = qmon_kit_send_error(kit->notifier, tracked.event, SEND_MS);
        r = r > 0 ? 1 : r < 0 ? r : -ENOTCONN;
    }
    qmon_kit_tracked_clear(&tracked);
    return r;
}

int qmon_kit_lifecycle(struct qmon_kit *kit, const char *phase, const char *version) {
    return qmon_kit_send_lifecycle(kit->notifier, NULL, phase, version, SEND_MS);
}

struct qmon_kit_cache *qmon_kit_cache_of(struct qmon_kit *kit) {
    return kit->cache;
}

struct qmon_kit_tracker *qmon_kit_tracker_of(struct qmon_kit *kit) {
    return kit->tracker;
}

struct qmon_kit_notifier *qmon_kit_notifier_of(struct qmon_kit *kit) {
    return kit->notifier;
}

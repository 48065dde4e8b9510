/* decision.c: see qmon/pipeline.h. */
#include <stdio.h>

#include <qmon/pipeline.h>

void qmon_decision_key(const struct qmon_event *event, char *ret_key, size_t bytes) {
    snprintf(ret_key, bytes, "%s|%s|%s", event->fingerprint, event->service.name != NULL ? event->service.name : "",
             event->service.stage != NULL ? event->service.stage : "");
}

static void take_fleet(struct qmon_event *event, const struct qmon_fleet *fleet) {
    struct qmon_seen_version *versions = NULL;

    event->occurrences.fleet.total = fleet->occurrences;
    event->occurrences.fleet.hosts = fleet->hosts;
    if (fleet->version_count > 0)
        versions = qmon_event_alloc(event, fleet->version_count * sizeof *versions);
    for (size_t i = 0; versions != NULL && i < fleet->version_count; i++)
        versions[i] = (struct qmon_seen_version){.version = qmon_event_text(event, fleet->versions[i].name),
                                                 .count = fleet->versions[i].occurrences,
                                                 .first_seen_ns = fleet->versions[i].first_seen_ms * 1000000u,
                                                 .last_seen_ns = fleet->versions[i].last_seen_ms * 1000000u};
    event->occurrences.fleet.versions = versions;
    event->occurrences.fleet.version_count = versions != NULL ? fleet->version_count : 0;
}

void qmon_take_decision(struct qmon_event *event, const struct qmon_decision *decision) {
    event->occurrences.suppressed = decision->suppressed;
    event->occurrences.total = decision->total;
    event->occurrences.first_seen_ns = decision->first_seen_ms * 1000000u;
    event->occurrences.last_seen_ns = decision->last_seen_ms * 1000000u;
    event->occurrences.source = decision->source;
    take_fleet(event, &decision->fleet);
}

#include <stdlib.h>

#include <qmon/pipeline.h>

#include "report.h"

static int by_sequence(const void *a, const void *b) {
    uint32_t left = atomic_load(&((const struct qmon_record_crumb *) a)->sequence);
    uint32_t right = atomic_load(&((const struct qmon_record_crumb *) b)->sequence);
    int32_t distance = (int32_t) (left - right); /* sequences wrap */
    return (distance > 0) - (distance < 0);
}

void qmon__add_crumbs(struct qmon_event *event, const struct qmon_record_crumbs *crumbs) {
    struct qmon_record_crumb *sorted = qmon_event_alloc(event, sizeof crumbs->entries);
    event->crumbs = qmon_event_alloc(event, QMON_CRUMBS * sizeof *event->crumbs);
    event->crumb_count = 0;
    if (sorted == NULL || event->crumbs == NULL)
        return;
    size_t count = 0;
    for (unsigned i = 0; i < QMON_CRUMBS; i++) {
        if (atomic_load(&crumbs->entries[i].sequence) == 0 || crumbs->entries[i].text[0] == '\0')
            continue;
        sorted[count++] = crumbs->entries[i];
    }
    qsort(sorted, count, sizeof *sorted, by_sequence);
    for (size_t i = 0; i < count; i++) {
        const char *text = qmon_redact(event, qmon_event_text(event, sorted[i].text));
        if (text == NULL)
            break;
        event->crumbs[event->crumb_count++] =
            (struct qmon_crumb){.time_ns = sorted[i].real_ns, .tid = sorted[i].tid, .text = text};
    }
}

uint64_t qmon__last_sign_ns(const struct qmon_record *record) {
    uint64_t last = record->process.created_real_ns;
    if (record->process.image_real_ns > last)
        last = record->process.image_real_ns;
    for (unsigned i = 0; i < QMON_CRUMBS; i++)
        if (atomic_load(&record->crumbs.entries[i].sequence) != 0 && record->crumbs.entries[i].real_ns > last)
            last = record->crumbs.entries[i].real_ns;
    return last;
}

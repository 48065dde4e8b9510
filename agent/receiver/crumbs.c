#include <stdlib.h>
#include <string.h>

#include <qmon/pipeline.h>

#include "report.h"

#define OWN_CRUMBS 2u /* start and exec */

static int by_sequence(const void *a, const void *b) {
    uint32_t left = atomic_load(&((const struct qmon_record_crumb *) a)->sequence);
    uint32_t right = atomic_load(&((const struct qmon_record_crumb *) b)->sequence);
    int32_t distance = (int32_t) (left - right); /* sequences wrap */
    return (distance > 0) - (distance < 0);
}

/* The agent knows numbers alone. */
static const char *with_signal_name(struct qmon_event *event, const char *text) {
    static const char handled[] = "handled signal ";
    if (text == NULL || strncmp(text, handled, sizeof handled - 1) != 0)
        return text;
    char *end;
    unsigned long number = strtoul(text + sizeof handled - 1, &end, 10);
    const char *name = number > 0 && number <= 64 ? qmon_signal_name((int) number) : NULL;
    return name != NULL ? qmon_event_format(event, "handled %s%s", name, end) : text;
}

static void add_crumb(struct qmon_event *event, uint64_t time_ns, uint32_t tid, const char *text) {
    if (text != NULL)
        event->crumbs[event->crumb_count++] = (struct qmon_crumb){.time_ns = time_ns, .tid = tid, .text = text};
}

static void add_start(struct qmon_event *event, const struct qmon_record_process *process) {
    const char *executable = qmon_event_text(event, process->executable);
    const char *text = process->flags & QMON_PROCESS_FORKED
                           ? qmon_event_format(event, "made by fork of process %u", process->parent_pid)
                       : process->execs == 0 ? qmon_event_format(event, "started %s", executable)
                                             : "started another program";
    if (process->created_real_ns != 0)
        add_crumb(event, process->created_real_ns, process->pid, text);
}

static void add_exec(struct qmon_event *event, const struct qmon_record_process *process) {
    const char *executable = qmon_event_text(event, process->executable);
    if (process->execs == 0)
        return;
    if (process->execs == 1)
        add_crumb(event, process->image_real_ns, process->pid, qmon_event_format(event, "exec of %s", executable));
    else
        add_crumb(event, process->image_real_ns, process->pid,
                  qmon_event_format(event, "exec of %s, the last of %u", executable, process->execs));
}

void qmon__add_crumbs(struct qmon_event *event, const struct qmon_record *record) {
    const struct qmon_record_crumbs *crumbs = &record->crumbs;
    struct qmon_record_crumb *sorted = qmon_event_alloc(event, sizeof crumbs->entries);
    event->crumbs = qmon_event_alloc(event, (QMON_CRUMBS + OWN_CRUMBS) * sizeof *event->crumbs);
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
    bool told_exec = false;
    add_start(event, &record->process);
    for (size_t i = 0; i < count; i++) {
        if (!told_exec && sorted[i].real_ns >= record->process.image_real_ns) {
            add_exec(event, &record->process);
            told_exec = true;
        }
        const char *text = qmon_redact(event, qmon_event_text(event, sorted[i].text));
        add_crumb(event, sorted[i].real_ns, sorted[i].tid, with_signal_name(event, text));
    }
    if (!told_exec)
        add_exec(event, &record->process);
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

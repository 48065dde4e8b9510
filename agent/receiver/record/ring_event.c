#include <errno.h>
#include <string.h>

#include "identity.h"
#include "report.h"
#include "ring.h"

static const char *take_text(struct qmon_event *event, const char **at, size_t bytes) {
    const char *text = bytes > 0 ? qmon_redact(event, qmon_event_text_n(event, *at, bytes)) : NULL;
    *at += bytes;
    return text;
}

/* What the key says ("password", "token") counts, too. */
static const char *redact_value(struct qmon_event *event, const char *key, const char *value) {
    const char *pair = qmon_redact(event, qmon_event_format(event, "%s=%s", key, value));
    size_t key_bytes = strlen(key);
    if (pair != NULL && strncmp(pair, key, key_bytes) == 0 && pair[key_bytes] == '=')
        return qmon_redact(event, pair + key_bytes + 1);
    return qmon_redact(event, value);
}

/* key NUL value NUL ...; the last NUL may be missing. */
static void take_extras(struct qmon_event *event, const char *at, size_t bytes) {
    size_t pairs = 0;
    for (size_t i = 0; i < bytes; i++)
        pairs += at[i] == '\0';
    event->report.extra = qmon_event_alloc(event, (pairs / 2 + 2) * sizeof *event->report.extra);
    if (event->report.extra == NULL)
        return;
    const char *end = at + bytes;
    while (at < end) {
        size_t key_bytes = strnlen(at, (size_t) (end - at));
        const char *value = at + key_bytes < end ? at + key_bytes + 1 : end;
        size_t value_bytes = strnlen(value, (size_t) (end - value));
        const char *key_text = qmon_event_text_n(event, at, key_bytes);
        const char *value_text = qmon_event_text_n(event, value, value_bytes);
        if (key_text == NULL || value_text == NULL)
            return;
        if (key_bytes > 0)
            event->report.extra[event->report.extra_count++] =
                (struct qmon_pair){.key = key_text, .value = redact_value(event, key_text, value_text)};
        at = value + value_bytes + 1;
    }
}

static void add_thread(struct qmon_event *event, const struct qmon_ring_slot *slot) {
    struct qmon_thread *thread = qmon_event_alloc(event, sizeof *thread);
    if (thread == NULL)
        return;
    thread->tid = slot->tid;
    thread->name = slot->thread_name[0] != '\0' ? qmon_event_text(event, slot->thread_name) : NULL;
    thread->frames = qmon_event_alloc(event, (slot->frame_count + 1u) * sizeof *thread->frames);
    for (uint32_t i = 0; thread->frames != NULL && i < slot->frame_count; i++)
        thread->frames[thread->frame_count++] = (struct qmon_frame){.index = i, .pc = slot->frames[i]};
    if (slot->frame_count == QMON_RING_FRAMES)
        thread->unwind_note = "only the innermost frames are kept";
    event->threads = thread;
    event->thread_count = 1;
}

/* The modules are copied, as symbolizing fills them in; their paths are shared. */
static void share_modules(struct qmon_event *event, const struct qmon_event *base) {
    event->modules = qmon_event_alloc(event, (base->module_count + 1) * sizeof *event->modules);
    if (event->modules == NULL)
        return;
    memcpy(event->modules, base->modules, base->module_count * sizeof *event->modules);
    event->module_count = base->module_count;
}

int qmon__ring_event(const struct qmon_record *record, const struct qmon_event *base, const struct qmon_ring_slot *slot,
                     uint32_t turn, struct qmon__report *ret_report) {
    struct qmon_event *event = qmon_event_new(slot->real_ns != 0 ? slot->real_ns : base->time_ns);
    if (event == NULL)
        return -ENOMEM;
    *ret_report = (struct qmon__report){.event = event};
    qmon__identify_like(event, base);
    event->kind = QMON_KIND_ERROR;
    event->severity = (enum qmon_severity) slot->severity;
    const char *at = slot->text;
    event->code = take_text(event, &at, slot->code_bytes);
    if (event->code == NULL)
        event->code = "error";
    event->report.endpoint = take_text(event, &at, slot->endpoint_bytes);
    event->report.user_id = take_text(event, &at, slot->user_bytes);
    event->message = take_text(event, &at, slot->message_bytes);
    take_extras(event, at, slot->extra_bytes);
    event->report.dropped = slot->dropped_before;
    event->report.repeats = slot->repeats & QMON_REPEATS_COUNT;
    if (slot->truncated)
        qmon_event_note(event, "Some of its texts were too long and are cut.");
    add_thread(event, slot);
    share_modules(event, base);
    qmon__identify_event(event, record, "error", turn);
    return 0;
}

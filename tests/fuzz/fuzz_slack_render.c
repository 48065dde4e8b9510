/*
 * An event's JSON from anywhere: whatever can be read becomes messages within Slack's limits, and clean rows of text. What is
 * no JSON is cut into pieces that become the texts of an event.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/render.h>
#include <qmon/text.h>

#include "slack_limits.h"
#include "slack_render.h"

static void check_message(const struct qmon_event *event, const char *channel, bool plain) {
    struct qmon__slack_render_options options = {.channel = channel, .plain = plain};
    char *json = qmon__slack_render(event, &options), problem[256];

    if (!json || !slack_limits_check(json, strlen(json), channel != NULL, problem, sizeof problem)) {
        fprintf(stderr, "%s\n%s\n", json ? problem : "no message", json ? json : "");
        abort();
    }
    free(json);
}

static void check_row(void *context, const struct qmon_render_row *row) {
    size_t left = strlen(row->text);
    const bool *color = context;

    if (left >= QMON_RENDER_ROW_BYTES)
        abort();
    for (const char *at = row->text; left > 0;) {
        uint32_t code = 0;
        size_t step = qmon_utf8_step(at, left, &code);
        if (step == 0 || (!qmon_utf8_printable(code) && !(*color && code == 0x1b)))
            abort();
        at += step;
        left -= step;
    }
}

struct pieces {
    const uint8_t *data;
    size_t size;
};

static uint8_t take_byte(struct pieces *pieces) {
    if (pieces->size == 0)
        return 0;
    pieces->size--;
    return *pieces->data++;
}

/* A length, then so many bytes, many times over; raw, as a broken reader might let them through. */
static const char *take_text(struct pieces *pieces, struct qmon_event *event) {
    size_t length = take_byte(pieces), times = 1 + take_byte(pieces) % 32;
    length = length < pieces->size ? length : pieces->size;
    char *text = length ? qmon_event_alloc(event, length * times + 1) : NULL;

    for (size_t i = 0; text && i < times; i++)
        memcpy(text + i * length, pieces->data, length);
    pieces->data += length;
    pieces->size -= length;
    return text;
}

static void take_frames(struct pieces *pieces, struct qmon_event *event) {
    size_t count = (size_t) take_byte(pieces) * 2;
    struct qmon_thread *thread = qmon_event_alloc(event, sizeof *thread);
    struct qmon_frame *frames = qmon_event_alloc(event, (count + 1) * sizeof *frames);

    for (size_t i = 0; i < count; i++) {
        uint8_t kind = take_byte(pieces);
        if (i >= 8 && kind >= 128) { /* much of a deep stack is the same over and over */
            frames[i] = frames[i - 1 - kind % 8];
            continue;
        }
        frames[i].role = (enum qmon_frame_role)(kind % 4);
        frames[i].in_app = kind & 4;
        frames[i].filtered = kind & 8;
        frames[i].inlined = kind & 16;
        frames[i].omitted_after = kind & 32 ? take_byte(pieces) : 0;
        frames[i].function = take_text(pieces, event);
        frames[i].file = kind & 64 ? take_text(pieces, event) : NULL;
    }
    thread->name = take_text(pieces, event);
    thread->frames = frames;
    thread->frame_count = count;
    event->threads = thread;
    event->thread_count = 1;
    event->origin = take_byte(pieces);
}

static struct qmon_event *from_pieces(const uint8_t *data, size_t size) {
    struct pieces pieces = {data, size};
    struct qmon_event *event = qmon_event_new(1732104180000000000u);
    const char **texts[] = {&event->title,
                            &event->message,
                            &event->code,
                            &event->signal.name,
                            &event->exception.type,
                            &event->cause.detail,
                            &event->process.command_line,
                            &event->service.name,
                            &event->service.stage,
                            &event->host.name,
                            &event->report.endpoint,
                            &event->lifecycle.phase,
                            &event->lifecycle.reason};

    event->kind = (enum qmon_kind)(take_byte(&pieces) % 4);
    event->severity = (enum qmon_severity)(take_byte(&pieces) % 4);
    event->occurrences.suppressed = take_byte(&pieces);
    event->signal.number = take_byte(&pieces);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = take_text(&pieces, event);
    struct qmon_pair *extra = qmon_event_alloc(event, 4 * sizeof *extra);
    for (size_t i = 0; i < 4; i++)
        extra[i] = (struct qmon_pair){take_text(&pieces, event), take_text(&pieces, event)};
    event->report.extra = extra;
    event->report.extra_count = take_byte(&pieces) % 5;
    take_frames(&pieces, event);
    return event;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *error = NULL;
    struct qmon_event *event = qmon_event_from_json((const char *) data, size, &error);

    if (!event)
        event = from_pieces(data, size);
    check_message(event, "C012AB3CD", false);
    check_message(event, NULL, false);
    check_message(event, "C012AB3CD", true);
    struct qmon_render_options options = {.color = size & 1, .all_threads = size & 2, .unfolded = size & 4};
    options.base_names = size & 8;
    options.max_rows = size & 16 ? size % 50 : 0;
    options.max_columns = size & 32 ? size % 300 : 0;
    bool color = options.color;
    if (qmon_render_trace(event, &options, check_row, &color) != 0)
        abort();
    qmon_event_free(event);
    return 0;
}

/*
 * stats_channels.c: deliveries by channel: what the outbox has now and of the last days, with how long it took, beside what was
 * counted since the store began.
 */
#include "stats_channels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/render.h>

#include "json_lines.h"
#include "table.h"
#include "when.h"

#define CHANNELS 64u
#define NAME_BYTES 32u
#define REASON_BYTES 200u
#define SET_ASIDE_SHOWN 10u
#define SET_ASIDE_JSON 1000u

struct channel {
    char name[NAME_BYTES];
    uint64_t sent, retried, rejected, left, sent_ms; /* counted */
    uint64_t waiting, kept_sent, median_ms, p95_ms, slowest_ms;
    char reason[REASON_BYTES];
};

struct channels {
    struct channel items[CHANNELS];
    size_t count;
};

static struct channel *channel_of(struct channels *channels, const char *name, size_t bytes) {
    if (bytes == 0 || bytes >= NAME_BYTES)
        return NULL;
    for (size_t i = 0; i < channels->count; i++)
        if (strlen(channels->items[i].name) == bytes && memcmp(channels->items[i].name, name, bytes) == 0)
            return &channels->items[i];
    if (channels->count == CHANNELS)
        return NULL;
    struct channel *channel = &channels->items[channels->count++];
    memcpy(channel->name, name, bytes);
    return channel;
}

/* Their reasons are "SINK" or "SINK: CLASS". */
static void add_counter(void *context, const struct qmon_counter *counter) {
    static const struct {
        const char *name;
        size_t offset;
    } figures[] = {
        {"delivery.sent", offsetof(struct channel, sent)},
        {"delivery.retry", offsetof(struct channel, retried)},
        {"delivery.rejected", offsetof(struct channel, rejected)},
        {"delivery.left", offsetof(struct channel, left)},
        {"delivery.ms", offsetof(struct channel, sent_ms)},
    };

    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        struct channel *channel;
        if (strcmp(counter->name, figures[i].name) != 0 ||
            !(channel = channel_of(context, counter->reason, strcspn(counter->reason, ":"))))
            continue;
        *(uint64_t *) ((char *) channel + figures[i].offset) += counter->value;
    }
}

static void add_outbox(void *context, const struct qmon_outbox_channel *outbox) {
    struct channel *channel = channel_of(context, outbox->sink, strlen(outbox->sink));

    if (!channel)
        return;
    channel->waiting = outbox->waiting;
    channel->kept_sent = outbox->sent;
    channel->median_ms = outbox->median_ms;
    channel->p95_ms = outbox->p95_ms;
    channel->slowest_ms = outbox->slowest_ms;
    snprintf(channel->reason, sizeof channel->reason, "%s", outbox->reason ? outbox->reason : "");
}

static int collect(struct qmon_store *store, struct channels *channels) {
    int r = qmon_store_counters(store, add_counter, channels);

    return r < 0 ? r : qmon_outbox_channels(store, add_outbox, channels);
}

static char *time_text(uint64_t time_ms, bool known, char *ret_text, size_t bytes) {
    if (!known)
        snprintf(ret_text, bytes, "-");
    else if (time_ms < 10000)
        snprintf(ret_text, bytes, "%" PRIu64 " ms", time_ms);
    else if (time_ms < 600000)
        snprintf(ret_text, bytes, "%" PRIu64 " s", time_ms / 1000);
    else
        snprintf(ret_text, bytes, "%" PRIu64 " min", time_ms / 60000);
    return ret_text;
}

static int add_row(struct qmon__cli_table *table, const struct channel *channel) {
    char numbers[4][24], median[24], p95[24], slowest[24];
    bool known = channel->kept_sent > 0;
    const char *texts[] = {channel->name,
                           qmon_render_number(channel->sent, numbers[0], sizeof numbers[0]),
                           qmon_render_number(channel->retried, numbers[1], sizeof numbers[1]),
                           qmon_render_number(channel->rejected, numbers[2], sizeof numbers[2]),
                           qmon_render_number(channel->waiting, numbers[3], sizeof numbers[3]),
                           time_text(channel->median_ms, known, median, sizeof median),
                           time_text(channel->p95_ms, known, p95, sizeof p95),
                           time_text(channel->slowest_ms, known, slowest, sizeof slowest),
                           channel->reason};
    enum qmon__cli_role looks[] = {QMON_LOOK_NAME,  QMON_LOOK_TITLE, QMON_LOOK_PLAIN, QMON_LOOK_PLAIN, QMON_LOOK_PLAIN,
                                   QMON_LOOK_FAINT, QMON_LOOK_FAINT, QMON_LOOK_FAINT, QMON_LOOK_PLAIN};

    return qmon__cli_table_add(table, texts, looks);
}

static int print_table(const struct channels *channels, const struct qmon__cli_style *style) {
    static const struct qmon__cli_column columns[] = {
        {.title = "CHANNEL"},
        {.title = "SENT", .right = true},
        {.title = "TRIED AGAIN", .right = true},
        {.title = "SET ASIDE", .right = true},
        {.title = "WAITING", .right = true},
        {.title = "MEDIAN", .right = true},
        {.title = "95 %", .right = true},
        {.title = "SLOWEST", .right = true},
        {.title = "WAITS FOR", .least = 16},
    };
    struct qmon__cli_table *table = qmon__cli_table_new(columns, sizeof columns / sizeof *columns);
    int r = table ? 0 : -ENOMEM;

    for (size_t i = 0; i < channels->count && r == 0; i++)
        r = add_row(table, &channels->items[i]);
    if (r == 0) {
        qmon__cli_table_print(table, stdout, style);
        putchar('\n');
    }
    qmon__cli_table_free(table);
    return r;
}

struct rows {
    struct qmon__cli_table *table;
    uint64_t now_ms;
    size_t count;
    int error;
};

static void add_set_aside(void *context, const struct qmon_outbox_rejected *item) {
    struct rows *rows = context;
    char when[QMON_WHEN_BYTES];
    const char *texts[] = {item->event_id, item->sink,
                           qmon__cli_relative(item->time_ms, rows->now_ms, when, sizeof when), item->reason,
                           item->title};
    enum qmon__cli_role looks[] = {QMON_LOOK_FAINT, QMON_LOOK_NAME, QMON_LOOK_FAINT, QMON_LOOK_PLAIN, QMON_LOOK_TITLE};

    rows->count++;
    if (rows->error == 0)
        rows->error = qmon__cli_table_add(rows->table, texts, looks);
}

static int print_set_aside(struct qmon_store *store, uint64_t now_ms, const struct qmon__cli_style *style) {
    static const struct qmon__cli_column columns[] = {
        {.title = "SET ASIDE"},           {.title = "CHANNEL"},
        {.title = "WHEN", .right = true}, {.title = "REASON", .least = 24},
        {.title = "EVENT", .least = 16},
    };
    struct rows rows = {.table = qmon__cli_table_new(columns, sizeof columns / sizeof *columns), .now_ms = now_ms};
    int r = rows.table ? qmon_outbox_set_aside(store, SET_ASIDE_SHOWN, add_set_aside, &rows) : -ENOMEM;

    if (r >= 0)
        r = rows.error;
    if (r == 0 && rows.count > 0) {
        qmon__cli_table_print(rows.table, stdout, style);
        putchar('\n');
    }
    qmon__cli_table_free(rows.table);
    return r;
}

int qmon__cli_print_channels(struct qmon_store *store, uint64_t now_ms) {
    struct qmon__cli_style style = qmon__cli_style_of(stdout);
    struct channels *channels = calloc(1, sizeof *channels);
    int r = channels ? collect(store, channels) : -ENOMEM;

    if (r >= 0 && channels->count > 0)
        r = print_table(channels, &style);
    if (r >= 0)
        r = print_set_aside(store, now_ms, &style);
    free(channels);
    return r;
}

static struct json_object *json_channel(const struct channel *channel) {
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {{"sent", channel->sent}, {"retried", channel->retried}, {"rejected", channel->rejected},
                   {"left", channel->left}, {"waiting", channel->waiting}, {"sent_attempts_ms", channel->sent_ms}};
    struct json_object *object = json_object_new_object(), *latency = NULL;

    json_object_object_add(object, "name", qmon__cli_json_text(channel->name));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_object_object_add(object, numbers[i].name, json_object_new_uint64(numbers[i].value));
    if (channel->kept_sent > 0) {
        latency = json_object_new_object();
        json_object_object_add(latency, "median", json_object_new_uint64(channel->median_ms));
        json_object_object_add(latency, "p95", json_object_new_uint64(channel->p95_ms));
        json_object_object_add(latency, "slowest", json_object_new_uint64(channel->slowest_ms));
    }
    json_object_object_add(object, "latency_ms", latency);
    json_object_object_add(object, "waits_for", channel->reason[0] ? qmon__cli_json_text(channel->reason) : NULL);
    return object;
}

static void json_set_aside(void *context, const struct qmon_outbox_rejected *item) {
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "event", qmon__cli_json_text(item->event_id));
    json_object_object_add(object, "channel", qmon__cli_json_text(item->sink));
    json_object_object_add(object, "reason", qmon__cli_json_text(item->reason));
    json_object_object_add(object, "title", qmon__cli_json_text(item->title));
    json_object_object_add(object, "time", qmon__cli_json_time(item->time_ms));
    json_object_object_add(object, "attempts", json_object_new_uint64(item->attempts));
    json_object_array_add(context, object);
}

int qmon__cli_json_channels(struct qmon_store *store, struct json_object *object) {
    struct channels *channels = calloc(1, sizeof *channels);
    struct json_object *list = json_object_new_array(), *set_aside = json_object_new_array();
    int r = channels ? collect(store, channels) : -ENOMEM;

    for (size_t i = 0; r >= 0 && i < channels->count; i++)
        json_object_array_add(list, json_channel(&channels->items[i]));
    if (r >= 0)
        r = qmon_outbox_set_aside(store, SET_ASIDE_JSON, json_set_aside, set_aside);
    json_object_object_add(object, "channels", list);
    json_object_object_add(object, "set_aside", set_aside);
    free(channels);
    return r;
}

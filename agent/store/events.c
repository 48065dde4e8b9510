/*
 * events.c: saving events.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>

#include "database.h"

struct saving {
    const struct qmon_event *event;
    const char *json;
    char *head; /* of it, without its tail */
    const char *state;
    const char *const *sinks;
    size_t sink_count;
    const char *claimed_sink; /* NULL: none */
    uint64_t lease_ms;
    struct qmon_outbox_item *item;
};

static const char *or_empty(const char *text) {
    return text == NULL ? "" : text;
}

static int is_there(struct qmon_store *store, const char *id) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__EVENT_EXISTS);
    int r;

    qmon__bind_text(statement, 1, id);
    r = qmon__step(store, statement);
    if (r > 0)
        sqlite3_reset(statement);
    return r;
}

/* Counts the event in its group and gives the group's number. */
static int add_to_group(struct qmon_store *store, const struct qmon_event *event, int64_t *ret_group) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__GROUP_ADD);
    int r;

    qmon__bind_text(statement, 1, event->fingerprint);
    qmon__bind_text(statement, 2, or_empty(event->service.name));
    qmon__bind_text(statement, 3, or_empty(event->service.stage));
    r = qmon__step(store, statement);
    if (r <= 0)
        return r < 0 ? r : -EIO;
    *ret_group = sqlite3_column_int64(statement, 0);
    return qmon__run(store, statement); /* to its end, where the change is made good */
}

/* 1: the rest of the JSON is kept as *ret_tail, and saving->head is what goes into the event's own row; 0: all of it does. */
static int put_tail(struct qmon_store *store, struct saving *saving, int64_t *ret_tail) {
    const char *tail = qmon__tail_of(saving->event, saving->json);
    size_t bytes = tail != NULL ? (size_t) (tail - saving->json) : 0;
    int r = tail != NULL ? qmon__tail_keep(store, tail, saving->event->time_ns / 1000000, ret_tail) : 0;

    if (r <= 0)
        return r;
    saving->head = malloc(bytes + 2);
    if (saving->head == NULL)
        return -ENOMEM;
    memcpy(saving->head, saving->json, bytes);
    memcpy(saving->head + bytes, "}", 2);
    return 1;
}

static int add_event(struct qmon_store *store, struct saving *saving, int64_t group) {
    int64_t tail = 0;
    int r = put_tail(store, saving, &tail);
    sqlite3_stmt *statement = r < 0 ? NULL : qmon__statement(store, QMON__EVENT_ADD);

    if (r < 0)
        return r;

    qmon__bind_text(statement, 1, saving->event->id);
    qmon__bind_count(statement, 2, saving->event->time_ns / 1000000);
    qmon__bind_count(statement, 3, (uint64_t) saving->event->kind);
    qmon__bind_count(statement, 4, (uint64_t) saving->event->severity);
    qmon__bind_text(statement, 5, saving->event->code);
    qmon__bind_text(statement, 6, saving->event->title);
    qmon__bind_count(statement, 7, (uint64_t) group);
    qmon__bind_text(statement, 8, saving->state);
    qmon__bind_text(statement, 9, r > 0 ? saving->head : saving->json);
    if (r > 0)
        qmon__bind_count(statement, 10, (uint64_t) tail);
    r = qmon__run(store, statement);
    free(saving->head);
    saving->head = NULL;
    return r;
}

static int add_to_outbox(struct qmon_store *store, const char *event_id, const char *sink, uint64_t now_ms) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_ADD);

    qmon__bind_text(statement, 1, event_id);
    qmon__bind_text(statement, 2, sink);
    qmon__bind_count(statement, 3, now_ms);
    return qmon__run(store, statement);
}

/* The same, and it is ours at once. */
static int add_claimed(struct qmon_store *store, const struct saving *saving, const char *sink, uint64_t now_ms) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_ADD_LEASED);
    int r;

    qmon__bind_text(statement, 1, saving->event->id);
    qmon__bind_text(statement, 2, sink);
    qmon__bind_count(statement, 3, now_ms);
    qmon__bind_count(statement, 4, now_ms + saving->lease_ms);
    r = qmon__run(store, statement);
    if (r < 0 || sqlite3_changes(store->db) == 0)
        return r;
    *saving->item = (struct qmon_outbox_item){.row = sqlite3_last_insert_rowid(store->db), .created_ms = now_ms};
    memcpy(saving->item->event_id, saving->event->id, sizeof saving->item->event_id);
    saving->item->sink = strdup(sink);
    return saving->item->sink == NULL ? -ENOMEM : 0;
}

static int add_to_channel(struct qmon_store *store, const struct saving *saving, const char *sink, uint64_t now_ms) {
    bool claimed = saving->claimed_sink != NULL && strcmp(sink, saving->claimed_sink) == 0;

    return claimed ? add_claimed(store, saving, sink, now_ms) : add_to_outbox(store, saving->event->id, sink, now_ms);
}

static int save(struct qmon_store *store, void *context) {
    struct saving *saving = context;
    uint64_t now_ms = qmon_real_ms();
    int64_t group = 0;
    int r = is_there(store, saving->event->id);

    if (saving->item != NULL) /* of a first try on a damaged file */
        qmon_outbox_item_clear(saving->item);
    if (r != 0)
        return r;
    r = add_to_group(store, saving->event, &group);
    if (r == 0)
        r = add_event(store, saving, group);
    for (size_t i = 0; r == 0 && i < saving->sink_count; i++)
        r = add_to_channel(store, saving, saving->sinks[i], now_ms);
    return r;
}

static int refuse(struct qmon_store *store, void *context) {
    (void) store;
    return *(const int *) context;
}

/* Frees the JSON, or gives it to the claimed item. What cannot be kept at all fails the transaction that it is to be part of, too. */
static int save_json(struct qmon_store *store, struct saving *saving, char *json) {
    int r = json == NULL ? -ENOMEM : strlen(json) > QMON__JSON_BYTES_MAX ? -E2BIG : 0;

    saving->json = json;
    r = r < 0 ? qmon__write(store, QMON__BUSY_MS, refuse, &r) : qmon__write(store, QMON__BUSY_MS, save, saving);
    if (r == 0 && saving->item != NULL && saving->item->sink != NULL) {
        saving->item->json = json;
        return 0;
    }
    if (saving->item != NULL)
        qmon_outbox_item_clear(saving->item);
    free(json);
    return r;
}

int qmon_store_save(struct qmon_store *store, const struct qmon_event *event, const char *state,
                    const char *const *sinks, size_t sink_count) {
    struct saving saving = {.event = event, .state = state, .sinks = sinks, .sink_count = sink_count};

    return save_json(store, &saving, qmon_event_to_json(event));
}

int qmon_store_save_and_claim(struct qmon_store *store, const struct qmon_event *event, const char *state,
                              const char *const *sinks, size_t sink_count, const char *claimed_sink, uint64_t lease_ms,
                              struct qmon_outbox_item *ret_item) {
    struct saving saving = {.event = event,
                            .state = state,
                            .sinks = sinks,
                            .sink_count = sink_count,
                            .claimed_sink = claimed_sink,
                            .lease_ms = lease_ms,
                            .item = ret_item};

    *ret_item = (struct qmon_outbox_item){0};
    return save_json(store, &saving, qmon_event_to_json(event));
}

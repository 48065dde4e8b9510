/*
 * outbox.c: what still has to reach a channel. A claim moves an item's due time to the end of its lease, so that an item of
 * a process that died is due again by itself. `attempts` counts the claims and so tells a holder whether it still is one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"

struct claim {
    const char *event_id, *sink; /* NULL: any */
    uint64_t now_ms, lease_ms;
    struct qmon_outbox_item *item;
};

static char *copy(const char *text) {
    return text == NULL ? NULL : strdup(text);
}

/* 1: there is one, and it is filled in but for its JSON. */
static int find_due(struct qmon_store *store, const struct claim *claim) {
    sqlite3_stmt *statement = qmon__statement(store, claim->event_id == NULL ? QMON__OUTBOX_DUE
                                                     : claim->sink == NULL   ? QMON__OUTBOX_DUE_OF
                                                                             : QMON__OUTBOX_DUE_TO);
    struct qmon_outbox_item *item = claim->item;
    const char *state;
    int r;

    qmon__bind_count(statement, 1, claim->now_ms);
    if (claim->event_id != NULL)
        qmon__bind_text(statement, 2, claim->event_id);
    if (claim->sink != NULL)
        qmon__bind_text(statement, 3, claim->sink);
    r = qmon__step(store, statement);
    if (r <= 0)
        return r;
    item->row = sqlite3_column_int64(statement, 0);
    strncpy(item->event_id, qmon__column_text(statement, 1), sizeof item->event_id - 1);
    item->sink = copy(qmon__column_text(statement, 2));
    item->attempts = (uint32_t) qmon__column_count(statement, 3);
    state = (const char *) sqlite3_column_text(statement, 4);
    item->state = copy(state);
    item->created_ms = qmon__column_count(statement, 5);
    r = item->sink == NULL || (state != NULL && item->state == NULL) ? -ENOMEM : 1;
    sqlite3_reset(statement);
    return r;
}

/* An event that is not there any more gives empty text, which the deliverer sets aside as unreadable. */
static int fetch_json(struct qmon_store *store, struct qmon_outbox_item *item) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_JSON);
    int r;

    qmon__bind_text(statement, 1, item->event_id);
    r = qmon__step(store, statement);
    if (r < 0)
        return r;
    item->json = copy(r > 0 ? qmon__column_text(statement, 0) : "");
    sqlite3_reset(statement);
    return item->json == NULL ? -ENOMEM : 0;
}

static int lease(struct qmon_store *store, const struct claim *claim) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_LEASE);

    qmon__bind_count(statement, 1, (uint64_t) claim->item->row);
    qmon__bind_count(statement, 2, claim->now_ms + claim->lease_ms);
    return qmon__run(store, statement);
}

static int claim_next(struct qmon_store *store, void *context) {
    const struct claim *claim = context;
    int r;

    qmon_outbox_item_clear(claim->item); /* of a first try on a damaged file */
    r = find_due(store, claim);
    if (r == 0)
        return 1;
    if (r > 0)
        r = fetch_json(store, claim->item);
    if (r == 0)
        r = lease(store, claim);
    if (r < 0)
        qmon_outbox_item_clear(claim->item);
    return r;
}

/* Looks without a write lock first: mostly there is nothing. */
static int is_anything_due(struct qmon_store *store, void *context) {
    const struct claim *claim = context;
    int r;

    qmon_outbox_item_clear(claim->item);
    r = find_due(store, claim);
    qmon_outbox_item_clear(claim->item);
    return r;
}

int qmon_outbox_claim(struct qmon_store *store, const char *event_id, uint64_t now_ms, uint64_t lease_ms,
                      struct qmon_outbox_item *ret_item) {
    struct qmon_outbox_item item = {0};
    struct claim claim = {.event_id = event_id, .now_ms = now_ms, .lease_ms = lease_ms, .item = &item};
    int r = qmon__read(store, QMON__BUSY_MS, is_anything_due, &claim);

    if (r <= 0)
        return r < 0 ? r : 1;
    r = qmon__write(store, QMON__BUSY_MS, claim_next, &claim);
    if (r == 0)
        *ret_item = item;
    else
        qmon_outbox_item_clear(&item);
    return r;
}

struct claims {
    struct claim each;
    const char *const *event_ids;
    size_t count, claimed;
    struct qmon_outbox_item *items;
};

static int claim_each(struct qmon_store *store, void *context) {
    struct claims *claims = context;
    int r = 0;

    while (claims->claimed > 0) /* of a first try on a damaged file */
        qmon_outbox_item_clear(&claims->items[--claims->claimed]);
    for (size_t i = 0; r >= 0 && i < claims->count; i++) {
        claims->each.event_id = claims->event_ids[i];
        claims->each.item = &claims->items[claims->claimed];
        r = claim_next(store, &claims->each);
        claims->claimed += r == 0;
    }
    return r < 0 ? r : 0;
}

int qmon_outbox_claim_these(struct qmon_store *store, const char *sink, const char *const *event_ids, size_t count,
                            uint64_t now_ms, uint64_t lease_ms, struct qmon_outbox_item *ret_items, size_t *ret_count) {
    struct claims claims = {.each = {.sink = sink, .now_ms = now_ms, .lease_ms = lease_ms},
                            .event_ids = event_ids,
                            .count = count,
                            .items = ret_items};
    int r = qmon__write(store, QMON__BUSY_MS, claim_each, &claims);

    while (r < 0 && claims.claimed > 0)
        qmon_outbox_item_clear(&claims.items[--claims.claimed]);
    *ret_count = claims.claimed;
    return r;
}

void qmon_outbox_item_clear(struct qmon_outbox_item *item) {
    free(item->sink);
    free(item->json);
    free(item->state);
    *item = (struct qmon_outbox_item){0};
}

struct outcome {
    enum qmon__statement statement;
    const struct qmon_outbox_item *item;
    uint64_t when_ms;
    const char *first, *second; /* texts */
};

static int note(struct qmon_store *store, void *context) {
    const struct outcome *outcome = context;
    sqlite3_stmt *statement = qmon__statement(store, outcome->statement);
    bool sent = outcome->statement == QMON__OUTBOX_SENT;
    int index = 1;
    int r;

    qmon__bind_count(statement, index++, (uint64_t) outcome->item->row);
    if (!sent) /* a message that is out is out, whoever holds the lease by now */
        qmon__bind_count(statement, index++, (uint64_t) outcome->item->attempts + 1);
    qmon__bind_count(statement, index++, outcome->when_ms);
    qmon__bind_text(statement, index++, outcome->first);
    if (outcome->statement == QMON__OUTBOX_RETRY)
        qmon__bind_text(statement, index++, outcome->second);
    r = qmon__run(store, statement);
    return r == 0 && sqlite3_changes(store->db) == 0 ? 1 : r;
}

int qmon_outbox_sent(struct qmon_store *store, const struct qmon_outbox_item *item, uint64_t now_ms,
                     const char *remote_id) {
    struct outcome outcome = {QMON__OUTBOX_SENT, item, now_ms, remote_id, NULL};

    return qmon__write(store, QMON__BUSY_MS, note, &outcome);
}

int qmon_outbox_retry(struct qmon_store *store, const struct qmon_outbox_item *item, uint64_t due_ms,
                      const char *reason, const char *state) {
    struct outcome outcome = {QMON__OUTBOX_RETRY, item, due_ms, reason, state};

    return qmon__write(store, QMON__BUSY_MS, note, &outcome);
}

int qmon_outbox_reject(struct qmon_store *store, const struct qmon_outbox_item *item, uint64_t now_ms,
                       const char *reason) {
    struct outcome outcome = {QMON__OUTBOX_REJECT, item, now_ms, reason, NULL};

    return qmon__write(store, QMON__BUSY_MS, note, &outcome);
}

/* A lease clears the reason and the outcome of an attempt sets it, so an item with a reason is nobody's. */
static int hurry(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_HURRY);

    qmon__bind_count(statement, 1, *(const uint64_t *) context);
    return qmon__run(store, statement);
}

int qmon_outbox_hurry(struct qmon_store *store, uint64_t now_ms) {
    return qmon__write(store, QMON__BUSY_MS, hurry, &now_ms);
}

struct summary {
    uint64_t waiting, rejected, next_due_ms;
};

static int summarize(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_SUMMARY);
    struct summary *summary = context;
    int r = qmon__step(store, statement);

    if (r <= 0)
        return r < 0 ? r : -EIO;
    summary->waiting = qmon__column_count(statement, 0);
    summary->rejected = qmon__column_count(statement, 1);
    summary->next_due_ms = summary->waiting > 0 ? qmon__column_count(statement, 2) : UINT64_MAX;
    sqlite3_reset(statement);
    return 0;
}

int qmon_outbox_summary(struct qmon_store *store, uint64_t *ret_waiting, uint64_t *ret_rejected,
                        uint64_t *ret_next_due_ms) {
    struct summary summary;
    int r = qmon__read(store, QMON__BUSY_MS, summarize, &summary);

    if (r < 0)
        return r;
    *ret_waiting = summary.waiting;
    *ret_rejected = summary.rejected;
    *ret_next_due_ms = summary.next_due_ms;
    return 0;
}

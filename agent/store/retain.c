/*
 * retain.c: what is forgotten, and when. Works in pieces with their own transactions, for at most WORK_MS a call, so that
 * nobody waits long for the lock; what is left is for the next call.
 */
#include <errno.h>

#include <qmon/clock.h>

#include "database.h"

#define DAY_MS (24ull * 3600 * 1000)
#define EVENTS_KEPT_MS (30 * DAY_MS)
#define OUTBOX_KEPT_MS (7 * DAY_MS)
#define ONCE_KEPT_MS (30 * DAY_MS)
#define INTERVAL_MS (10ull * 60 * 1000)
#define PIECE_ROWS 50u /* what is deleted under one lock, which a dying process may be waiting for */
#define WORK_MS 30u

static const char last_time[] = "retained_ms";

struct retention {
    uint64_t now_ms;
    uint64_t last_ms, pages; /* as found */
    uint64_t until_ms;       /* CLOCK_MONOTONIC */
    bool unfinished;
};

static uint64_t before(uint64_t now_ms, uint64_t age_ms) {
    return now_ms > age_ms ? now_ms - age_ms : 0;
}

static int get_number(struct qmon_store *store, sqlite3_stmt *statement, uint64_t *ret_number) {
    int r = qmon__step(store, statement);

    if (r < 0)
        return r;
    *ret_number = 0;
    if (r > 0) {
        *ret_number = qmon__column_count(statement, 0);
        sqlite3_reset(statement);
    }
    return 0;
}

static int look(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__META_GET);
    struct retention *retention = context;
    int r;

    qmon__bind_text(statement, 1, last_time);
    r = get_number(store, statement, &retention->last_ms);
    return r < 0 ? r : get_number(store, qmon__statement(store, QMON__PAGES), &retention->pages);
}

/* Runs a deletion of at most PIECE_ROWS rows with `bound` as its first parameter; counts what it did. */
static int drop(struct qmon_store *store, struct retention *retention, enum qmon__statement which, uint64_t bound,
                bool in_pieces) {
    sqlite3_stmt *statement = qmon__statement(store, which);
    int r;

    qmon__bind_count(statement, 1, bound);
    if (in_pieces)
        qmon__bind_count(statement, 2, PIECE_ROWS);
    r = qmon__run(store, statement);
    if (r == 0)
        r = sqlite3_changes(store->db);
    if (in_pieces && r == (int) PIECE_ROWS)
        retention->unfinished = true;
    return r;
}

static int count_dropped(struct qmon_store *store, const char *name, const char *reason, uint64_t by) {
    sqlite3_stmt *statement;

    if (by == 0)
        return 0;
    statement = qmon__statement(store, QMON__COUNT);
    qmon__bind_text(statement, 1, name);
    qmon__bind_text(statement, 2, reason);
    qmon__bind_count(statement, 3, by);
    qmon__bind_count(statement, 4, qmon_real_ms());
    return qmon__run(store, statement);
}

static int drop_undelivered(struct qmon_store *store, uint64_t now_ms) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__GIVE_UP);
    int r;

    qmon__bind_count(statement, 1, now_ms);
    qmon__bind_count(statement, 2, before(now_ms, EVENTS_KEPT_MS));
    r = qmon__run(store, statement);
    return r < 0 ? r
                 : count_dropped(store, "outbox.given_up", "not delivered in 30 days",
                                 (uint64_t) sqlite3_changes(store->db));
}

static int drop_windows(struct qmon_store *store, struct retention *retention) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__UNTOLD);
    uint64_t untold;
    int r;

    qmon__bind_count(statement, 1, retention->now_ms);
    r = get_number(store, statement, &untold);
    if (r == 0)
        r = count_dropped(store, "dedup.untold", "no further alert came", untold);
    return r < 0 ? r : drop(store, retention, QMON__DROP_WINDOWS, retention->now_ms, false);
}

static int note_time(struct qmon_store *store, const struct retention *retention) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__META_PUT);

    qmon__bind_text(statement, 1, last_time);
    qmon__bind_count(statement, 2, retention->now_ms);
    return qmon__run(store, statement);
}

static int drop_old(struct qmon_store *store, void *context) {
    struct retention *retention = context;
    uint64_t now_ms = retention->now_ms;
    int dropped, r;

    retention->unfinished = false;
    r = drop_undelivered(store, now_ms);
    if (r < 0)
        return r;
    dropped = drop(store, retention, QMON__DROP_EVENTS, before(now_ms, EVENTS_KEPT_MS), true);
    if (dropped < 0)
        return dropped;
    r = count_dropped(store, "store.expired", "older than 30 days", (uint64_t) dropped);
    if (r == 0)
        r = drop(store, retention, QMON__DROP_DONE, before(now_ms, OUTBOX_KEPT_MS), true);
    if (r >= 0)
        r = drop(store, retention, QMON__DROP_TAILS, before(now_ms, DAY_MS), true);
    if (r >= 0)
        r = drop(store, retention, QMON__DROP_ONCE, before(now_ms, ONCE_KEPT_MS), true);
    if (r >= 0)
        r = drop_windows(store, retention);
    if (r >= 0)
        r = qmon__run(store, qmon__statement(store, QMON__DROP_GROUPS));
    if (r == 0 && !retention->unfinished)
        r = note_time(store, retention);
    return r;
}

/* A crash loop must not fill the disk: beyond the limit the oldest give way, whatever their age. */
static int drop_oldest(struct qmon_store *store, void *context) {
    struct retention *retention = context;
    int dropped = drop(store, retention, QMON__DROP_EVENTS, INT64_MAX, true);
    int r;

    if (dropped < 0)
        return dropped;
    r = count_dropped(store, "store.expired", "the store had reached its size", (uint64_t) dropped);
    if (r == 0)
        r = drop(store, retention, QMON__DROP_TAILS, before(retention->now_ms, DAY_MS), true);
    if (r >= 0)
        r = get_number(store, qmon__statement(store, QMON__PAGES), &retention->pages);
    return r < 0 ? r : dropped;
}

static bool is_too_large(const struct qmon_store *store, const struct retention *retention) {
    uint64_t kept = store->directory[0] != '\0' ? QMON__STORE_BYTES_KEPT : QMON__MEMORY_BYTES_MAX / 2;

    return retention->pages * QMON__PAGE_BYTES > kept;
}

static bool is_time(const struct retention *retention) {
    return retention->now_ms < retention->last_ms || retention->now_ms - retention->last_ms >= INTERVAL_MS;
}

static int note_checkpoint(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__META_PUT);

    (void) context;
    qmon__bind_text(statement, 1, "checkpointed_ms");
    qmon__bind_count(statement, 2, qmon_real_ms());
    return qmon__run(store, statement);
}

/* Also empties the log, if nobody reads it right now. Whoever writes first into an empty log must flush its head, which
 * takes as long as the checkpoint itself: that is done here, and not left to a process in a hurry. */
static void checkpoint(struct qmon_store *store) {
    int r;

    if (store->db == NULL || store->wal_pages < QMON__WAL_PAGES_KEPT)
        return;
    qmon__database_allow_ms(store, 0);
    r = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (r != SQLITE_OK)
        r = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (r == SQLITE_OK)
        qmon__write(store, QMON__BUSY_MS, note_checkpoint, NULL);
}

int qmon_store_retain(struct qmon_store *store, uint64_t now_ms) {
    struct retention retention = {.now_ms = now_ms, .until_ms = qmon_monotonic_ms() + WORK_MS};
    int r = qmon__read(store, QMON__BUSY_MS, look, &retention);

    if (r < 0)
        return r;
    retention.unfinished = is_time(&retention);
    while (r >= 0 && retention.unfinished && qmon_monotonic_ms() < retention.until_ms)
        r = qmon__write(store, QMON__BUSY_MS, drop_old, &retention);
    if (r < 0)
        return r;
    r = 1;
    while (r > 0 && is_too_large(store, &retention) && qmon_monotonic_ms() < retention.until_ms)
        r = qmon__write(store, QMON__BUSY_MS, drop_oldest, &retention);
    checkpoint(store);
    return r < 0 ? r : 0;
}

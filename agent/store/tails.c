/*
 * tails.c: what many events have in common. Most of an event is its trace, and a program reports from few places, again and
 * again: of errors, everything from the trace on is kept once for all events that end alike. That is a tenth of the space, and
 * of what is written; and a host remembers ten times as many.
 *
 * A tail's id is a hash of it. last_ms is never before the time of an event that has it, and in whole hours, so that it is
 * rarely written; a tail that ended before the oldest event that there is, and a day ago, is nobody's (retain.c).
 */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <qmon/clock.h>

#include "database.h"

#define HOUR_MS (3600ull * 1000)
#define WORTH_BYTES 512u

const char *qmon__tail_of(const struct qmon_event *event, const char *json) {
    const char *tail = event->kind == QMON_KIND_ERROR ? strstr(json, ",\"threads\":[") : NULL;

    return tail != NULL && tail > json && strlen(tail) >= WORTH_BYTES ? tail : NULL;
}

void qmon__tails_forget(struct qmon_store *store) {
    store->tails = (struct qmon__tails){0};
}

static void note(struct qmon_store *store, XXH128_hash_t hash, uint64_t last_ms) {
    unsigned at = store->tails.next++ % QMON__TAILS_KNOWN;

    store->tails.known[at].low = hash.low64;
    store->tails.known[at].high = hash.high64;
    store->tails.known[at].last_ms = last_ms;
}

static bool is_known(const struct qmon_store *store, XXH128_hash_t hash, uint64_t last_ms) {
    for (unsigned i = 0; i < QMON__TAILS_KNOWN; i++)
        if (store->tails.known[i].low == hash.low64 && store->tails.known[i].high == hash.high64 &&
            store->tails.known[i].last_ms >= last_ms)
            return true;
    return false;
}

static int add(struct qmon_store *store, int64_t id, const char *tail, uint64_t last_ms) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__TAIL_ADD);

    if (statement != NULL)
        sqlite3_bind_int64(statement, 1, id);
    qmon__bind_count(statement, 2, last_ms);
    qmon__bind_text(statement, 3, tail);
    return qmon__run(store, statement);
}

static int touch(struct qmon_store *store, int64_t id, uint64_t last_ms) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__TAIL_TOUCH);

    if (statement != NULL)
        sqlite3_bind_int64(statement, 1, id);
    qmon__bind_count(statement, 2, last_ms);
    return qmon__run(store, statement);
}

/* 1: it is there now; 0: another one has its id. */
static int put(struct qmon_store *store, int64_t id, const char *tail, uint64_t last_ms) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__TAIL_GET);
    bool same;
    uint64_t there_ms;
    int r;

    if (statement != NULL)
        sqlite3_bind_int64(statement, 1, id);
    qmon__bind_text(statement, 2, tail);
    r = qmon__step(store, statement);
    if (r < 0)
        return r;
    if (r == 0) {
        r = add(store, id, tail, last_ms);
        return r < 0 ? r : 1;
    }
    same = sqlite3_column_int(statement, 0) == 1;
    there_ms = qmon__column_count(statement, 1);
    sqlite3_reset(statement);
    r = same && there_ms < last_ms ? touch(store, id, last_ms) : 0;
    return r < 0 ? r : same;
}

int qmon__tail_keep(struct qmon_store *store, const char *tail, uint64_t time_ms, int64_t *ret_id) {
    XXH128_hash_t hash = XXH3_128bits(tail, strlen(tail));
    uint64_t now_ms = qmon_real_ms(), last_ms = time_ms > now_ms ? time_ms : now_ms;
    int r = 1;

    last_ms = last_ms > INT64_MAX - 2 * HOUR_MS ? INT64_MAX : (last_ms / HOUR_MS + 1) * HOUR_MS;
    *ret_id = (int64_t) (hash.low64 >> 1);
    if (!is_known(store, hash, last_ms)) {
        r = put(store, *ret_id, tail, last_ms);
        if (r == 1)
            note(store, hash, last_ms);
    }
    return r;
}

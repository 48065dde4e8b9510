/*
 * counters.c: what happened how often, and what has happened once.
 */
#include <errno.h>

#include <qmon/clock.h>

#include "database.h"

struct counting {
    const char *name, *reason;
    uint64_t by;
};

static int count(struct qmon_store *store, void *context) {
    const struct counting *counting = context;
    sqlite3_stmt *statement = qmon__statement(store, QMON__COUNT);

    qmon__bind_text(statement, 1, counting->name);
    qmon__bind_text(statement, 2, counting->reason);
    qmon__bind_count(statement, 3, counting->by);
    qmon__bind_count(statement, 4, qmon_real_ms());
    return qmon__run(store, statement);
}

int qmon_store_count(struct qmon_store *store, const char *name, const char *reason, uint64_t by) {
    struct counting counting = {name, reason == NULL ? "" : reason, by};

    return qmon__write(store, QMON__BUSY_MS, count, &counting);
}

struct counters {
    void (*visit)(void *context, const struct qmon_counter *counter);
    void *context;
};

static int visit_counters(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__COUNTERS);
    const struct counters *counters = context;
    int r;

    while ((r = qmon__step(store, statement)) > 0) {
        struct qmon_counter counter = {
            .name = qmon__column_text(statement, 0),
            .reason = qmon__column_text(statement, 1),
            .value = qmon__column_count(statement, 2),
            .last_ms = qmon__column_count(statement, 3),
        };
        counters->visit(counters->context, &counter);
    }
    return r;
}

int qmon_store_counters(struct qmon_store *store, void (*visit)(void *context, const struct qmon_counter *counter),
                        void *context) {
    struct counters counters = {visit, context};

    return qmon__read(store, QMON__BUSY_MS, visit_counters, &counters);
}

struct fact {
    const char *key;
    uint64_t now_ms;
};

static int has_happened(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__ONCE_EXISTS);
    const struct fact *fact = context;
    int r;

    qmon__bind_text(statement, 1, fact->key);
    r = qmon__step(store, statement);
    if (r > 0)
        sqlite3_reset(statement);
    return r;
}

static int happen(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__ONCE_ADD);
    const struct fact *fact = context;
    int r;

    qmon__bind_text(statement, 1, fact->key);
    qmon__bind_count(statement, 2, fact->now_ms);
    r = qmon__run(store, statement);
    return r == 0 && sqlite3_changes(store->db) == 0 ? 1 : r;
}

int qmon_store_once(struct qmon_store *store, const char *key, uint64_t now_ms) {
    struct fact fact = {key, now_ms};
    int r = qmon__read(store, QMON__BUSY_MS, has_happened, &fact); /* without a write lock, where that tells */

    return r != 0 ? r : qmon__write(store, QMON__BUSY_MS, happen, &fact);
}

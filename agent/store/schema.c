/*
 * schema.c: the tables. A new version appends a step to `steps`; a step never changes once it has been released.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "database.h"

static const char *const steps[QMON__SCHEMA_VERSION] = {
    /* 1 */
    "CREATE TABLE groups("
    "  id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, service TEXT NOT NULL, stage TEXT NOT NULL,"
    "  events INTEGER NOT NULL, UNIQUE(fingerprint, service, stage));"
    "CREATE INDEX groups_empty ON groups(events) WHERE events <= 0;"

    "CREATE TABLE events("
    "  row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time_ms INTEGER NOT NULL, kind INTEGER NOT NULL,"
    "  severity INTEGER NOT NULL, code TEXT, title TEXT, group_id INTEGER NOT NULL, state TEXT NOT NULL,"
    "  json TEXT NOT NULL);"
    "CREATE INDEX events_by_time ON events(time_ms);"
    "CREATE INDEX events_not_lifecycle ON events(time_ms) WHERE kind <> 3;"
    "CREATE INDEX events_of_group ON events(group_id, time_ms);"
    "CREATE TRIGGER events_forgotten AFTER DELETE ON events BEGIN"
    "  UPDATE groups SET events = events - 1 WHERE id = OLD.group_id;"
    "END;"

    /* status: 0 waits, 1 sent, 2 set aside, 3 held back by a limit, 4 that and summed up. A lease is a due_ms in the future. */
    "CREATE TABLE outbox("
    "  row INTEGER PRIMARY KEY, event_id TEXT NOT NULL, sink TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0,"
    "  due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, state TEXT, reason TEXT,"
    "  created_ms INTEGER NOT NULL, done_ms INTEGER, remote_id TEXT, UNIQUE(event_id, sink));"
    "CREATE INDEX outbox_waiting ON outbox(due_ms) WHERE status = 0;"
    "CREATE INDEX outbox_done ON outbox(done_ms) WHERE status > 0;"

    "CREATE TABLE windows("
    "  key TEXT PRIMARY KEY, start_ms INTEGER NOT NULL, alerts INTEGER NOT NULL, total INTEGER NOT NULL,"
    "  suppressed INTEGER NOT NULL, first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL,"
    "  expires_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX windows_by_expiry ON windows(expires_ms);"

    "CREATE TABLE once(key TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX once_by_time ON once(at_ms);"

    "CREATE TABLE counters("
    "  name TEXT NOT NULL, reason TEXT NOT NULL, value INTEGER NOT NULL, last_ms INTEGER NOT NULL,"
    "  PRIMARY KEY(name, reason)) WITHOUT ROWID;"

    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;",

    /* 2: what many events have in common, see tails.c */
    "CREATE TABLE tails(id INTEGER PRIMARY KEY, last_ms INTEGER NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX tails_by_time ON tails(last_ms);"
    "ALTER TABLE events ADD COLUMN tail INTEGER;",

    /* 3 */
    "ALTER TABLE windows ADD COLUMN asked_ms INTEGER NOT NULL DEFAULT 0;",

    /* 4: with row numbers, so that new keys, which come in any order, change one page of the indices and not two */
    "ALTER TABLE windows RENAME TO windows_before;"
    "DROP INDEX windows_by_expiry;"
    "CREATE TABLE windows("
    "  key TEXT PRIMARY KEY NOT NULL, start_ms INTEGER NOT NULL, alerts INTEGER NOT NULL, total INTEGER NOT NULL,"
    "  suppressed INTEGER NOT NULL, first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL,"
    "  expires_ms INTEGER NOT NULL, asked_ms INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX windows_by_expiry ON windows(expires_ms);"
    "INSERT INTO windows SELECT key, start_ms, alerts, total, suppressed, first_seen_ms, last_seen_ms, expires_ms,"
    "  asked_ms FROM windows_before;"
    "DROP TABLE windows_before;",
};

int qmon__schema_version(struct qmon_store *store, int64_t *ret_version) {
    sqlite3_stmt *statement;
    int r = 0;

    qmon__database_allow_ms(store, QMON__BUSY_MS);
    if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
        return qmon__database_error(store);
    if (sqlite3_step(statement) == SQLITE_ROW)
        *ret_version = sqlite3_column_int64(statement, 0);
    else
        r = qmon__database_error(store);
    sqlite3_finalize(statement);
    return r;
}

static int execute(struct qmon_store *store, const char *sql) {
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : qmon__database_error(store);
}

static int apply_steps(struct qmon_store *store) {
    char pragma[64];
    int64_t version;
    int r = qmon__schema_version(store, &version); /* again, in the transaction */

    if (r == 0 && (version < 0 || version > QMON__SCHEMA_VERSION)) {
        snprintf(store->problem, sizeof store->problem,
                 "%.300s/store.db was written by a newer qmon (its schema is %" PRId64 ", ours %d)", store->directory,
                 version, QMON__SCHEMA_VERSION);
        return -ENOTSUP;
    }
    for (; r == 0 && version < QMON__SCHEMA_VERSION; version++)
        r = execute(store, steps[version]);
    snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", QMON__SCHEMA_VERSION);
    return r == 0 ? execute(store, pragma) : r;
}

int qmon__schema_upgrade(struct qmon_store *store) {
    int r = execute(store, "BEGIN IMMEDIATE");

    if (r < 0)
        return r;
    r = apply_steps(store);
    if (r == 0)
        r = execute(store, "COMMIT");
    if (r < 0 && sqlite3_get_autocommit(store->db) == 0) {
        char problem[sizeof store->problem];
        memcpy(problem, store->problem, sizeof problem);
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        memcpy(store->problem, problem, sizeof problem);
    }
    return r;
}

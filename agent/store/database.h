/*
 * database.h: SQLite as the files of this folder use it.
 *
 * FILES, all 0600 in the state directory: store.db with its -wal and -shm; store.lock. Whoever opens the database holds
 * store.lock shared while doing so; whoever makes it, brings it to a newer schema or moves it aside holds it exclusively.
 * Thus nobody opens a half-made file, and nobody joins a new file to an old one's -wal. The kernel drops the lock of a
 * process that dies.
 *
 * WRITES are BEGIN IMMEDIATE transactions, so that a transaction either gets its lock at once or has changed nothing.
 * Waiting for a lock is bounded by a deadline set for each transaction. Before each one, the file is checked to be the one
 * at its path still; where it was removed or replaced, the store is opened anew.
 *
 * CHECKPOINTS cost the only fsync()s there are. They are made by qmon_store_retain(), which is called when nobody waits:
 * not by a commit (a dying process may be waiting for it) unless the log has grown to QMON__WAL_PAGES_MAX, and not when the
 * last process closes. The log is kept short because whoever opens the database alone reads all of it: 3 us a page.
 */
#ifndef QMON__STORE_DATABASE_H
#define QMON__STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include <qmon/store.h>

#define QMON__BUSY_MS 2000u          /* a transaction waits so long for its lock */
#define QMON__BUSY_DECISION_MS 1000u /* a decision has somebody to stand in for it */
#define QMON__WAL_PAGES_KEPT 64
#define QMON__WAL_PAGES_MAX 1000
#define QMON__WAL_PAGES_MANY 4000 /* for who writes batches, and empties the log at its end */
#define QMON__PAGE_BYTES 4096u
#define QMON__STORE_BYTES_KEPT (256u << 20) /* older events are dropped beyond that */
#define QMON__STORE_BYTES_MAX (512u << 20)  /* full */
#define QMON__MEMORY_BYTES_MAX (64u << 20)
#define QMON__JSON_BYTES_MAX (16 << 20) /* of one event */
#define QMON__PATH_BYTES 4096

/* The JSON of the event that a statement calls `e`: its tail, where that is kept for several, takes the place of the brace that ends
 * its own part. */
#define QMON__WHOLE_JSON(e)                                                                                            \
    "CASE WHEN " #e ".tail IS NULL THEN " #e ".json ELSE coalesce(substr(" #e ".json, 1, length(" #e ".json) - 1) || " \
    "(SELECT t.json FROM tails AS t WHERE t.id = " #e ".tail), " #e ".json) END"

/* The statements, each prepared at its first use. */
#define QMON__STATEMENTS(X)                                                                                            \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                                        \
    X(COMMIT, "COMMIT")                                                                                                \
    X(ROLLBACK, "ROLLBACK")                                                                                            \
    X(EVENT_EXISTS, "SELECT 1 FROM events WHERE id = ?1")                                                              \
    X(GROUP_ADD, "INSERT INTO groups(fingerprint, service, stage, events) VALUES(?1, ?2, ?3, 1) "                      \
                 "ON CONFLICT(fingerprint, service, stage) DO UPDATE SET events = events + 1 RETURNING id")            \
    X(EVENT_ADD, "INSERT INTO events(id, time_ms, kind, severity, code, title, group_id, state, json, tail) "          \
                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                                                    \
    X(TAIL_GET, "SELECT json = ?2, last_ms FROM tails WHERE id = ?1")                                                  \
    X(TAIL_ADD, "INSERT INTO tails(id, last_ms, json) VALUES(?1, ?2, ?3)")                                             \
    X(TAIL_TOUCH, "UPDATE tails SET last_ms = ?2 WHERE id = ?1")                                                       \
    X(OUTBOX_ADD, "INSERT OR IGNORE INTO outbox(event_id, sink, due_ms, created_ms) VALUES(?1, ?2, 0, ?3)")            \
    X(HOLD, "INSERT OR IGNORE INTO outbox(event_id, sink, status, due_ms, created_ms, done_ms) "                       \
            "VALUES(?1, ?2, 3, 0, ?3, ?3)")                                                                            \
    X(HELD_CHANNELS, "SELECT sink, count(*), min(done_ms), max(done_ms), max(row) FROM outbox WHERE status > 0 "       \
                     "AND status = ?1 AND reason IS ?2 GROUP BY sink ORDER BY sink")                                   \
    X(HELD_PROBLEMS, "SELECT e.title, g.service, count(*) AS times, max(e.id), count(*) OVER () FROM outbox AS o "     \
                     "CROSS JOIN events AS e ON e.id = o.event_id JOIN groups AS g ON g.id = e.group_id "              \
                     "WHERE o.status > 0 AND o.status = ?3 AND o.reason IS ?4 AND o.row <= ?5 AND o.sink = ?1 "        \
                     "GROUP BY e.group_id ORDER BY times DESC, max(e.row) LIMIT ?2")                                   \
    X(HELD_TOLD, "UPDATE outbox SET status = 4, done_ms = CASE WHEN ?6 IS NULL THEN ?2 ELSE done_ms END, reason = ?6 " \
                 "WHERE status > 0 AND status = ?3 AND reason IS ?4 AND row <= ?5 AND sink = ?1")                      \
    X(LOOPS_OVER, "SELECT key, total, start_ms, last_seen_ms, alerts FROM windows WHERE key >= 'loop|' "               \
                  "AND key < 'loop}' AND alerts > 0 AND last_seen_ms < ?1 LIMIT ?2")                                   \
    X(OUTBOX_ADD_LEASED, "INSERT OR IGNORE INTO outbox(event_id, sink, due_ms, attempts, created_ms) "                 \
                         "VALUES(?1, ?2, ?4, 1, ?3)")                                                                  \
    X(OUTBOX_DUE, "SELECT row, event_id, sink, attempts, state, created_ms FROM outbox "                               \
                  "WHERE status = 0 AND due_ms <= ?1 ORDER BY due_ms, row LIMIT 1")                                    \
    X(OUTBOX_DUE_OF, "SELECT row, event_id, sink, attempts, state, created_ms FROM outbox "                            \
                     "WHERE status = 0 AND due_ms <= ?1 AND event_id = ?2 ORDER BY due_ms, row LIMIT 1")               \
    X(OUTBOX_DUE_TO, "SELECT row, event_id, sink, attempts, state, created_ms FROM outbox "                            \
                     "WHERE event_id = ?2 AND sink = ?3 AND status = 0 AND due_ms <= ?1")                              \
    X(OUTBOX_LEASE, "UPDATE outbox SET due_ms = ?2, attempts = attempts + 1, reason = NULL WHERE row = ?1")            \
    X(OUTBOX_HURRY, "UPDATE outbox SET due_ms = ?1 WHERE status = 0 AND due_ms > ?1 AND reason IS NOT NULL")           \
    X(OUTBOX_JSON, "SELECT " QMON__WHOLE_JSON(e) " FROM events AS e WHERE e.id = ?1")                                  \
    X(OUTBOX_SENT, "UPDATE outbox SET status = 1, done_ms = ?2, remote_id = ?3, reason = NULL, state = NULL "          \
                   "WHERE row = ?1 AND status <> 1")                                                                   \
    X(OUTBOX_RETRY, "UPDATE outbox SET due_ms = ?3, reason = ?4, state = ?5 "                                          \
                    "WHERE row = ?1 AND status = 0 AND attempts = ?2")                                                 \
    X(OUTBOX_REJECT, "UPDATE outbox SET status = 2, done_ms = ?3, reason = ?4 "                                        \
                     "WHERE row = ?1 AND status = 0 AND attempts = ?2")                                                \
    X(OUTBOX_SUMMARY, "SELECT (SELECT count(*) FROM outbox WHERE status = 0), "                                        \
                      "(SELECT count(*) FROM outbox WHERE status = 2), "                                               \
                      "(SELECT min(due_ms) FROM outbox WHERE status = 0)")                                             \
    X(OUTBOX_NEWEST, "SELECT o.remote_id FROM outbox AS o CROSS JOIN events AS e ON e.id = o.event_id "                \
                     "WHERE o.status > 0 AND o.done_ms >= ?3 AND o.status = 1 AND o.sink = ?2 "                        \
                     "AND o.remote_id IS NOT NULL AND e.group_id = (SELECT coalesce((SELECT g.id FROM groups AS g "    \
                     "WHERE g.fingerprint = json_extract(own.json, '$.lifecycle.problem') AND g.service = "            \
                     "own_group.service AND g.stage = own_group.stage), own.group_id) FROM events AS own "             \
                     "JOIN groups AS own_group ON own_group.id = own.group_id WHERE own.id = ?1) "                     \
                     "ORDER BY o.done_ms DESC, o.row DESC LIMIT 1")                                                    \
    X(OUTBOX_MESSAGE,                                                                                                  \
      "SELECT " QMON__WHOLE_JSON(e) ", o.done_ms, e.group_id FROM outbox AS o CROSS JOIN events AS e "                 \
                                    "ON e.id = o.event_id WHERE o.status = 1 AND o.sink = ?1 AND o.remote_id = ?2")    \
    X(OUTBOX_TIMES, "SELECT count(*) + coalesce(sum(CASE WHEN o.remote_id = ?2 THEN 0 ELSE "                           \
                    "coalesce(json_extract(e.json, '$.occurrences.suppressed'), 0) END), 0) FROM outbox AS o "         \
                    "CROSS JOIN events AS e ON e.id = o.event_id WHERE o.status > 0 AND o.done_ms >= ?3 "              \
                    "AND o.status = 1 AND o.sink = ?1 AND e.group_id = ?4")                                            \
    X(OUTBOX_CHANNELS,                                                                                                 \
      "WITH sent AS (SELECT sink, max(done_ms - created_ms, 0) AS ms, row_number() OVER by_time AS n, "                \
      "count(*) OVER (PARTITION BY sink) AS total FROM outbox WHERE status = 1 "                                       \
      "WINDOW by_time AS (PARTITION BY sink ORDER BY done_ms - created_ms)), "                                         \
      "took AS (SELECT sink, max(CASE WHEN n = (total + 1) / 2 THEN ms END) AS median, "                               \
      "max(CASE WHEN n = (total * 95 + 99) / 100 THEN ms END) AS p95, max(ms) AS slowest "                             \
      "FROM sent GROUP BY sink) "                                                                                      \
      "SELECT o.sink, sum(o.status = 0), sum(o.status = 1), sum(o.status = 2), took.median, "                          \
      "took.p95, took.slowest, max(CASE WHEN o.status = 0 THEN o.reason END) "                                         \
      "FROM outbox AS o LEFT JOIN took ON took.sink = o.sink GROUP BY o.sink ORDER BY o.sink")                         \
    X(OUTBOX_SET_ASIDE, "SELECT o.event_id, o.sink, o.reason, e.title, o.done_ms, o.attempts FROM outbox AS o "        \
                        "LEFT JOIN events AS e ON e.id = o.event_id WHERE o.status = 2 "                               \
                        "ORDER BY o.done_ms DESC, o.row DESC LIMIT ?1")                                                \
    X(QUIET,                                                                                                           \
      "SELECT e.id, " QMON__WHOLE_JSON(                                                                                \
          e) ", e.time_ms, "                                                                                           \
             "(SELECT count(*) FROM events AS c WHERE c.group_id = e.group_id) "                                       \
             "FROM (SELECT DISTINCT a.group_id AS id FROM outbox AS o CROSS JOIN events AS a ON a.id = o.event_id "    \
             "WHERE o.status > 0 AND o.status = 1 AND a.kind <> 3) AS told JOIN events AS e ON e.row = "               \
             "(SELECT row FROM events AS n WHERE n.group_id = told.id ORDER BY time_ms DESC, row DESC LIMIT 1) "       \
             "WHERE e.time_ms < ?1 AND NOT EXISTS (SELECT 1 FROM once WHERE key = 'resolved|' || e.id) "               \
             "ORDER BY e.time_ms LIMIT ?2")                                                                            \
    X(ONCE_ADD, "INSERT OR IGNORE INTO once(key, at_ms) VALUES(?1, ?2)")                                               \
    X(ONCE_EXISTS, "SELECT 1 FROM once WHERE key = ?1")                                                                \
    X(COUNT, "INSERT INTO counters(name, reason, value, last_ms) VALUES(?1, ?2, ?3, ?4) "                              \
             "ON CONFLICT(name, reason) DO UPDATE SET value = value + ?3, last_ms = ?4")                               \
    X(COUNTERS, "SELECT name, reason, value, last_ms FROM counters ORDER BY name, reason")                             \
    X(WINDOW_GET, "SELECT start_ms, alerts, total, suppressed, first_seen_ms, last_seen_ms, asked_ms FROM windows "    \
                  "WHERE key = ?1")                                                                                    \
    X(WINDOW_PUT, "INSERT INTO windows(key, start_ms, alerts, total, suppressed, first_seen_ms, last_seen_ms, "        \
                  "expires_ms, asked_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(key) DO UPDATE SET "   \
                  "start_ms = ?2, alerts = ?3, total = ?4, suppressed = ?5, first_seen_ms = ?6, last_seen_ms = ?7, "   \
                  "expires_ms = ?8, asked_ms = ?9")                                                                    \
    X(LATEST, "SELECT id FROM events WHERE kind <> 3 ORDER BY time_ms DESC, row DESC LIMIT 1")                         \
    X(LATEST_OF_ALL, "SELECT id FROM events ORDER BY time_ms DESC, row DESC LIMIT 1")                                  \
    X(EVENTS_OF_SERVICE, "SELECT sum(events) FROM groups WHERE service = ?1")                                          \
    X(META_GET, "SELECT value FROM meta WHERE key = ?1")                                                               \
    X(META_PUT, "INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)")                                              \
    X(DROP_VALUES,                                                                                                     \
      "DELETE FROM meta WHERE key >= 'value:' AND key < 'value;' AND CAST(value AS INTEGER) BETWEEN 1 AND ?1")         \
    X(PAGES, "SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)") \
    X(DROP_EVENTS, "DELETE FROM events WHERE row IN (SELECT row FROM events AS e WHERE time_ms < ?1 AND NOT EXISTS "   \
                   "(SELECT 1 FROM outbox WHERE event_id = e.id AND status = 0) ORDER BY time_ms LIMIT ?2)")           \
    X(DROP_TAILS, "DELETE FROM tails WHERE id IN (SELECT id FROM tails WHERE last_ms < ?1 AND last_ms < "              \
                  "coalesce((SELECT min(time_ms) FROM events), ?1) ORDER BY last_ms LIMIT ?2)")                        \
    X(DROP_GROUPS, "DELETE FROM groups WHERE events <= 0")                                                             \
    X(DROP_DONE, "DELETE FROM outbox WHERE row IN "                                                                    \
                 "(SELECT row FROM outbox WHERE status > 0 AND done_ms < ?1 ORDER BY done_ms LIMIT ?2)")               \
    X(GIVE_UP, "UPDATE outbox SET status = 2, done_ms = ?1, reason = 'not delivered in 30 days' "                      \
               "WHERE status = 0 AND created_ms < ?2")                                                                 \
    X(DROP_ONCE, "DELETE FROM once WHERE key IN (SELECT key FROM once WHERE at_ms < ?1 LIMIT ?2)")                     \
    X(UNTOLD, "SELECT sum(suppressed) FROM windows WHERE expires_ms < ?1 AND substr(key, 1, 6) NOT IN "                \
              "('burst|', 'limit|', 'limit:', 'night|', 'digest')") /* of limits: digests tell them */                 \
    X(DROP_WINDOWS, "DELETE FROM windows WHERE expires_ms < ?1")

enum qmon__statement {
#define QMON__STATEMENT_NAME(name, sql) QMON__##name,
    QMON__STATEMENTS(QMON__STATEMENT_NAME)
#undef QMON__STATEMENT_NAME
        QMON__STATEMENT_COUNT
};

/* Of several calls made one (qmon_store_begin). */
enum qmon__whole {
    QMON__WHOLE_NOT,   /* each call is a transaction of its own */
    QMON__WHOLE_AHEAD, /* nothing has been written yet */
    QMON__WHOLE_BEGUN, /* the transaction is under way */
};

/* Tails that are known to be there (tails.c). */
#define QMON__TAILS_KNOWN 8
struct qmon__tails {
    struct {
        uint64_t low, high; /* hash */
        uint64_t last_ms;   /* 0: this place is free */
    } known[QMON__TAILS_KNOWN];
    unsigned next;
};

struct qmon_store {
    sqlite3 *db;
    enum qmon__whole whole;
    int whole_error; /* 0; the negative errno of the first write in it that failed */
    sqlite3_stmt *statements[QMON__STATEMENT_COUNT];
    char directory[QMON__PATH_BYTES]; /* "" in memory; without symbolic links */
    uint64_t busy_until_ms;           /* CLOCK_MONOTONIC */
    int wal_pages;                    /* in the log after our last commit */
    struct qmon__tails tails;
    bool many; /* batches are written: see qmon__database_expect_many */
    char problem[768];
};

/* --- connection.c: one connection --- */

/* Opens store.db in `directory` ("" in memory) as it is; makes nothing. _open reads nothing of it yet. */
int qmon__database_open(struct qmon_store *store);
int qmon__database_connect(struct qmon_store *store);
void qmon__database_disconnect(struct qmon_store *store);
/* What is written comes in batches from now on. New keys lie all over the indices, so their pages are kept in memory, and not
 * written to the file after each few batches. */
void qmon__database_expect_many(struct qmon_store *store);
/* Has the file been removed from its path or replaced there? */
bool qmon__database_is_gone(struct qmon_store *store);
/* Starts the time in which the next statements may wait for a lock. */
void qmon__database_allow_ms(struct qmon_store *store, uint64_t busy_ms);
/* The negative errno for SQLite's last error of this connection; puts words into store->problem. */
int qmon__database_error(struct qmon_store *store);

/* --- lock.c: store.lock --- */

/* The locked descriptor; -EBUSY after QMON__BUSY_MS; another negative errno. */
int qmon__lock(const char *directory, bool exclusive);
void qmon__unlock(int fd); /* negative: nothing */

/* --- schema.c --- */
#define QMON__SCHEMA_VERSION 4

/* What the file says it is. 0 and *ret_version (0: nothing yet). */
int qmon__schema_version(struct qmon_store *store, int64_t *ret_version);
/* Brings an older schema, or none, to ours. -ENOTSUP: it is newer than ours. Under the exclusive lock. */
int qmon__schema_upgrade(struct qmon_store *store);

/* --- open.c --- */

/* Connects, making, upgrading or replacing the file where needed. After a failure there is no connection. */
int qmon__store_connect(struct qmon_store *store);
/* After -EUCLEAN: replaces the damaged file unless another process has, and connects. */
int qmon__store_replace_damaged(struct qmon_store *store);

/* --- damage.c, under the exclusive lock --- */

/* Moves the files aside. 0 and the new path of the database. */
int qmon__damage_set_aside(struct qmon_store *store, char ret_path[QMON__PATH_BYTES]);
/* Copies what can be read of the file at `path` into the new, connected database. Returns the number of rows. */
uint64_t qmon__damage_salvage(struct qmon_store *store, const char *path);

/* --- statement.c --- */

/* The statement, reset and without bindings; NULL: store->problem is set, the error is qmon__database_error(). */
sqlite3_stmt *qmon__statement(struct qmon_store *store, enum qmon__statement which);
/* Steps a statement that gives no rows and resets it. NULL is let through as the error it stands for. */
int qmon__run(struct qmon_store *store, sqlite3_stmt *statement);
/* Steps to a row: 1; to the end: 0 (and resets); negative errno (and resets). */
int qmon__step(struct qmon_store *store, sqlite3_stmt *statement);
void qmon__bind_text(sqlite3_stmt *statement, int index, const char *text); /* borrowed until reset; NULL is NULL */
void qmon__bind_count(sqlite3_stmt *statement, int index, uint64_t value);  /* at most INT64_MAX */
uint64_t qmon__column_count(sqlite3_stmt *statement, int column);           /* nothing negative comes out */
const char *qmon__column_text(sqlite3_stmt *statement, int column);         /* "" for NULL */

/* --- tails.c --- */

/* Where what the event has in common with others begins in its JSON; NULL: it is kept as a whole. */
const char *qmon__tail_of(const struct qmon_event *event, const char *json);
/* Sees to it that the tail is there, for an event of that time. 1 and *ret_id; 0: another one has its place; negative errno. In
 * a transaction. */
int qmon__tail_keep(struct qmon_store *store, const char *tail, uint64_t time_ms, int64_t *ret_id);
/* What was known may not be there any more: a transaction was undone, or the file is another one. */
void qmon__tails_forget(struct qmon_store *store);

/* One piece of work in a transaction; 0 or more commits, negative rolls back. Returns what `work` returned, or the error.
 * A damaged file is replaced and the work done again. Between qmon_store_begin and qmon_store_commit it is done in the
 * transaction of these two, which is lost as a whole where it fails. */
typedef int qmon__work(struct qmon_store *store, void *context);
int qmon__write(struct qmon_store *store, uint64_t busy_ms, qmon__work *work, void *context);
/* The same without a transaction, for what only reads. */
int qmon__read(struct qmon_store *store, uint64_t busy_ms, qmon__work *work, void *context);

#endif

/*
 * query.c: reading events back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "database.h"

#define DEFAULT_LIMIT 50
#define SQL_BYTES 1536
#define FEW 5000

static const char kind_lifecycle[] = " AND e.kind <> 3"; /* as the partial index says it */

struct reading {
    const struct qmon_event_query *query;
    bool (*visit)(void *context, const struct qmon_event_row *row);
    void *context;
    char id[QMON_EVENT_ID_BYTES]; /* prefix; "" any */
    bool by_group; /* few rows: found by their groups, then sorted; otherwise by time until there are enough */
    bool resumed;  /* the file was damaged and has been replaced: rows are shown from behind these */
    int64_t last_time_ms, last_row;
};

static void compose(const struct reading *reading, char *ret_sql) {
    const struct qmon_event_query *query = reading->query;
    bool by_id = reading->id[0] != '\0';
    bool hides_lifecycle = !by_id && !query->include_lifecycle && query->kind < 0;

    snprintf(
        ret_sql, SQL_BYTES,
        "SELECT e.id, e.kind, e.severity, e.title, g.service, g.stage, g.fingerprint, e.state, " QMON__WHOLE_JSON(
            e) ", e.time_ms, g.events, e.row FROM events AS e CROSS JOIN groups AS g ON g.id = e.group_id WHERE 1%s%s%s%s%s%s%s "
               "ORDER BY %se.time_ms DESC, e.row DESC LIMIT ?6",
        by_id ? " AND e.id >= ?1 AND e.id <= ?1 || '~'" : "", query->kind >= 0 ? " AND e.kind = ?2" : "",
        query->service != NULL ? " AND g.service = ?3" : "",
        query->service != NULL && reading->by_group ? " AND e.group_id IN (SELECT id FROM groups WHERE service = ?3)"
                                                    : "",
        query->fingerprint != NULL
            ? " AND e.group_id IN (SELECT id FROM groups WHERE fingerprint >= ?4 AND fingerprint <= ?4 || '~')"
            : "",
        query->since_ms > 0 ? " AND e.time_ms >= ?5" : "", hides_lifecycle ? kind_lifecycle : "",
        by_id || reading->by_group ? "+" : ""); /* keeps the planner from walking all of them by time */
}

static void bind(const struct reading *reading, sqlite3_stmt *statement) {
    const struct qmon_event_query *query = reading->query;

    qmon__bind_text(statement, 1, reading->id);
    qmon__bind_count(statement, 2, (uint64_t) query->kind);
    qmon__bind_text(statement, 3, query->service);
    qmon__bind_text(statement, 4, query->fingerprint);
    qmon__bind_count(statement, 5, query->since_ms);
    qmon__bind_count(statement, 6, query->limit > 0 ? query->limit : DEFAULT_LIMIT);
}

static struct qmon_event_row row_of(sqlite3_stmt *statement) {
    int kind = sqlite3_column_int(statement, 1);
    int severity = sqlite3_column_int(statement, 2);
    bool known_kind = kind >= QMON_KIND_CRASH && kind <= QMON_KIND_LIFECYCLE;
    bool known_severity = severity >= QMON_SEVERITY_INFO && severity <= QMON_SEVERITY_CRITICAL;

    return (struct qmon_event_row){
        .id = qmon__column_text(statement, 0),
        .kind = known_kind ? qmon_kind_name((enum qmon_kind) kind) : "unknown",
        .severity = known_severity ? qmon_severity_name((enum qmon_severity) severity) : "unknown",
        .title = qmon__column_text(statement, 3),
        .service = qmon__column_text(statement, 4),
        .stage = qmon__column_text(statement, 5),
        .fingerprint = qmon__column_text(statement, 6),
        .state = qmon__column_text(statement, 7),
        .json = qmon__column_text(statement, 8),
        .time_ms = qmon__column_count(statement, 9),
        .occurrences = qmon__column_count(statement, 10),
    };
}

/* The newest that is not a start or stop, else the newest of all. */
static int find_latest(struct qmon_store *store, struct reading *reading) {
    static const enum qmon__statement wanted[] = {QMON__LATEST, QMON__LATEST_OF_ALL};

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        sqlite3_stmt *statement = qmon__statement(store, wanted[i]);
        int r = qmon__step(store, statement);
        if (r < 0)
            return r;
        if (r > 0) {
            snprintf(reading->id, sizeof reading->id, "%s", qmon__column_text(statement, 0));
            sqlite3_reset(statement);
            return 1;
        }
    }
    return 0;
}

static bool is_shown(struct reading *reading, sqlite3_stmt *statement) {
    int64_t time_ms = sqlite3_column_int64(statement, 9), row = sqlite3_column_int64(statement, 11);

    if (reading->resumed &&
        (time_ms > reading->last_time_ms || (time_ms == reading->last_time_ms && row >= reading->last_row)))
        return true;
    reading->last_time_ms = time_ms;
    reading->last_row = row;
    return false;
}

static int choose_way(struct qmon_store *store, struct reading *reading) {
    sqlite3_stmt *statement;
    int r;

    reading->by_group = reading->query->fingerprint != NULL;
    if (reading->query->service == NULL || reading->by_group)
        return 0;
    statement = qmon__statement(store, QMON__EVENTS_OF_SERVICE);
    qmon__bind_text(statement, 1, reading->query->service);
    r = qmon__step(store, statement);
    if (r < 0)
        return r;
    reading->by_group = r == 0 || qmon__column_count(statement, 0) < FEW;
    if (r > 0)
        sqlite3_reset(statement);
    return 0;
}

static int visit_rows(struct qmon_store *store, struct reading *reading, sqlite3_stmt *statement) {
    int r;

    while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
        struct qmon_event_row row = row_of(statement);
        if (!is_shown(reading, statement) && !reading->visit(reading->context, &row))
            return 0;
    }
    reading->resumed = reading->last_row > 0;
    return r == SQLITE_DONE ? 0 : qmon__database_error(store);
}

static int read_events(struct qmon_store *store, void *context) {
    struct reading *reading = context;
    const char *prefix = reading->query->id_prefix;
    sqlite3_stmt *statement;
    char sql[SQL_BYTES];
    int r = 1;

    if (prefix != NULL && strcmp(prefix, "latest") == 0)
        r = find_latest(store, reading);
    else if (prefix != NULL)
        snprintf(reading->id, sizeof reading->id, "%s", prefix);
    if (r <= 0)
        return r;
    r = choose_way(store, reading);
    if (r < 0)
        return r;
    compose(reading, sql);
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return qmon__database_error(store);
    bind(reading, statement);
    r = visit_rows(store, reading, statement);
    sqlite3_finalize(statement);
    return r;
}

int qmon_store_query(struct qmon_store *store, const struct qmon_event_query *query,
                     bool (*visit)(void *context, const struct qmon_event_row *row), void *context) {
    struct reading reading = {.query = query, .visit = visit, .context = context};

    return qmon__read(store, QMON__BUSY_MS, read_events, &reading);
}

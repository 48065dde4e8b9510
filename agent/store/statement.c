#include <errno.h>
#include <string.h>

#include "database.h"

static const char *const texts[QMON__STATEMENT_COUNT] = {
#define QMON__STATEMENT_TEXT(name, sql) sql,
    QMON__STATEMENTS(QMON__STATEMENT_TEXT)
#undef QMON__STATEMENT_TEXT
};

sqlite3_stmt *qmon__statement(struct qmon_store *store, enum qmon__statement which) {
    sqlite3_stmt **statement = &store->statements[which];

    if (*statement == NULL) {
        if (sqlite3_prepare_v3(store->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
            return NULL;
        return *statement;
    }
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    return *statement;
}

int qmon__step(struct qmon_store *store, sqlite3_stmt *statement) {
    int r;

    if (statement == NULL)
        return qmon__database_error(store);
    r = sqlite3_step(statement);
    if (r == SQLITE_ROW)
        return 1;
    r = r == SQLITE_DONE ? 0 : qmon__database_error(store);
    sqlite3_reset(statement);
    return r;
}

int qmon__run(struct qmon_store *store, sqlite3_stmt *statement) {
    int r = qmon__step(store, statement);

    if (r > 0)
        sqlite3_reset(statement);
    return r < 0 ? r : 0;
}

void qmon__bind_text(sqlite3_stmt *statement, int index, const char *text) {
    if (statement != NULL && text != NULL)
        sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

void qmon__bind_count(sqlite3_stmt *statement, int index, uint64_t value) {
    if (statement != NULL)
        sqlite3_bind_int64(statement, index, value > INT64_MAX ? INT64_MAX : (int64_t) value);
}

uint64_t qmon__column_count(sqlite3_stmt *statement, int column) {
    int64_t value = sqlite3_column_int64(statement, column);

    return value < 0 ? 0 : (uint64_t) value;
}

const char *qmon__column_text(sqlite3_stmt *statement, int column) {
    const char *text = (const char *) sqlite3_column_text(statement, column);

    return text == NULL ? "" : text;
}

static int ensure_connected(struct qmon_store *store) {
    if (store->db != NULL && !qmon__database_is_gone(store))
        return 0;
    qmon__database_disconnect(store);
    return qmon__store_connect(store);
}

/* Ends the transaction that is under way: `result` is what came of it. Returns it, or the error. */
static int finish(struct qmon_store *store, int result) {
    int r = result >= 0 ? qmon__run(store, qmon__statement(store, QMON__COMMIT)) : result;

    if (r < 0)
        qmon__tails_forget(store);
    if (r < 0 && sqlite3_get_autocommit(store->db) == 0) {
        char problem[sizeof store->problem];
        memcpy(problem, store->problem, sizeof problem);
        qmon__run(store, qmon__statement(store, QMON__ROLLBACK));
        memcpy(store->problem, problem, sizeof problem);
    }
    return r < 0 ? r : result;
}

static int transact(struct qmon_store *store, qmon__work *work, void *context) {
    int r = qmon__run(store, qmon__statement(store, QMON__BEGIN));

    return r < 0 ? r : finish(store, work(store, context));
}

static int without_transaction(struct qmon_store *store, qmon__work *work, void *context) {
    return work(store, context);
}

static int attempt(struct qmon_store *store, uint64_t busy_ms, int (*how)(struct qmon_store *, qmon__work *, void *),
                   qmon__work *work, void *context) {
    int r = ensure_connected(store);

    if (r < 0)
        return r;
    qmon__database_allow_ms(store, busy_ms);
    r = how(store, work, context);
    if (r != -EUCLEAN)
        return r;
    r = qmon__store_replace_damaged(store);
    if (r < 0)
        return r;
    qmon__database_allow_ms(store, busy_ms);
    return how(store, work, context);
}

/* --- several calls made one --- */

void qmon_store_begin(struct qmon_store *store) {
    store->whole = QMON__WHOLE_AHEAD;
    store->whole_error = 0;
}

int qmon_store_commit(struct qmon_store *store) {
    enum qmon__whole whole = store->whole;

    store->whole = QMON__WHOLE_NOT;
    return whole == QMON__WHOLE_BEGUN ? finish(store, store->whole_error) : store->whole_error;
}

static int begin_whole(struct qmon_store *store, uint64_t busy_ms) {
    int r;

    store->whole = QMON__WHOLE_NOT; /* what mends the file writes, too */
    r = ensure_connected(store);
    store->whole = QMON__WHOLE_AHEAD;
    if (r < 0)
        return r;
    qmon__database_expect_many(store);
    qmon__database_allow_ms(store, busy_ms);
    r = qmon__run(store, qmon__statement(store, QMON__BEGIN));
    if (r == 0)
        store->whole = QMON__WHOLE_BEGUN;
    return r;
}

static int write_in_whole(struct qmon_store *store, uint64_t busy_ms, qmon__work *work, void *context) {
    int r = store->whole_error;

    if (r == 0 && store->whole == QMON__WHOLE_AHEAD)
        r = begin_whole(store, busy_ms);
    if (r == 0)
        r = work(store, context);
    if (r < 0)
        store->whole_error = r;
    return r;
}

int qmon__write(struct qmon_store *store, uint64_t busy_ms, qmon__work *work, void *context) {
    if (store->whole != QMON__WHOLE_NOT)
        return write_in_whole(store, busy_ms, work, context);
    return attempt(store, busy_ms, transact, work, context);
}

int qmon__read(struct qmon_store *store, uint64_t busy_ms, qmon__work *work, void *context) {
    if (store->whole == QMON__WHOLE_BEGUN)
        return work(store, context);
    return attempt(store, busy_ms, without_transaction, work, context);
}

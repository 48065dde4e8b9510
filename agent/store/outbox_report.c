/* outbox_report.c: the outbox for people: by channel, what was set aside, and problems that came no more. */
#include "database.h"

struct channels {
    void (*visit)(void *context, const struct qmon_outbox_channel *channel);
    void *context;
};

static int visit_channels(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_CHANNELS);
    const struct channels *channels = context;
    int r;

    while ((r = qmon__step(store, statement)) > 0) {
        struct qmon_outbox_channel channel = {
            .sink = qmon__column_text(statement, 0),
            .waiting = qmon__column_count(statement, 1),
            .sent = qmon__column_count(statement, 2),
            .rejected = qmon__column_count(statement, 3),
            .median_ms = qmon__column_count(statement, 4),
            .p95_ms = qmon__column_count(statement, 5),
            .slowest_ms = qmon__column_count(statement, 6),
            .reason = (const char *) sqlite3_column_text(statement, 7),
        };
        channels->visit(channels->context, &channel);
    }
    return r;
}

int qmon_outbox_channels(struct qmon_store *store,
                         void (*visit)(void *context, const struct qmon_outbox_channel *channel), void *context) {
    struct channels channels = {visit, context};

    return qmon__read(store, QMON__BUSY_MS, visit_channels, &channels);
}

struct rejected {
    uint64_t limit;
    void (*visit)(void *context, const struct qmon_outbox_rejected *item);
    void *context;
};

static int visit_rejected(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_SET_ASIDE);
    const struct rejected *rejected = context;
    int r;

    qmon__bind_count(statement, 1, rejected->limit);
    while ((r = qmon__step(store, statement)) > 0) {
        struct qmon_outbox_rejected item = {
            .event_id = qmon__column_text(statement, 0),
            .sink = qmon__column_text(statement, 1),
            .reason = qmon__column_text(statement, 2),
            .title = qmon__column_text(statement, 3),
            .time_ms = qmon__column_count(statement, 4),
            .attempts = (uint32_t) qmon__column_count(statement, 5),
        };
        rejected->visit(rejected->context, &item);
    }
    return r;
}

int qmon_outbox_set_aside(struct qmon_store *store, uint64_t limit,
                          void (*visit)(void *context, const struct qmon_outbox_rejected *item), void *context) {
    struct rejected rejected = {limit, visit, context};

    return qmon__read(store, QMON__BUSY_MS, visit_rejected, &rejected);
}

struct quiet {
    uint64_t before_ms, limit;
    void (*visit)(void *context, const struct qmon_quiet_problem *problem);
    void *context;
};

static int visit_quiet(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__QUIET);
    const struct quiet *quiet = context;
    int r;

    qmon__bind_count(statement, 1, quiet->before_ms);
    qmon__bind_count(statement, 2, quiet->limit);
    while ((r = qmon__step(store, statement)) > 0) {
        struct qmon_quiet_problem problem = {
            .event_id = qmon__column_text(statement, 0),
            .json = qmon__column_text(statement, 1),
            .last_ms = qmon__column_count(statement, 2),
            .events = qmon__column_count(statement, 3),
        };
        quiet->visit(quiet->context, &problem);
    }
    return r;
}

int qmon_store_quiet(struct qmon_store *store, uint64_t before_ms, uint64_t limit,
                     void (*visit)(void *context, const struct qmon_quiet_problem *problem), void *context) {
    struct quiet quiet = {before_ms, limit, visit, context};

    return qmon__read(store, QMON__BUSY_MS, visit_quiet, &quiet);
}

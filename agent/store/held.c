/*
 * held.c: what a channel's limit has held back.
 */
#include <stdio.h>

#include "database.h"

struct holding {
    const char *event_id;
    const char *const *sinks;
    size_t count;
    uint64_t now_ms;
};

static int hold(struct qmon_store *store, void *context) {
    const struct holding *holding = context;
    int r = 0;

    for (size_t i = 0; r == 0 && i < holding->count; i++) {
        sqlite3_stmt *statement = qmon__statement(store, QMON__HOLD);
        qmon__bind_text(statement, 1, holding->event_id);
        qmon__bind_text(statement, 2, holding->sinks[i]);
        qmon__bind_count(statement, 3, holding->now_ms);
        r = qmon__run(store, statement);
    }
    return r;
}

int qmon_store_hold(struct qmon_store *store, const char *event_id, const char *const *sinks, size_t count,
                    uint64_t now_ms) {
    struct holding holding = {event_id, sinks, count, now_ms};

    return count == 0 ? 0 : qmon__write(store, QMON__BUSY_MS, hold, &holding);
}

struct channels {
    struct qmon_held *held;
    size_t count, most;
};

static int list_channels(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__HELD_CHANNELS);
    struct channels *channels = context;
    int r;

    channels->count = 0;
    while ((r = qmon__step(store, statement)) > 0) {
        if (channels->count == channels->most)
            continue;
        struct qmon_held *held = &channels->held[channels->count++];
        snprintf(held->sink, sizeof held->sink, "%s", qmon__column_text(statement, 0));
        held->count = qmon__column_count(statement, 1);
        held->first_ms = qmon__column_count(statement, 2);
        held->last_ms = qmon__column_count(statement, 3);
    }
    return r;
}

int qmon_store_held(struct qmon_store *store, struct qmon_held *ret_held, size_t most) {
    struct channels channels = {.held = ret_held, .most = most};
    int r = qmon__read(store, QMON__BUSY_MS, list_channels, &channels);

    return r < 0 ? r : (int) channels.count;
}

struct problems {
    const char *sink;
    size_t most;
    void (*visit)(void *context, const struct qmon_held_problem *problem);
    void *context;
};

static int list_problems(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__HELD_PROBLEMS);
    const struct problems *problems = context;
    int r;

    qmon__bind_text(statement, 1, problems->sink);
    qmon__bind_count(statement, 2, problems->most);
    while ((r = qmon__step(store, statement)) > 0) {
        struct qmon_held_problem problem = {
            .title = qmon__column_text(statement, 0),
            .service = qmon__column_text(statement, 1),
            .times = qmon__column_count(statement, 2),
            .event_id = qmon__column_text(statement, 3),
            .problems = qmon__column_count(statement, 4),
        };
        problems->visit(problems->context, &problem);
    }
    return r;
}

int qmon_store_held_problems(struct qmon_store *store, const char *sink, size_t most,
                             void (*visit)(void *context, const struct qmon_held_problem *problem), void *context) {
    struct problems problems = {sink, most, visit, context};

    return qmon__read(store, QMON__BUSY_MS, list_problems, &problems);
}

struct telling {
    const char *sink;
    uint64_t now_ms;
};

static int tell(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__HELD_TOLD);
    const struct telling *telling = context;

    qmon__bind_text(statement, 1, telling->sink);
    qmon__bind_count(statement, 2, telling->now_ms);
    return qmon__run(store, statement);
}

int qmon_store_held_told(struct qmon_store *store, const char *sink, uint64_t now_ms) {
    struct telling telling = {sink, now_ms};

    return qmon__write(store, QMON__BUSY_MS, tell, &telling);
}

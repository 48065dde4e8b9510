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

/* As in the outbox: what is held back has status 3, what is told or handed over 4. */
static const char *reason_of(enum qmon_held_how how) {
    return how == QMON_HELD_HANDED_OVER ? "handed over" : NULL;
}

static uint64_t status_of(enum qmon_held_how how) {
    return how == QMON_HELD_UNTOLD ? 3 : 4;
}

struct channels {
    enum qmon_held_how how;
    struct qmon_held *held;
    size_t count, most;
};

static int list_channels(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__HELD_CHANNELS);
    struct channels *channels = context;
    int r;

    channels->count = 0;
    qmon__bind_count(statement, 1, status_of(channels->how));
    qmon__bind_text(statement, 2, reason_of(channels->how));
    while ((r = qmon__step(store, statement)) > 0) {
        if (channels->count == channels->most)
            continue;
        struct qmon_held *held = &channels->held[channels->count++];
        *held = (struct qmon_held){.how = channels->how};
        snprintf(held->sink, sizeof held->sink, "%s", qmon__column_text(statement, 0));
        held->count = qmon__column_count(statement, 1);
        held->first_ms = qmon__column_count(statement, 2);
        held->last_ms = qmon__column_count(statement, 3);
        held->last_row = sqlite3_column_int64(statement, 4);
    }
    return r;
}

int qmon_store_held(struct qmon_store *store, enum qmon_held_how how, struct qmon_held *ret_held, size_t most) {
    struct channels channels = {.how = how, .held = ret_held, .most = most};
    int r = qmon__read(store, QMON__BUSY_MS, list_channels, &channels);

    return r < 0 ? r : (int) channels.count;
}

static void bind_these(sqlite3_stmt *statement, const struct qmon_held *held) {
    qmon__bind_text(statement, 1, held->sink);
    qmon__bind_count(statement, 3, status_of(held->how));
    qmon__bind_text(statement, 4, reason_of(held->how));
    qmon__bind_count(statement, 5, (uint64_t) held->last_row);
}

struct problems {
    const struct qmon_held *held;
    size_t most;
    void (*visit)(void *context, const struct qmon_held_problem *problem);
    void *context;
};

static int list_problems(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__HELD_PROBLEMS);
    const struct problems *problems = context;
    int r;

    bind_these(statement, problems->held);
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

int qmon_store_held_problems(struct qmon_store *store, const struct qmon_held *held, size_t most,
                             void (*visit)(void *context, const struct qmon_held_problem *problem), void *context) {
    struct problems problems = {held, most, visit, context};

    return qmon__read(store, QMON__BUSY_MS, list_problems, &problems);
}

struct becoming {
    const struct qmon_held *held;
    enum qmon_held_how how;
    uint64_t now_ms;
    int count;
};

static int become(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__HELD_TOLD);
    struct becoming *becoming = context;
    int r;

    bind_these(statement, becoming->held);
    qmon__bind_count(statement, 2, becoming->now_ms);
    qmon__bind_text(statement, 6, reason_of(becoming->how));
    r = qmon__run(store, statement);
    becoming->count = sqlite3_changes(store->db);
    return r;
}

int qmon_store_held_become(struct qmon_store *store, const struct qmon_held *held, enum qmon_held_how how,
                           uint64_t now_ms) {
    struct becoming becoming = {held, how, now_ms, 0};
    int r = qmon__write(store, QMON__BUSY_MS, become, &becoming);

    return r < 0 ? r : becoming.count;
}

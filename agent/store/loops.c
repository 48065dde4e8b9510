/*
 * loops.c: crashes of one program that follow each other. Kept as windows are, under keys that begin with "loop|": when the first
 * came, how many, when the last one did, and how many there were when it was told.
 */
#include "database.h"

#define DAY_MS (24ull * 3600 * 1000)

struct looping {
    const char *key;
    uint64_t start_ms, told, now_ms, gap_ms;
    uint64_t told_before, since_ms; /* what who tells it knows */
    struct qmon_loop loop;
};

static int get(struct qmon_store *store, struct looping *looping) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__WINDOW_GET);
    int r;

    looping->loop = (struct qmon_loop){0};
    qmon__bind_text(statement, 1, looping->key);
    r = qmon__step(store, statement);
    if (r > 0) {
        looping->loop.since_ms = qmon__column_count(statement, 0);
        looping->loop.told = qmon__column_count(statement, 1);
        looping->loop.count = qmon__column_count(statement, 2);
        looping->loop.last_ms = qmon__column_count(statement, 5);
        sqlite3_reset(statement);
    }
    return r < 0 ? r : 0;
}

static int put(struct qmon_store *store, const struct looping *looping) {
    const struct qmon_loop *loop = &looping->loop;
    sqlite3_stmt *statement = qmon__statement(store, QMON__WINDOW_PUT);

    qmon__bind_text(statement, 1, looping->key);
    qmon__bind_count(statement, 2, loop->since_ms);
    qmon__bind_count(statement, 3, loop->told);
    qmon__bind_count(statement, 4, loop->count);
    qmon__bind_count(statement, 5, 0);
    qmon__bind_count(statement, 6, loop->since_ms);
    qmon__bind_count(statement, 7, loop->last_ms);
    qmon__bind_count(statement, 8, loop->last_ms + 7 * DAY_MS);
    qmon__bind_count(statement, 9, 0);
    return qmon__run(store, statement);
}

/* A clock that was put back behind the last crash begins it anew, too. */
static void begin_if_over(struct looping *looping) {
    struct qmon_loop *loop = &looping->loop;
    bool over = looping->now_ms > loop->last_ms ? looping->now_ms - loop->last_ms >= looping->gap_ms
                                                : loop->last_ms - looping->now_ms >= looping->gap_ms;

    if (loop->count > 0 && over && loop->told == 0)
        *loop = (struct qmon_loop){0};
}

static int look(struct qmon_store *store, void *context) {
    struct looping *looping = context;
    int r = get(store, looping);

    if (r == 0)
        begin_if_over(looping);
    return r;
}

static int add(struct qmon_store *store, void *context) {
    struct looping *looping = context;
    struct qmon_loop *loop = &looping->loop;
    int r = look(store, looping);

    if (r < 0)
        return r;
    if (loop->count > 0 && looping->start_ms != 0 && looping->start_ms <= loop->last_ms)
        return 1;
    if (loop->count == 0)
        loop->since_ms = loop->last_ms = looping->now_ms;
    loop->count++;
    if (loop->last_ms < looping->now_ms) /* a clock that was put back takes nothing from it */
        loop->last_ms = looping->now_ms;
    return put(store, looping);
}

int qmon_store_loop_add(struct qmon_store *store, const char *key, uint64_t start_ms, uint64_t now_ms, uint64_t gap_ms,
                        struct qmon_loop *ret_loop) {
    struct looping looping = {.key = key, .start_ms = start_ms, .now_ms = now_ms, .gap_ms = gap_ms};
    int r = qmon__write(store, QMON__BUSY_MS, add, &looping);

    if (r >= 0)
        *ret_loop = looping.loop;
    return r;
}

int qmon_store_loop(struct qmon_store *store, const char *key, uint64_t now_ms, uint64_t gap_ms,
                    struct qmon_loop *ret_loop) {
    struct looping looping = {.key = key, .now_ms = now_ms, .gap_ms = gap_ms};
    int r = qmon__read(store, QMON__BUSY_MS, look, &looping);

    if (r == 0)
        *ret_loop = looping.loop;
    return r;
}

static int tell(struct qmon_store *store, void *context) {
    struct looping *looping = context;
    int r = get(store, looping);

    if (r < 0)
        return r;
    if (looping->loop.told != looping->told_before || looping->loop.since_ms != looping->since_ms)
        return 1;
    looping->loop.told = looping->told;
    if (looping->told == 0) /* it is over */
        looping->loop.count = 0;
    return put(store, looping);
}

int qmon_store_loop_told(struct qmon_store *store, const char *key, const struct qmon_loop *known, uint64_t count) {
    struct looping looping = {.key = key, .told = count, .told_before = known->told, .since_ms = known->since_ms};

    return qmon__write(store, QMON__BUSY_MS, tell, &looping);
}

struct over {
    uint64_t before_ms, limit;
    void (*visit)(void *context, const char *key, const struct qmon_loop *loop);
    void *context;
};

static int list_over(struct qmon_store *store, void *context) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__LOOPS_OVER);
    const struct over *over = context;
    int r;

    qmon__bind_count(statement, 1, over->before_ms);
    qmon__bind_count(statement, 2, over->limit);
    while ((r = qmon__step(store, statement)) > 0) {
        struct qmon_loop loop = {.count = qmon__column_count(statement, 1),
                                 .since_ms = qmon__column_count(statement, 2),
                                 .last_ms = qmon__column_count(statement, 3),
                                 .told = qmon__column_count(statement, 4)};
        over->visit(over->context, qmon__column_text(statement, 0), &loop);
    }
    return r;
}

int qmon_store_loops_over(struct qmon_store *store, uint64_t before_ms, uint64_t limit,
                          void (*visit)(void *context, const char *key, const struct qmon_loop *loop), void *context) {
    struct over over = {before_ms, limit, visit, context};

    return qmon__read(store, QMON__BUSY_MS, list_over, &over);
}

/*
 * windows.c: who may alert, on this host.
 */
#include <errno.h>

#include "database.h"

#define HOUR_MS (3600ull * 1000)
#define KEPT_MS (7 * 24 * HOUR_MS) /* after its last occurrence, or for two windows if that is longer */
#define SAME_WINDOW_MS 2000u       /* windows of two clocks that begin so near to each other are one */

struct deciding {
    const struct qmon_decision_request *request;
    const struct qmon_window *recalled, *decided;
    struct qmon_window window;
    struct qmon_decision decision;
};

static int get(struct qmon_store *store, const char *key, struct qmon_window *ret_window) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__WINDOW_GET);
    int r;

    qmon__bind_text(statement, 1, key);
    r = qmon__step(store, statement);
    if (r < 0)
        return r;
    *ret_window = (struct qmon_window){0};
    if (r > 0) {
        ret_window->start_ms = qmon__column_count(statement, 0);
        ret_window->alerts = qmon__column_count(statement, 1);
        ret_window->total = qmon__column_count(statement, 2);
        ret_window->suppressed = qmon__column_count(statement, 3);
        ret_window->first_seen_ms = qmon__column_count(statement, 4);
        ret_window->last_seen_ms = qmon__column_count(statement, 5);
        ret_window->asked_ms = qmon__column_count(statement, 6);
        sqlite3_reset(statement);
    }
    return 0;
}

/* In whole hours, so that the index over it changes rarely. */
static uint64_t expiry_of(const struct qmon_decision_request *request) {
    uint64_t kept_ms;

    if (__builtin_mul_overflow(request->window_s, 2000, &kept_ms) || kept_ms < KEPT_MS)
        kept_ms = KEPT_MS;
    if (__builtin_add_overflow(request->now_ms, kept_ms, &kept_ms) || kept_ms > INT64_MAX)
        kept_ms = INT64_MAX;
    return kept_ms / HOUR_MS * HOUR_MS + HOUR_MS;
}

static int put(struct qmon_store *store, const struct qmon_decision_request *request,
               const struct qmon_window *window) {
    sqlite3_stmt *statement = qmon__statement(store, QMON__WINDOW_PUT);

    qmon__bind_text(statement, 1, request->key);
    qmon__bind_count(statement, 2, window->start_ms);
    qmon__bind_count(statement, 3, window->alerts);
    qmon__bind_count(statement, 4, window->total);
    qmon__bind_count(statement, 5, window->suppressed);
    qmon__bind_count(statement, 6, window->first_seen_ms);
    qmon__bind_count(statement, 7, window->last_seen_ms);
    qmon__bind_count(statement, 8, expiry_of(request));
    qmon__bind_count(statement, 9, window->asked_ms);
    return qmon__run(store, statement);
}

static int decide(struct qmon_store *store, void *context) {
    struct deciding *deciding = context;
    int r = get(store, deciding->request->key, &deciding->window);

    if (r < 0)
        return r;
    qmon_window_decide(&deciding->window, deciding->request, &deciding->decision);
    return put(store, deciding->request, &deciding->window);
}

int qmon_store_decide(struct qmon_store *store, const struct qmon_decision_request *request,
                      struct qmon_decision *ret_decision) {
    struct deciding deciding = {.request = request};
    int r = qmon__write(store, QMON__BUSY_DECISION_MS, decide, &deciding);

    if (r < 0)
        return r;
    *ret_decision = deciding.decision;
    ret_decision->source = qmon_store_is_durable(store) ? "local" : "memory";
    return 0;
}

static int recall(struct qmon_store *store, void *context) {
    struct deciding *deciding = context;

    return get(store, deciding->request->key, &deciding->window);
}

int qmon_store_recall(struct qmon_store *store, const struct qmon_decision_request *request,
                      struct qmon_window *ret_window) {
    struct deciding deciding = {.request = request};
    int r = qmon__read(store, QMON__BUSY_DECISION_MS, recall, &deciding);

    if (r == 0)
        *ret_window = deciding.window;
    return r;
}

static bool says_the_same(const struct qmon_window *one, const struct qmon_window *other) {
    uint64_t apart =
        one->start_ms > other->start_ms ? one->start_ms - other->start_ms : other->start_ms - one->start_ms;

    return apart <= SAME_WINDOW_MS && one->alerts == other->alerts;
}

/* The other cache's window becomes ours; what was held back here since `recalled` is still ours to hand over. */
static int learn(struct qmon_store *store, void *context) {
    struct deciding *deciding = context;
    struct qmon_window *window = &deciding->window;
    uint64_t handed_over = deciding->recalled->suppressed;
    uint64_t kept;
    int r = get(store, deciding->request->key, window);

    if (r < 0)
        return r;
    kept = window->suppressed > handed_over ? window->suppressed - handed_over : 0;
    *window = *deciding->decided;
    window->suppressed = kept;
    window->asked_ms = deciding->request->now_ms;
    return put(store, deciding->request, window);
}

int qmon_store_learn(struct qmon_store *store, const struct qmon_decision_request *request,
                     const struct qmon_window *recalled, const struct qmon_window *decided) {
    struct deciding deciding = {.request = request, .recalled = recalled, .decided = decided};

    if (recalled->suppressed == 0 && recalled->total > 0 && says_the_same(recalled, decided) &&
        decided->total < QMON_WINDOW_HOT)
        return 0; /* nothing that is worth a write */
    return qmon__write(store, QMON__BUSY_DECISION_MS, learn, &deciding);
}

/* outbox_sent.c: what channels were told of a problem before. Looked for among the alerts of a time, not among all events. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"

struct question {
    const char *event_id, *sink, *remote_id;
    uint64_t since_ms;
    char *ret_text;
    uint64_t ret_times;
};

static int take_text(sqlite3_stmt *statement, struct question *question) {
    free(question->ret_text);
    question->ret_text = strdup(qmon__column_text(statement, 0));
    return question->ret_text == NULL ? -ENOMEM : 0;
}

static int find_newest(struct qmon_store *store, void *context) {
    struct question *question = context;
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_NEWEST);
    int r;

    qmon__bind_text(statement, 1, question->event_id);
    qmon__bind_text(statement, 2, question->sink);
    qmon__bind_count(statement, 3, question->since_ms);
    r = qmon__step(store, statement);
    if (r <= 0)
        return r < 0 ? r : 1;
    r = take_text(statement, question);
    sqlite3_reset(statement);
    return r;
}

int qmon_outbox_newest(struct qmon_store *store, const char *event_id, const char *sink, uint64_t since_ms,
                       char **ret_remote_id) {
    struct question question = {.event_id = event_id, .sink = sink, .since_ms = since_ms};
    int r = qmon__read(store, QMON__BUSY_MS, find_newest, &question);

    if (r == 0)
        *ret_remote_id = question.ret_text;
    else
        free(question.ret_text);
    return r;
}

static int find_message(struct qmon_store *store, void *context) {
    struct question *question = context;
    sqlite3_stmt *statement = qmon__statement(store, QMON__OUTBOX_MESSAGE);
    uint64_t group, since_ms;
    int r;

    qmon__bind_text(statement, 1, question->sink);
    qmon__bind_text(statement, 2, question->remote_id);
    r = qmon__step(store, statement);
    if (r <= 0)
        return r < 0 ? r : 1;
    r = take_text(statement, question);
    since_ms = qmon__column_count(statement, 1);
    group = qmon__column_count(statement, 2);
    sqlite3_reset(statement);
    if (r < 0)
        return r;
    statement = qmon__statement(store, QMON__OUTBOX_TIMES);
    qmon__bind_text(statement, 1, question->sink);
    qmon__bind_text(statement, 2, question->remote_id);
    qmon__bind_count(statement, 3, since_ms);
    qmon__bind_count(statement, 4, group);
    r = qmon__step(store, statement);
    if (r <= 0)
        return r < 0 ? r : -EIO;
    question->ret_times = qmon__column_count(statement, 0);
    sqlite3_reset(statement);
    return 0;
}

int qmon_outbox_message(struct qmon_store *store, const char *sink, const char *remote_id, char **ret_json,
                        uint64_t *ret_times) {
    struct question question = {.sink = sink, .remote_id = remote_id};
    int r = qmon__read(store, QMON__BUSY_MS, find_message, &question);

    if (r == 0) {
        *ret_json = question.ret_text;
        *ret_times = question.ret_times;
    } else {
        free(question.ret_text);
    }
    return r;
}

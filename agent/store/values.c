/*
 * values.c: plain values, in the table of what is known about the store, as "value:KEY": when it expires, a blank, and the value.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"

struct value {
    char *key, *text;
    uint64_t now_ms;
    char *found;
};

static int set(struct qmon_store *store, void *context) {
    const struct value *value = context;
    sqlite3_stmt *statement = qmon__statement(store, QMON__DROP_VALUES);
    int r;

    qmon__bind_count(statement, 1, value->now_ms);
    r = qmon__run(store, statement);
    if (r < 0)
        return r;
    statement = qmon__statement(store, QMON__META_PUT);
    qmon__bind_text(statement, 1, value->key);
    qmon__bind_text(statement, 2, value->text);
    return qmon__run(store, statement);
}

int qmon_store_value_set(struct qmon_store *store, const char *key, const char *text, uint64_t expires_ms,
                         uint64_t now_ms) {
    struct value value = {.now_ms = now_ms};
    int r = -ENOMEM;

    if (asprintf(&value.key, "value:%s", key) < 0)
        value.key = NULL;
    if (asprintf(&value.text, "%" PRIu64 " %s", expires_ms, text) < 0)
        value.text = NULL;
    if (value.key != NULL && value.text != NULL)
        r = qmon__write(store, QMON__BUSY_MS, set, &value);
    free(value.key);
    free(value.text);
    return r;
}

static int get(struct qmon_store *store, void *context) {
    struct value *value = context;
    sqlite3_stmt *statement = qmon__statement(store, QMON__META_GET);
    const char *text;
    int r;

    qmon__bind_text(statement, 1, value->key);
    r = qmon__step(store, statement);
    if (r <= 0)
        return r;
    text = qmon__column_text(statement, 0);
    free(value->found);
    value->found = text != NULL ? strdup(text) : NULL;
    sqlite3_reset(statement);
    return value->found != NULL ? 0 : -ENOMEM;
}

int qmon_store_value_get(struct qmon_store *store, const char *key, uint64_t now_ms, char **ret_value) {
    struct value value = {0};
    uint64_t expires_ms;
    char *end;
    int r;

    if (asprintf(&value.key, "value:%s", key) < 0)
        return -ENOMEM;
    r = qmon__read(store, QMON__BUSY_MS, get, &value);
    free(value.key);
    if (r < 0 || value.found == NULL) {
        free(value.found);
        return r < 0 ? r : 1;
    }
    expires_ms = strtoull(value.found, &end, 10);
    if (*end != ' ' || (expires_ms > 0 && expires_ms <= now_ms)) {
        free(value.found);
        return 1;
    }
    memmove(value.found, end + 1, strlen(end + 1) + 1);
    *ret_value = value.found;
    return 0;
}

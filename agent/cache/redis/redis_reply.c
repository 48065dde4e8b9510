#include "redis_reply.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if HIREDIS_MAJOR < 1
typedef int items_count;
#else
typedef size_t items_count;
#endif

struct qmon__reply_reader {
    redisReader *reader;
    size_t bytes; /* fed since the last complete reply */
};

void qmon__reply_free(struct qmon__reply *reply) {
    if (reply == NULL)
        return;
    for (size_t i = 0; i < QMON__REPLY_ITEMS_MAX; i++)
        qmon__reply_free(reply->items[i]);
    free(reply->whole);
    free(reply);
}

/* --- the parser makes our replies instead of its own, which know no bounds --- */

static void *create(const redisReadTask *task, enum qmon__reply_type type) {
    struct qmon__reply *reply = calloc(1, sizeof *reply);
    struct qmon__reply *parent = task->parent != NULL ? task->parent->obj : NULL;

    if (reply == NULL)
        return NULL;
    reply->type = type;
    if (parent != NULL) /* idx is below the count that create_array has let through */
        parent->items[task->idx] = reply;
    return reply;
}

static void *create_text(const redisReadTask *task, char *text, size_t bytes) {
    bool error = task->type == REDIS_REPLY_ERROR;
    struct qmon__reply *reply = create(task, error ? QMON__REPLY_ERROR : QMON__REPLY_TEXT);

    if (reply == NULL)
        return NULL;
    memcpy(reply->text, text, bytes < sizeof reply->text ? bytes : sizeof reply->text - 1);
    if (bytes >= sizeof reply->text)
        reply->whole = strndup(text, bytes); /* where there is no memory, the cut text is what there is */
    return reply;
}

static void *create_array(const redisReadTask *task, items_count items) {
    struct qmon__reply *reply;

    if ((size_t) items > QMON__REPLY_ITEMS_MAX) /* a negative number is a large one */
        return NULL;
    reply = create(task, QMON__REPLY_ARRAY);
    if (reply != NULL)
        reply->count = (size_t) items;
    return reply;
}

static void *create_integer(const redisReadTask *task, long long value) {
    struct qmon__reply *reply = create(task, QMON__REPLY_INTEGER);

    if (reply != NULL)
        reply->integer = value;
    return reply;
}

static void *create_nil(const redisReadTask *task) {
    return create(task, QMON__REPLY_NIL);
}

static void free_object(void *object) {
    qmon__reply_free(object);
}

struct qmon__reply_reader *qmon__reply_reader_new(void) {
    static redisReplyObjectFunctions functions = {
        .createString = create_text,
        .createArray = create_array,
        .createInteger = create_integer,
        .createNil = create_nil,
        .freeObject = free_object,
    };
    struct qmon__reply_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return NULL;
    reader->reader = redisReaderCreateWithFunctions(&functions);
    if (reader->reader == NULL) {
        free(reader);
        return NULL;
    }
    return reader;
}

void qmon__reply_reader_free(struct qmon__reply_reader *reader) {
    if (reader == NULL)
        return;
    redisReaderFree(reader->reader);
    free(reader);
}

int qmon__reply_feed(struct qmon__reply_reader *reader, const char *data, size_t bytes) {
    if (bytes > QMON__REPLY_BYTES_MAX - reader->bytes)
        return -EBADMSG;
    reader->bytes += bytes;
    if (redisReaderFeed(reader->reader, data, bytes) != REDIS_OK)
        return reader->reader->err == REDIS_ERR_OOM ? -ENOMEM : -EBADMSG;
    return 0;
}

int qmon__reply_next(struct qmon__reply_reader *reader, struct qmon__reply **ret_reply) {
    void *reply = NULL;

    if (redisReaderGetReply(reader->reader, &reply) != REDIS_OK)
        return -EBADMSG;
    if (reply == NULL)
        return 0;
    reader->bytes = reader->reader->len - reader->reader->pos;
    *ret_reply = reply;
    return 1;
}

bool qmon__reply_is_pending(const struct qmon__reply_reader *reader) {
    return reader->bytes > 0;
}

int qmon__reply_error(const struct qmon__reply *reply) {
    static const struct {
        const char *word;
        int error;
    } words[] = {
        {"NOSCRIPT", -ENOENT},   {"NOAUTH", -EACCES}, {"WRONGPASS", -EACCES}, {"NOPERM", -EACCES},
        {"DENIED", -EACCES}, /* protected mode */
        {"LOADING", -EBUSY},     {"BUSY", -EBUSY},    {"TRYAGAIN", -EBUSY},   {"MASTERDOWN", -EBUSY},
        {"CLUSTERDOWN", -EBUSY}, {"OOM", -ENOBUFS},   {"MISCONF", -EROFS},    {"NOREPLICAS", -EROFS},
        {"READONLY", -EROFS},    {"MOVED", -EREMCHG}, {"ASK", -EREMCHG},
    };
    const char *text = reply->text + (reply->text[0] == '-');
    size_t bytes = strcspn(text, " ");

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].word) == bytes && memcmp(words[i].word, text, bytes) == 0)
            return words[i].error;
    /* Before it knows who asks, Redis takes commands of ten words at most, and ours is longer. */
    return strstr(text, "unauthenticated") != NULL ? -EACCES : -EPROTO;
}

#define FIELDS 6
#define FLEET_FIELDS 9

static bool numbers_of(const struct qmon__reply *reply, size_t first, size_t count, uint64_t *ret_numbers) {
    for (size_t i = 0; i < count; i++) {
        const struct qmon__reply *item = reply->items[first + i];
        if (item == NULL || item->type != QMON__REPLY_INTEGER || item->integer < 0)
            return false;
        ret_numbers[i] = (uint64_t) item->integer;
    }
    return true;
}

static uint64_t time_of(uint64_t now_ms, uint64_t age_ms) {
    return now_ms > age_ms ? now_ms - age_ms : 1;
}

static bool read_version(const struct qmon__reply *reply, uint64_t now_ms, struct qmon_fleet_version *ret_version) {
    enum { OCCURRENCES, FIRST_AGE, LAST_AGE, NUMBERS };
    uint64_t numbers[NUMBERS];

    if (reply == NULL || reply->type != QMON__REPLY_ARRAY || reply->count != 1 + NUMBERS || reply->items[0] == NULL ||
        reply->items[0]->type != QMON__REPLY_TEXT || !numbers_of(reply, 1, NUMBERS, numbers))
        return false;
    snprintf(ret_version->name, sizeof ret_version->name, "%s", reply->items[0]->text);
    ret_version->occurrences = numbers[OCCURRENCES];
    ret_version->first_seen_ms = time_of(now_ms, numbers[FIRST_AGE]);
    ret_version->last_seen_ms = time_of(now_ms, numbers[LAST_AGE]);
    return true;
}

static bool read_fleet(const struct qmon__reply *reply, uint64_t now_ms, struct qmon_fleet *ret_fleet) {
    const struct qmon__reply *versions = reply->items[FLEET_FIELDS - 1];
    uint64_t numbers[2];

    if (!numbers_of(reply, FIELDS, 2, numbers) || versions == NULL || versions->type != QMON__REPLY_ARRAY ||
        versions->count > QMON_VERSIONS_MAX)
        return false;
    ret_fleet->occurrences = numbers[0];
    ret_fleet->hosts = numbers[1];
    ret_fleet->version_count = versions->count;
    for (size_t i = 0; i < versions->count; i++)
        if (!read_version(versions->items[i], now_ms, &ret_fleet->versions[i]))
            return false;
    return true;
}

int qmon__reply_decision(const struct qmon__reply *reply, const struct qmon_decision_request *request,
                         struct qmon_decision *ret_decision) {
    enum { ALERT, SUPPRESSED, TOTAL, ALERTS, WINDOW_AGE, FIRST_AGE };
    struct qmon_fleet fleet = {0};
    uint64_t fields[FIELDS];
    uint64_t now_ms = request->now_ms;

    if (reply->type != QMON__REPLY_ARRAY || (reply->count != FIELDS && reply->count != FLEET_FIELDS) ||
        !numbers_of(reply, 0, FIELDS, fields) || fields[ALERT] > 1 || fields[TOTAL] == 0 ||
        (reply->count == FLEET_FIELDS && !read_fleet(reply, now_ms, &fleet)))
        return -EBADMSG;
    *ret_decision = (struct qmon_decision){
        .alert = fields[ALERT] == 1,
        .suppressed = fields[SUPPRESSED],
        .total = fields[TOTAL],
        .first_seen_ms = time_of(now_ms, fields[FIRST_AGE]),
        .last_seen_ms = now_ms,
        .source = "redis",
        .fleet = fleet,
    };
    ret_decision->window = (struct qmon_window){
        .start_ms = time_of(now_ms, fields[WINDOW_AGE]),
        .alerts = fields[ALERTS],
        .total = fields[TOTAL],
        .first_seen_ms = ret_decision->first_seen_ms,
        .last_seen_ms = now_ms,
    };
    return 0;
}

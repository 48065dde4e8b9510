/*
 * redis_reply.h: what Redis answers, read as untrusted input: replies are bounded in size, number of items and depth.
 */
#ifndef QMON__CACHE_REDIS_REPLY_H
#define QMON__CACHE_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/cache.h>

#define QMON__REPLY_BYTES_MAX 65536u /* one reply on the wire */
#define QMON__REPLY_ITEMS_MAX 16
#define QMON__REPLY_TEXT_BYTES 256 /* kept beside the reply; a longer text has memory of its own */

enum qmon__reply_type {
    QMON__REPLY_NIL,
    QMON__REPLY_INTEGER,
    QMON__REPLY_TEXT, /* bulk or status */
    QMON__REPLY_ERROR,
    QMON__REPLY_ARRAY,
};

struct qmon__reply {
    enum qmon__reply_type type;
    int64_t integer;
    char text[QMON__REPLY_TEXT_BYTES]; /* cut */
    char *whole;                       /* the text, where it is longer; else NULL */
    size_t count;
    struct qmon__reply *items[QMON__REPLY_ITEMS_MAX]; /* NULL: missing */
};
void qmon__reply_free(struct qmon__reply *reply);

struct qmon__reply_reader;
struct qmon__reply_reader *qmon__reply_reader_new(void); /* NULL: out of memory */
void qmon__reply_reader_free(struct qmon__reply_reader *reader);

/* Takes bytes as they come. 0, or -EBADMSG / -ENOMEM, after which the reader is of no further use. */
int qmon__reply_feed(struct qmon__reply_reader *reader, const char *data, size_t bytes);
/* The next complete reply: 1 and *ret_reply, to be freed; 0 where more bytes are needed; -EBADMSG, -ENOMEM. */
int qmon__reply_next(struct qmon__reply_reader *reader, struct qmon__reply **ret_reply);

/* Has it bytes that belong to no reply given out? */
bool qmon__reply_is_pending(const struct qmon__reply_reader *reader);

/* The error that an error reply stands for, by its first word: -EACCES, -EBUSY, -ENOBUFS, -EROFS, -EREMCHG (MOVED, ASK),
 * -ENOENT (NOSCRIPT), else -EPROTO. */
int qmon__reply_error(const struct qmon__reply *reply);

/* The answer of the script that decides (redis_script.c), for this request. 0 or -EBADMSG; ret_decision untouched then. */
int qmon__reply_decision(const struct qmon__reply *reply, const struct qmon_decision_request *request,
                         struct qmon_decision *ret_decision);

#endif

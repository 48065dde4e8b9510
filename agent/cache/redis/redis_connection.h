/*
 * redis_connection.h: a conversation with Redis: commands out, replies in, each bounded by the same deadline.
 */
#ifndef QMON__CACHE_REDIS_CONNECTION_H
#define QMON__CACHE_REDIS_CONNECTION_H

#include "redis_reply.h"
#include "redis_transport.h"

struct qmon__redis_connection;

/* Whom one speaks to there. */
enum qmon__redis_whom { QMON__REDIS_DATA, QMON__REDIS_SENTINEL };

/* Connects, and sends AUTH and SELECT where the address has a password or a database; waits for an answer only to SELECT. One
 * to AUTH is not looked at: a server that refuses a password may work nevertheless, and says so if not. `node` as for
 * qmon__redis_connect. 0 or a negative errno. *ret_note (valid until the thread's next call, NULL none) says more where
 * there is more to say. */
int qmon__redis_open(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                     enum qmon__redis_whom whom, uint64_t deadline_ms, struct qmon__redis_connection **ret_connection,
                     const char **ret_note);
void qmon__redis_close(struct qmon__redis_connection *connection); /* NULL is fine */

/* One command and its reply, which is to be freed; an error reply is a reply. 0, or a negative errno after which the
 * connection is of no further use. */
int qmon__redis_ask(struct qmon__redis_connection *connection, int count, const char *const *arguments,
                    uint64_t deadline_ms, struct qmon__reply **ret_reply);
/* Several commands in one go, and their replies in the same order: ret_replies[0..return value), to be freed. Fewer than `count`
 * where it failed in between; *ret_error is then why, else 0. All have `arguments_each` arguments. */
size_t qmon__redis_ask_many(struct qmon__redis_connection *connection, size_t count, int arguments_each,
                            const char *const *const *commands, uint64_t deadline_ms, struct qmon__reply **ret_replies,
                            int *ret_error);
/* What the transport said about its failure; NULL nothing. */
const char *qmon__redis_said(struct qmon__redis_connection *connection);

#endif

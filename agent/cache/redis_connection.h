/*
 * redis_connection.h: a conversation with Redis: commands out, replies in, each bounded by the same deadline.
 */
#ifndef QMON__CACHE_REDIS_CONNECTION_H
#define QMON__CACHE_REDIS_CONNECTION_H

#include "redis_reply.h"
#include "redis_transport.h"

struct qmon__redis_connection;

/* Connects, and sends AUTH and SELECT where the address has a password or a database; waits for an answer only to SELECT. One
 * to AUTH is not looked at: a server that refuses a password may work nevertheless, and says so if not. 0 or a negative errno. *ret_note (static, NULL none) says more where there is more to say. */
int qmon__redis_open(const struct qmon__redis_address *address, uint64_t deadline_ms,
                     struct qmon__redis_connection **ret_connection, const char **ret_note);
void qmon__redis_close(struct qmon__redis_connection *connection); /* NULL is fine */

/* One command and its reply, which is to be freed; an error reply is a reply. 0, or a negative errno after which the
 * connection is of no further use. */
int qmon__redis_ask(struct qmon__redis_connection *connection, int count, const char *const *arguments,
                    uint64_t deadline_ms, struct qmon__reply **ret_reply);

#endif

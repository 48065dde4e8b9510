/*
 * redis_route.h: from a question to whoever can answer it: the one server; the master that the sentinels name; the node of a
 * cluster that keeps the key.
 */
#ifndef QMON__CACHE_REDIS_ROUTE_H
#define QMON__CACHE_REDIS_ROUTE_H

#include "redis_connection.h"

struct qmon__redis_route;
/* Borrows the address. NULL: out of memory. Does no I/O. */
struct qmon__redis_route *qmon__redis_route_new(const struct qmon__redis_address *address);
void qmon__redis_route_free(struct qmon__redis_route *route); /* NULL is fine */

struct qmon__redis_command {
    const char *key; /* that it is about */
    int count;
    const char *const *arguments; /* EVALSHA ... */
    const char *const *whole;     /* the same with the script itself, for who does not know it; NULL none */
};

/* 0 and a reply that is no error, to be freed; a negative errno, and ret_problem a sentence. A command may be sent more than
 * once, where it is not known whether it has arrived. */
int qmon__redis_route_ask(struct qmon__redis_route *route, const struct qmon__redis_command *command,
                          uint64_t deadline_ms, struct qmon__reply **ret_reply, char *ret_problem, size_t bytes);

/* The same of several questions (at most QMON_DECISIONS_MAX) in one round trip to each of those who are to answer them, where
 * all goes well: ret_replies[i] is NULL where it did not, and the question is to be asked by itself. */
void qmon__redis_route_ask_many(struct qmon__redis_route *route, const struct qmon__redis_command *const *commands,
                                size_t count, uint64_t deadline_ms, struct qmon__reply **ret_replies);

/* About the last answer, for people: where it came from ("10.0.0.7:6379"), the connection (to be used at once, and not
 * closed), and whether it is a node of a cluster. */
const char *qmon__redis_route_where(struct qmon__redis_route *route);
struct qmon__redis_connection *qmon__redis_route_connection(struct qmon__redis_route *route);
bool qmon__redis_route_is_cluster(const struct qmon__redis_route *route);
/* Hangs up where the last answer came from: it was no answer. */
void qmon__redis_route_distrust(struct qmon__redis_route *route);

#endif

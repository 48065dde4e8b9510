/*
 * redis_route_inside.h: what a route knows. Private to redis_route*.c.
 */
#ifndef QMON__CACHE_REDIS_ROUTE_INSIDE_H
#define QMON__CACHE_REDIS_ROUTE_INSIDE_H

#include "redis_cluster.h"
#include "redis_route.h"

#define QMON__REDIS_MEMBERS_MAX 64
#define QMON__REDIS_NOBODY (-1)

struct qmon__member {
    struct qmon__redis_node node;
    struct qmon__redis_connection *connection; /* NULL: none */
    unsigned failed;                           /* the round in which it failed last */
};

struct qmon__redis_route {
    const struct qmon__redis_address *address;
    struct qmon__member members[QMON__REDIS_MEMBERS_MAX];
    int count;
    int last;       /* who answered last, or whom the sentinels named; or QMON__REDIS_NOBODY */
    unsigned round; /* from 1 */
    bool cluster, mapped;
    char where[192];
    uint8_t keeper[QMON__REDIS_SLOTS]; /* index into members + 1; 0 not known */
};

void qmon__redis_hang_up(struct qmon__member *member);
/* Who is to be asked about the key, as far as that is known without asking anybody; or QMON__REDIS_NOBODY. */
int qmon__redis_keeper(struct qmon__redis_route *route, const char *key);

#endif

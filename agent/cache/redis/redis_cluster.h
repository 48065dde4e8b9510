/*
 * redis_cluster.h: who keeps a key in a cluster.
 */
#ifndef QMON__CACHE_REDIS_CLUSTER_H
#define QMON__CACHE_REDIS_CLUSTER_H

#include <stdbool.h>

#include "redis_address.h"

#define QMON__REDIS_SLOTS 16384u

/* The slot of a key: of what stands between its first brace and the next closing one, where there is something. */
unsigned qmon__redis_slot(const char *key);

/* "MOVED 3999 127.0.0.1:6381", "ASK ...": into *ret_node; without a host it is that of `asked`. False: it is neither, or
 * cannot be read. */
bool qmon__redis_redirection(const char *text, const struct qmon__redis_node *asked, bool *ret_ask,
                             struct qmon__redis_node *ret_node);

struct qmon__redis_range { /* of slots, that a node keeps; first > last: none */
    struct qmon__redis_node node;
    bool master;
    unsigned first, last;
};
/* What CLUSTER NODES answers, node by node and range by range. Nodes that are failing, or that nobody can be told how to
 * reach, are left out. `names`: by their names, where they have one (certificates are made out to names). */
void qmon__redis_read_nodes(const char *text, bool names, void (*found)(void *, const struct qmon__redis_range *),
                            void *context);

#endif

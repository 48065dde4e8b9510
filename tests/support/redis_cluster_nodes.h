/*
 * redis_cluster_nodes.h: a real cluster of a test's own: three masters, and a replica of each.
 */
#ifndef QMON_TEST_REDIS_CLUSTER_NODES_H
#define QMON_TEST_REDIS_CLUSTER_NODES_H

#include "redis_server.h"

#define CLUSTER_MASTERS 3
#define CLUSTER_NODES 6

struct redis_cluster {
    struct redis_server nodes[CLUSTER_NODES]; /* node i + 3 is the replica of node i */
    const char *const *options;               /* set before the start: further ones of each node; NULL none */
    bool tls_only;                            /* set before the start: as for a server */
};

/* Starts it and waits until it works. False, and the test should be skipped, where there is no redis-server. */
bool redis_cluster_start(struct redis_cluster *cluster);
void redis_cluster_stop(struct redis_cluster *cluster);

/* The master that says it keeps the slot, of those that run; NULL none. */
struct redis_server *redis_cluster_keeper(struct redis_cluster *cluster, unsigned slot);
/* The id of a node, to be freed. */
char *redis_cluster_id(const struct redis_server *node);

/* Waits until the server's answer to a command holds the text; fails the test after 20 s. */
void redis_server_await(const struct redis_server *server, const char *command, const char *text);

#endif

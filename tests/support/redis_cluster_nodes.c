#include "redis_cluster_nodes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void rest(void) {
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static bool answer_holds(const struct redis_server *server, const char *command, const char *text) {
    char *answer = redis_server_say(server, command);
    bool holds = strstr(answer, text) != NULL;

    free(answer);
    return holds;
}

void redis_server_await(const struct redis_server *server, const char *command, const char *text) {
    for (int i = 0; i < 1000; i++) {
        if (answer_holds(server, command, text))
            return;
        rest();
    }
    cr_assert_fail("%s never had %s", command, text);
}

char *redis_cluster_id(const struct redis_server *node) {
    return redis_server_ask(node, "CLUSTER MYID");
}

static bool start_node(const struct redis_cluster *cluster, struct redis_server *node) {
    const char *options[32] = {"--cluster-enabled",
                               "yes",
                               "--cluster-node-timeout",
                               "1000",
                               "--cluster-replica-validity-factor",
                               "0",
                               "--cluster-require-full-coverage",
                               "no",
                               "--repl-diskless-sync-delay",
                               "0",
                               "--cluster-port"};
    char bus[8];

    options[11] = bus;
    for (size_t i = 0; cluster->options != NULL && cluster->options[i] != NULL && i < 18; i++)
        options[12 + i] = cluster->options[i];
    node->tls_only = cluster->tls_only;
    for (int tries = 0; tries < 5; tries++) {
        snprintf(bus, sizeof bus, "%u", free_port());
        if (redis_server_start(node, options))
            return true;
    }
    return false;
}

static unsigned bus_of(const struct redis_server *node) {
    char *text = redis_server_ask(node, "CLUSTER NODES"), *at = strchr(text, '@');
    unsigned port = at != NULL ? (unsigned) strtoul(at + 1, NULL, 10) : 0;

    free(text);
    return port;
}

static void give_slots(struct redis_cluster *cluster) {
    for (unsigned i = 0; i < CLUSTER_MASTERS; i++) {
        free(redis_server_ask(&cluster->nodes[i], "CLUSTER ADDSLOTSRANGE %u %u", 16384 * i / CLUSTER_MASTERS,
                              16384 * (i + 1) / CLUSTER_MASTERS - 1));
        free(redis_server_ask(&cluster->nodes[i], "CLUSTER SET-CONFIG-EPOCH %u", i + 1));
    }
}

static void introduce(struct redis_cluster *cluster) {
    for (unsigned i = 1; i < CLUSTER_NODES; i++)
        free(redis_server_ask(&cluster->nodes[0], "CLUSTER MEET 127.0.0.1 %u %u", cluster->nodes[i].port,
                              bus_of(&cluster->nodes[i])));
    for (unsigned i = 0; i < CLUSTER_NODES; i++)
        redis_server_await(&cluster->nodes[i], "CLUSTER INFO", "cluster_known_nodes:6");
}

static void make_replica(struct redis_server *node, const struct redis_server *master) {
    char *id = redis_cluster_id(master), command[128];

    snprintf(command, sizeof command, "CLUSTER REPLICATE %s", id);
    redis_server_await(node, command, "OK");
    free(id);
}

bool redis_cluster_start(struct redis_cluster *cluster) {
    for (unsigned i = 0; i < CLUSTER_NODES; i++)
        if (!start_node(cluster, &cluster->nodes[i]))
            return false;
    give_slots(cluster);
    introduce(cluster);
    for (unsigned i = 0; i < CLUSTER_MASTERS; i++)
        make_replica(&cluster->nodes[i + CLUSTER_MASTERS], &cluster->nodes[i]);
    for (unsigned i = 0; i < CLUSTER_NODES; i++) {
        redis_server_await(&cluster->nodes[i], "CLUSTER INFO", "cluster_state:ok");
        redis_server_await(&cluster->nodes[i], "CLUSTER INFO", "cluster_slots_ok:16384");
        if (i >= CLUSTER_MASTERS)
            redis_server_await(&cluster->nodes[i], "INFO replication", "master_link_status:up");
    }
    return true;
}

void redis_cluster_stop(struct redis_cluster *cluster) {
    for (unsigned i = 0; i < CLUSTER_NODES; i++)
        if (cluster->nodes[i].scratch.path[0] != '\0')
            redis_server_stop(&cluster->nodes[i]);
}

/* "id host:port@bus myself,master - 0 0 1 connected 0-5460": does it keep the slot? */
static bool keeps(const struct redis_server *node, unsigned slot) {
    char *text = redis_server_ask(node, "CLUSTER NODES"), *line = strstr(text, "myself,master"), *rest_;
    unsigned first, last, words = 0;
    bool found = false;

    if (line != NULL)
        line[strcspn(line, "\n")] = '\0';
    rest_ = line;
    for (char *word; rest_ != NULL && (word = strsep(&rest_, " ")) != NULL; words++) {
        int fields = words >= 6 ? sscanf(word, "%u-%u", &first, &last) : 0;
        found |= (fields == 2 && first <= slot && slot <= last) || (fields == 1 && first == slot);
    }
    free(text);
    return found;
}

struct redis_server *redis_cluster_keeper(struct redis_cluster *cluster, unsigned slot) {
    for (unsigned i = 0; i < CLUSTER_NODES; i++)
        if (cluster->nodes[i].pid > 0 && keeps(&cluster->nodes[i], slot))
            return &cluster->nodes[i];
    return NULL;
}

/*
 * redis_address.h: where Redis is and as whom to go there.
 */
#ifndef QMON__CACHE_REDIS_ADDRESS_H
#define QMON__CACHE_REDIS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/config.h>

#define QMON__REDIS_URL_BYTES_MAX 8192u
#define QMON__REDIS_WHY_BYTES 128
#define QMON__REDIS_SEEDS_MAX 16

struct qmon__redis_node {
    char host[256]; /* a name, or a numeric address without brackets */
    uint16_t port;
};

struct qmon__redis_address {
    char *path; /* of a unix socket; NULL: nodes */
    size_t node_count;
    struct qmon__redis_node nodes[QMON__REDIS_SEEDS_MAX]; /* where to ask first; of sentinels, where `sentinel` */
    bool tls, sentinel;
    char *service; /* of a sentinel; else NULL */
    uint32_t database;
    char *username, *password; /* "" none */
    char *sentinel_username, *sentinel_password;
    char *tls_ca, *tls_certificate, *tls_key; /* files; "" none */
    char *tls_name;                           /* the name that certificates are to have; "": the host's */
    char shown[192];                          /* "cache:6379", for messages: no secrets */
};

/* redis://[user[:password]@]host[:port][,host[:port]...][/database], rediss:// the same with TLS; several hosts are nodes of a
 * cluster. redis+sentinel://[user:password@]host[:port],.../service[/database], rediss+sentinel://: the hosts are sentinels.
 * unix://[user:password@]/path. Each may end in ?db=N. Parts may be percent-encoded. 0; -ENOMEM; -EINVAL: ret_why
 * (QMON__REDIS_WHY_BYTES) goes on from "the address" without showing any of it. *ret_address is untouched on failure. */
int qmon__redis_address_parse(const char *url, struct qmon__redis_address *ret_address, char *ret_why);

/* From REDIS_URL, or else REDIS_HOST and REDIS_PORT; with the options that are about Redis, where the URL says nothing. As
 * above, and 1 where neither is set. */
int qmon__redis_address_of(const struct qmon_config *config, struct qmon__redis_address *ret_address, char *ret_why);
/* For a place that is found later: the options alone, and no node. 0 or -ENOMEM. Then where it is: a URL, or a host. -EINVAL as
 * above; *address stays as it was on failure. */
int qmon__redis_address_without_place(const struct qmon_config *config, struct qmon__redis_address *ret_address);
int qmon__redis_address_point(struct qmon__redis_address *address, const char *where, uint16_t port, char *ret_why);

void qmon__redis_address_clear(struct qmon__redis_address *address);

/* Makes `shown`; and the text for a node: "cache:6379", "[::1]:6379". */
void qmon__redis_address_show(struct qmon__redis_address *address);
void qmon__redis_node_show(const struct qmon__redis_node *node, char *ret_text, size_t bytes);

#endif

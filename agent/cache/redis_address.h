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

struct qmon__redis_address {
    char *path; /* of a unix socket; NULL: host and port */
    char *host; /* a name, or a numeric address without brackets */
    uint16_t port;
    bool tls;
    uint32_t database;
    char *username, *password; /* "" none */
    char shown[128];           /* "cache:6379", for messages: no secrets */
};

/* redis://[user[:password]@]host[:port][/database], rediss:// the same with TLS, unix://[user:password@]/path; each may end
 * in ?db=N. Parts may be percent-encoded. 0; -ENOMEM; -EINVAL: ret_why (QMON__REDIS_WHY_BYTES) goes on from "the address"
 * without showing any of it. *ret_address is untouched on failure. */
int qmon__redis_address_parse(const char *url, struct qmon__redis_address *ret_address, char *ret_why);

/* From REDIS_URL, or else REDIS_HOST and REDIS_PORT; REDIS_USERNAME and REDIS_PASSWORD where the URL names none. As above,
 * and 1 where neither is set. */
int qmon__redis_address_of(const struct qmon_config *config, struct qmon__redis_address *ret_address, char *ret_why);

void qmon__redis_address_clear(struct qmon__redis_address *address);

#endif

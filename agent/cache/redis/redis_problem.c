#include "redis_problem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SAID_BYTES 160

static const char *words_of(int error) {
    switch (error) {
    case -ETIMEDOUT:
        return "no answer in time";
    case -ENXIO:
        return "the host name is not known";
    case -EHOSTUNREACH:
        return "the host, or its name server, cannot be reached";
    case -ECONNRESET:
    case -EPIPE:
        return "the connection was closed by the other side";
    case -EACCES:
        return "access denied: see REDIS_USERNAME and REDIS_PASSWORD";
    case -EBADMSG:
        return "the answer is not that of a Redis, or it wants TLS (rediss://)";
    case -EPROTO:
        return "the command was refused";
    case -EBUSY:
        return "busy or loading";
    case -ENOBUFS:
        return "out of memory (maxmemory)";
    case -EROFS:
        return "it takes no writes: a replica, or its disk has failed";
    case -EREMCHG:
        return "the nodes of the cluster do not agree on who keeps this";
    case -EKEYREJECTED:
        return "its certificate is not trusted (REDIS_TLS_CA, REDIS_TLS_NAME)";
    case -ENOKEY:
        return "REDIS_TLS_CA, REDIS_TLS_CERT or REDIS_TLS_KEY cannot be used";
    case -ENOPROTOOPT:
        return "TLS could not be agreed on: a client certificate may be wanted (REDIS_TLS_CERT), or there is no TLS there";
    case -ELIBACC:
        return "TLS needs libcurl";
    case -ENODEV:
        return "the sentinel knows no master of this name";
    default:
        return strerror(-error);
    }
}

static bool holds(const char *said, const char *secret) {
    return secret != NULL && secret[0] != '\0' && strstr(said, secret) != NULL;
}

static bool may_be_shown(const struct qmon__redis_address *address, int error, const char *said) {
    return said != NULL && said[0] != '\0' && error != -EACCES && !holds(said, address->password) &&
           !holds(said, address->sentinel_password);
}

void qmon__redis_problem(char *ret_text, size_t bytes, const struct qmon__redis_address *address, const char *where,
                         int error, const char *said) {
    char shown[SAID_BYTES] = "";

    if (may_be_shown(address, error, said)) {
        snprintf(shown, sizeof shown, ": %s", said);
        for (char *c = shown; *c != '\0'; c++)
            if (*c < ' ' || *c > '~')
                *c = '?';
    }
    snprintf(ret_text, bytes, "redis at %s: %s%s", where != NULL ? where : address->shown, words_of(error), shown);
}

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
        return "the answer is not that of a Redis";
    case -EPROTO:
        return "the command was refused";
    case -EBUSY:
        return "busy or loading";
    case -ENOBUFS:
        return "out of memory (maxmemory)";
    case -EROFS:
        return "it takes no writes: a replica, or its disk has failed";
    case -EPROTONOSUPPORT:
        return "not supported: TLS and clusters";
    default:
        return strerror(-error);
    }
}

static bool may_be_shown(const struct qmon__redis_address *address, int error, const char *said) {
    if (said == NULL || said[0] == '\0' || error == -EACCES)
        return false;
    return address->password == NULL || address->password[0] == '\0' || strstr(said, address->password) == NULL;
}

void qmon__redis_problem(char *ret_text, size_t bytes, const struct qmon__redis_address *address, int error,
                         const char *said) {
    char shown[SAID_BYTES] = "";

    if (may_be_shown(address, error, said)) {
        snprintf(shown, sizeof shown, ": %s", said);
        for (char *c = shown; *c != '\0'; c++)
            if (*c < ' ' || *c > '~')
                *c = '?';
    }
    snprintf(ret_text, bytes, "redis at %s: %s%s", address->shown, words_of(error), shown);
}

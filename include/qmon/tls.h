/*
 * tls.h: TLS over a connected socket, by libcurl, which is there anyway: it agrees on TLS and then carries bytes; names are resolved
 * and connections made as they are without TLS, and nothing of HTTP is spoken. For servers that speak something else.
 *
 * Threads: a connection is used by one thread at a time.
 */
#ifndef QMON_TLS_H
#define QMON_TLS_H

#include <stdbool.h>

#include <qmon/curl.h>

struct qmon__tls {
    const struct qmon__curl *curl;
    CURL *handle;
    struct curl_slist *connect_to;
    int fd; /* the handle's own once it has taken it */
    bool taken;
    char error[CURL_ERROR_SIZE]; /* libcurl's words, without the hint for its own users behind them */
};

/* Makes a handle that will agree on TLS over `fd` with who can prove to be `name`; the certificate is always verified, and TLS is 1.2
 * or newer. Whom to trust, and our own certificate, are the caller's to set (qmon__http_trust) before qmon__tls_agree. 0; -ENOMEM;
 * -EINVAL: the name is none. In any case qmon__tls_end is to be called. */
int qmon__tls_begin(struct qmon__tls *ret_tls, const struct qmon__curl *curl, int fd, const char *name,
                    const char *port);
/* Our own certificate, and its key where that is in a file of its own; "" or NULL: none. */
void qmon__tls_identify(struct qmon__tls *tls, const char *certificate, const char *key);
/* A CURLcode. */
CURLcode qmon__tls_agree(struct qmon__tls *tls, int wait_ms);
/* Closes the connection, or just the socket where there is none yet (fd -1: nothing). */
void qmon__tls_end(struct qmon__tls *tls);

#endif

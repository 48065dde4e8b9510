/* http_wire.h: one connection of the test server: bytes in and out, with or without TLS. Private to http_*.c. */
#ifndef QMON_HTTP_WIRE_H
#define QMON_HTTP_WIRE_H

#include <openssl/ssl.h>

#include "http_server.h"

struct http_wire {
    int fd;
    int stop_fd;    /* readable once the server is to stop */
    SSL *tls;       /* NULL plain */
    char *buffered; /* read beyond the last request */
    size_t buffered_bytes;
};

/* Reads the next request into *seen. false: the connection is at its end or broken. */
bool http_wire_read(struct http_wire *wire, struct http_seen *seen);
/* Answers. false: the connection is to be closed. body: for HTTP_ANSWER. */
bool http_wire_reply(struct http_wire *wire, const struct http_reply *reply, const char *body);
/* false: the server is to stop */
bool http_wire_sleep(struct http_wire *wire, unsigned delay_ms);
void http_wire_reset(struct http_wire *wire);

/* Makes a key and a certificate; writes the certificate to ca_path. NULL: it could not be done. */
SSL_CTX *http_tls_context(enum http_tls kind, const char *ca_path);

#endif

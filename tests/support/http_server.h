/*
 * http_server.h: an HTTP(S) server for tests, on loopback and a free port, in threads of the test's own process. It answers as
 * its script says, request by request, and keeps every request for assertions.
 */
#ifndef QMON_HTTP_SERVER_H
#define QMON_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_manner {
    HTTP_ANSWER,     /* status, headers, body */
    HTTP_CLOSE,      /* closes without a word */
    HTTP_RESET,      /* closes so that the client gets ECONNRESET */
    HTTP_CUT,        /* announces more body than it sends, and closes */
    HTTP_GARBAGE,    /* answers with bytes that are not HTTP */
    HTTP_HUGE,       /* a body of 10 MB */
    HTTP_DRIP,       /* status at once, then a byte of an endless body every 20 ms */
    HTTP_HANG,       /* never answers; the connection stays open */
    HTTP_LONG_HEADER /* header lines without end */
};

struct http_reply {
    enum http_manner manner;
    int status;          /* 0: 200 */
    const char *headers; /* "Retry-After: 2\r\n"; NULL none. Borrowed */
    const char *body;    /* NULL: what the server's default says. Borrowed */
    unsigned delay_ms;   /* before the answer */
};

struct http_seen { /* a request as it came */
    char method[16];
    char path[512];
    char *headers; /* all header lines */
    char *body;
    size_t body_bytes;
    uint64_t time_ms;    /* CLOCK_MONOTONIC */
    unsigned connection; /* number of the connection that it came on */
};

enum http_tls {
    HTTP_TLS_NONE,
    HTTP_TLS_GOOD, /* a certificate for 127.0.0.1 and localhost; http_server_ca() verifies it */
    HTTP_TLS_EXPIRED,
    HTTP_TLS_WRONG_NAME,
};

struct http_server;
struct http_server_options {
    enum http_tls tls;
    uint16_t port; /* 0: a free one */
    /* Makes the body for a request where the script has none: malloc'd, or NULL for "ok". Called by several threads. */
    char *(*respond)(void *context, const struct http_seen *request, int *ret_status);
    void *context;
};

/* NULL: could not be started (errno). options may be NULL. */
struct http_server *http_server_start(const struct http_server_options *options);
void http_server_stop(struct http_server *server);

/* What comes next: a reply a request, in order of arrival; behind the last one every request gets the default. The replies
 * are copied, the texts in them borrowed. */
void http_server_script(struct http_server *server, const struct http_reply *replies, size_t count);
/* The same from words, see http_script.h. */
bool http_server_script_words(struct http_server *server, const char *words);

uint16_t http_server_port(const struct http_server *server);
/* "http://127.0.0.1:PORT/PATH", in memory of the server, valid until it stops. */
const char *http_server_url(struct http_server *server, const char *path);
/* A PEM file with the certificate that the server's own is verified by. */
const char *http_server_ca(const struct http_server *server);

/* Waits until `count` requests came, at most timeout_ms. Returns how many there are. */
size_t http_server_wait(struct http_server *server, size_t count, unsigned timeout_ms);
size_t http_server_count(struct http_server *server);
size_t http_server_connections(struct http_server *server);
/* Request number i, from 0; it stays as it is until the server stops. NULL: there is none. */
const struct http_seen *http_server_seen(struct http_server *server, size_t i);
/* The value of a header of a request, into the caller's buffer; false when it is not there. */
bool http_seen_header(const struct http_seen *request, const char *name, char *ret_value, size_t bytes);

/* A port of 127.0.0.1 where nobody listens. */
uint16_t http_closed_port(void);

#endif

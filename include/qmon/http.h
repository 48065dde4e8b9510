/*
 * http.h: one HTTP request. libcurl is opened by the first request that needs it: not one by plain HTTP to a numeric address or
 * localhost (http_plain.c), and none where nothing is sent.
 *
 * Certificates are always verified, by ca_file where it is set, else by SSL_CERT_FILE (or CURL_CA_BUNDLE), SSL_CERT_DIR, else
 * by the system's; so is a proxy's that is spoken to by TLS. The proxy variables (http_proxy, https_proxy, all_proxy,
 * no_proxy) count. Redirects are not followed: a token goes to the host that it was meant for or
 * nowhere. No signals are used or let out. Threads: any; requests at the same time do not share a connection.
 */
#ifndef QMON_HTTP_H
#define QMON_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMON__HTTP_BODY_BYTES (64u * 1024u) /* of an answer; what is longer is cut off */
#define QMON__HTTP_RETRY_AFTER_S 3600u      /* the longest wish that is listened to */

enum qmon__http_failure {
    QMON__HTTP_FINE,
    QMON__HTTP_NO_LIBRARY,
    QMON__HTTP_BAD_URL,
    QMON__HTTP_BAD_HEADER, /* a token or a header with control characters in it */
    QMON__HTTP_RESOLVE,
    QMON__HTTP_CONNECT,
    QMON__HTTP_TLS,
    QMON__HTTP_PROXY,
    QMON__HTTP_CLOSED,
    QMON__HTTP_TIMEOUT,
    QMON__HTTP_PROTOCOL, /* the answer is not HTTP */
    QMON__HTTP_MEMORY,
    QMON__HTTP_OTHER,
};

struct qmon__http_request {
    const char *method; /* "GET", "POST" */
    const char *url;
    const char *content_type;   /* NULL without a body */
    const char *bearer;         /* NULL or "": none */
    const char *authorization;  /* in its place, scheme and all: "GenieKey KEY"; NULL or "": none */
    const char *event_id;       /* correlation id, sent as X-Qmon-Event-Id; NULL or "": none */
    const char *const *headers; /* further ones, "Name: value", NULL-terminated; NULL none */
    const char *ca_file;        /* PEM; NULL or "": see above */
    const char *body;           /* NULL none */
    size_t body_bytes;
    uint64_t timeout_ms;       /* for all of it; at least 1 */
    const char *sigv4;         /* "aws:amz:REGION:SERVICE": signed by these; NULL not. Wants libcurl 7.87 or newer */
    const char *user_password; /* "KEY:SECRET", to sign with; NULL none */
    bool direct;               /* not through a proxy, whatever the environment says */
};

struct qmon__http_response {
    enum qmon__http_failure failure;
    long status; /* 0: none came. May be there although the request failed later, in the body */
    char *body;  /* NUL-terminated; NULL only when out of memory; free with qmon__http_clear */
    size_t body_bytes;
    bool body_cut;
    uint64_t retry_after_ms; /* 0 none; bounded */
    char reason[160];        /* "CLASS: words", without any part of the URL but its host; empty when an answer came */
};

/* Sends and waits. Returns true when a complete answer came (of whatever status). Fills *ret_response always. */
bool qmon__http_send(const struct qmon__http_request *request, struct qmon__http_response *ret_response);
void qmon__http_clear(struct qmon__http_response *response);

/* "hooks.example.com:8443" of a URL, for people: no user, password, path or query; "the configured address" when the URL is
 * not one that can be shown. */
void qmon__http_host(const char *url, char *ret_host, size_t bytes);

/* Libraries that are tried, in this order, NULL-terminated. A test may point it elsewhere before the first request. */
extern const char *const *qmon__http_libraries;

#endif

/* dial_tls.c: see dial_tls.h. libcurl is handed the connected socket and carries bytes; nothing of HTTP is spoken. */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <qmon/curl.h>
#include <qmon/quiet.h>

#include "dial_tls.h"

#define URL_BYTES (QMON__DIAL_HOST_BYTES + 32u)
#define ARRIVAL_STEP_MS 1

struct qmon__dial_tls {
    const struct qmon__curl *curl;
    CURL *handle;
    struct curl_slist *connect_to;
    int fd; /* the handle's own once it has taken it */
    bool taken;
    char error[CURL_ERROR_SIZE];
};

static curl_socket_t give_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    struct qmon__dial_tls *tls = context;

    (void) purpose;
    (void) address;
    if (tls->taken)
        return CURL_SOCKET_BAD;
    tls->taken = true;
    return tls->fd;
}

static int is_connected(void *context, curl_socket_t fd, curlsocktype purpose) {
    (void) context;
    (void) fd;
    (void) purpose;
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static int left_ms(uint64_t deadline_ms) {
    uint64_t now_ms = qmon__dial_now_ms();

    return deadline_ms > now_ms ? (int) (deadline_ms - now_ms) : 0;
}

/* The URL's host is whom the certificate must name; where the connection goes is settled already. */
static bool set_name(struct qmon__dial_tls *tls, const struct qmon__dial *dial) {
    bool numeric6 = strchr(dial->host, ':') != NULL;
    char url[URL_BYTES];

    if (strpbrk(dial->host, "/?#@\\ "))
        return false;
    snprintf(url, sizeof url, "https://%s%s%s:%s/", numeric6 ? "[" : "", dial->host, numeric6 ? "]" : "", dial->port);
    tls->connect_to = tls->curl->slist_append(NULL, "::127.0.0.1:"); /* so that no name is looked up */
    tls->curl->easy_setopt(tls->handle, CURLOPT_URL, url);
    tls->curl->easy_setopt(tls->handle, CURLOPT_CONNECT_TO, tls->connect_to);
    return tls->connect_to != NULL;
}

static void set_options(struct qmon__dial_tls *tls, const struct qmon__dial_tls_trust *trust, uint64_t deadline_ms) {
    const struct qmon__curl *curl = tls->curl;
    int wait_ms = left_ms(deadline_ms);

    curl->easy_setopt(tls->handle, CURLOPT_CONNECT_ONLY, 1L);
    curl->easy_setopt(tls->handle, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl->easy_setopt(tls->handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(tls->handle, CURLOPT_PROXY, "");
    curl->easy_setopt(tls->handle, CURLOPT_ERRORBUFFER, tls->error);
    curl->easy_setopt(tls->handle, CURLOPT_CONNECTTIMEOUT_MS, (long) (wait_ms > 0 ? wait_ms : 1));
    curl->easy_setopt(tls->handle, CURLOPT_OPENSOCKETFUNCTION, give_socket);
    curl->easy_setopt(tls->handle, CURLOPT_OPENSOCKETDATA, tls);
    curl->easy_setopt(tls->handle, CURLOPT_SOCKOPTFUNCTION, is_connected);
    qmon__http_trust(curl, tls->handle, trust->ca_file);
    if (!trust->certificate || !trust->certificate[0])
        return;
    curl->easy_setopt(tls->handle, CURLOPT_SSLCERT, trust->certificate);
    curl->easy_setopt(tls->handle, CURLOPT_SSLKEY, trust->key && trust->key[0] ? trust->key : trust->certificate);
}

static int explain(struct qmon__dial_tls *tls, CURLcode code, const struct qmon__dial *dial, char *ret_reason,
                   size_t bytes) {
    if (code == CURLE_OPERATION_TIMEDOUT) {
        snprintf(ret_reason, bytes, "timeout: %.100s agreed on no TLS in time", dial->host);
        return -ETIMEDOUT;
    }
    tls->error[strcspn(tls->error, "\r\n")] = '\0';
    if (code == CURLE_SSL_CERTPROBLEM)
        snprintf(ret_reason, bytes, "tls: our own certificate or key is of no use: %.120s", tls->error);
    else
        snprintf(ret_reason, bytes, "tls: no agreement with %.100s: %.120s", dial->host, tls->error);
    return -EPROTO;
}

static int agree(struct qmon__dial_tls *tls, const struct qmon__dial *dial, const struct qmon__dial_tls_trust *trust,
                 uint64_t deadline_ms, char *ret_reason, size_t bytes) {
    struct qmon__quiet quiet;

    tls->handle = tls->curl->easy_init();
    if (!tls->handle || !set_name(tls, dial)) {
        snprintf(ret_reason, bytes, tls->handle ? "bad-url: %.100s is no host" : "memory: for TLS to %.100s",
                 dial->host);
        return tls->handle ? -EINVAL : -ENOMEM;
    }
    set_options(tls, trust, deadline_ms);
    qmon__quiet_begin(&quiet, SIGPIPE);
    CURLcode code = tls->curl->easy_perform(tls->handle);
    qmon__quiet_end(&quiet);
    return code == CURLE_OK ? 0 : explain(tls, code, dial, ret_reason, bytes);
}

int qmon__dial_tls(const struct qmon__dial *dial, const struct qmon__dial_tls_trust *trust, uint64_t deadline_ms,
                   struct qmon__dial_tls **ret_tls, char *ret_reason, size_t bytes) {
    const char *problem = NULL;
    const struct qmon__curl *curl = qmon__curl_load(&problem);
    struct qmon__dial_tls *tls = curl ? calloc(1, sizeof *tls) : NULL;

    if (!tls) {
        snprintf(ret_reason, bytes, "%s: %.200s", curl ? "memory" : "no-libcurl", curl ? "out of memory" : problem);
        return curl ? -ENOMEM : -ELIBACC;
    }
    tls->curl = curl;
    tls->fd = qmon__dial(dial, SOCK_STREAM, deadline_ms, ret_reason, bytes);
    int r = tls->fd < 0 ? -ECONNREFUSED : agree(tls, dial, trust, deadline_ms, ret_reason, bytes);
    if (r < 0)
        qmon__dial_tls_close(tls);
    else
        *ret_tls = tls;
    return r;
}

static int await(int fd, short events, uint64_t deadline_ms) {
    struct pollfd one = {.fd = fd, .events = events};
    int r;

    do
        r = poll(&one, 1, left_ms(deadline_ms));
    while (r < 0 && errno == EINTR);
    return r > 0 ? 0 : -ETIMEDOUT;
}

static int send_all(struct qmon__dial_tls *tls, const char *at, size_t bytes, uint64_t deadline_ms) {
    int r = 0;

    while (bytes > 0 && r == 0) {
        size_t sent = 0;
        CURLcode code = tls->curl->easy_send(tls->handle, at, bytes, &sent);
        if (code == CURLE_AGAIN)
            r = await(tls->fd, POLLOUT, deadline_ms);
        else if (code != CURLE_OK)
            r = -EPROTO;
        at += sent;
        bytes -= sent;
    }
    return r;
}

/* Until the other machine's kernel has acknowledged all of it. */
static int await_arrival(int fd, uint64_t deadline_ms) {
    const struct timespec step = {.tv_nsec = ARRIVAL_STEP_MS * 1000000};
    int waiting = 0;

    while (ioctl(fd, SIOCOUTQ, &waiting) == 0 && waiting > 0) {
        if (left_ms(deadline_ms) == 0)
            return -ETIMEDOUT;
        nanosleep(&step, NULL);
    }
    return 0;
}

/* What a server has to say to somebody who only sends is an alert, or the end of the connection. */
static int await_refusal(struct qmon__dial_tls *tls, uint64_t until_ms) {
    for (;;) {
        char rest[256];
        size_t received = 0;
        CURLcode code = tls->curl->easy_recv(tls->handle, rest, sizeof rest, &received);
        if (code == CURLE_AGAIN && await(tls->fd, POLLIN, until_ms) < 0)
            return 0;
        if (code == CURLE_OK && received == 0)
            return 0; /* it has read all and closes */
        if (code != CURLE_OK && code != CURLE_AGAIN)
            return -EPROTO;
    }
}

int qmon__dial_tls_send(struct qmon__dial_tls *tls, const void *data, size_t bytes, uint64_t patience_ms,
                        uint64_t deadline_ms) {
    uint64_t until_ms = qmon__dial_now_ms() + patience_ms;
    struct qmon__quiet quiet;

    qmon__quiet_begin(&quiet, SIGPIPE);
    int r = send_all(tls, data, bytes, deadline_ms);
    if (r == 0)
        r = await_arrival(tls->fd, deadline_ms);
    if (r == 0)
        r = await_refusal(tls, until_ms < deadline_ms ? until_ms : deadline_ms);
    qmon__quiet_end(&quiet);
    return r;
}

void qmon__dial_tls_close(struct qmon__dial_tls *tls) {
    struct qmon__quiet quiet;

    if (!tls)
        return;
    qmon__quiet_begin(&quiet, SIGPIPE);
    if (tls->handle)
        tls->curl->easy_cleanup(tls->handle);
    qmon__quiet_end(&quiet);
    if (tls->connect_to)
        tls->curl->slist_free_all(tls->connect_to);
    if (!tls->taken && tls->fd >= 0)
        close(tls->fd);
    free(tls);
}

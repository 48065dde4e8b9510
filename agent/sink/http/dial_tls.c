/* dial_tls.c: see dial_tls.h, and qmon/tls.h. */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <qmon/clock.h>
#include <qmon/quiet.h>
#include <qmon/tls.h>

#include "dial_tls.h"

#define ARRIVAL_STEP_MS 1

struct qmon__dial_tls {
    struct qmon__tls tls;
};

static int explain(const struct qmon__tls *tls, CURLcode code, const struct qmon__dial *dial, char *ret_reason,
                   size_t bytes) {
    if (code == CURLE_OPERATION_TIMEDOUT) {
        snprintf(ret_reason, bytes, "timeout: %.100s agreed on no TLS in time", dial->host);
        return -ETIMEDOUT;
    }
    if (code == CURLE_SSL_CERTPROBLEM)
        snprintf(ret_reason, bytes, "tls: our own certificate or key is of no use: %.120s", tls->error);
    else
        snprintf(ret_reason, bytes, "tls: no agreement with %.100s: %.120s", dial->host, tls->error);
    return -EPROTO;
}

static int agree(struct qmon__tls *tls, int fd, const struct qmon__dial *dial, const struct qmon__dial_tls_trust *trust,
                 uint64_t deadline_ms, char *ret_reason, size_t bytes) {
    int r = qmon__tls_begin(tls, tls->curl, fd, dial->host, dial->port);

    if (r < 0) {
        snprintf(ret_reason, bytes, r == -EINVAL ? "bad-url: %.100s is no host" : "memory: for TLS to %.100s",
                 dial->host);
        return r;
    }
    qmon__http_trust(tls->curl, tls->handle, trust->ca_file);
    qmon__tls_identify(tls, trust->certificate, trust->key);
    CURLcode code = qmon__tls_agree(tls, qmon__dial_left_ms(deadline_ms));
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
    tls->tls = (struct qmon__tls){.curl = curl, .fd = -1};
    int fd = qmon__dial(dial, SOCK_STREAM, deadline_ms, ret_reason, bytes);
    int r = fd < 0 ? -ECONNREFUSED : agree(&tls->tls, fd, dial, trust, deadline_ms, ret_reason, bytes);
    if (r < 0)
        qmon__dial_tls_close(tls);
    else
        *ret_tls = tls;
    return r;
}

static int send_all(struct qmon__dial_tls *tls, const char *at, size_t bytes, uint64_t deadline_ms) {
    int r = 0;

    while (bytes > 0 && r == 0) {
        size_t sent = 0;
        CURLcode code = tls->tls.curl->easy_send(tls->tls.handle, at, bytes, &sent);
        if (code == CURLE_AGAIN)
            r = qmon__dial_await(tls->tls.fd, POLLOUT, deadline_ms);
        else if (code != CURLE_OK)
            r = -EPROTO;
        at += sent;
        bytes -= sent;
    }
    return r;
}

/* Until the other machine's kernel has acknowledged all of it. What a connection that was reset has not sent stays counted. */
static int await_arrival(int fd, uint64_t deadline_ms) {
    const struct timespec step = {.tv_nsec = ARRIVAL_STEP_MS * 1000000};
    struct pollfd one = {.fd = fd};
    int waiting = 0;

    while (ioctl(fd, SIOCOUTQ, &waiting) == 0 && waiting > 0) {
        if (poll(&one, 1, 0) > 0 && (one.revents & (POLLERR | POLLHUP)))
            return -EPROTO;
        if (qmon__dial_left_ms(deadline_ms) == 0)
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
        CURLcode code = tls->tls.curl->easy_recv(tls->tls.handle, rest, sizeof rest, &received);
        if (code == CURLE_AGAIN && qmon__dial_await(tls->tls.fd, POLLIN, until_ms) < 0)
            return 0;
        if (code == CURLE_OK && received == 0)
            return 0; /* it has read all and closes */
        if (code != CURLE_OK && code != CURLE_AGAIN)
            return -EPROTO;
    }
}

int qmon__dial_tls_send(struct qmon__dial_tls *tls, const void *data, size_t bytes, uint64_t patience_ms,
                        uint64_t deadline_ms) {
    uint64_t until_ms = qmon_monotonic_ms() + patience_ms;
    struct qmon__quiet quiet;

    qmon__quiet_begin(&quiet, SIGPIPE);
    int r = send_all(tls, data, bytes, deadline_ms);
    if (r == 0)
        r = await_arrival(tls->tls.fd, deadline_ms);
    if (r == 0)
        r = await_refusal(tls, until_ms < deadline_ms ? until_ms : deadline_ms);
    qmon__quiet_end(&quiet);
    return r;
}

void qmon__dial_tls_close(struct qmon__dial_tls *tls) {
    if (!tls)
        return;
    qmon__tls_end(&tls->tls);
    free(tls);
}

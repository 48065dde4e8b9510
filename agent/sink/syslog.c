/*
 * syslog.c: events as messages of syslog (RFC 5424), to the host's own daemon by its socket, or to another by UDP (RFC 5426),
 * TCP (octet counting, RFC 6587) or TLS (RFC 5425). UDP has no answer: what the network loses is lost; that nobody listens is noticed where
 * the host says so. By TCP the end of the connection is waited for, which a server closes once it has read everything. By TLS
 * the other machine's kernel must have it all, and a moment is left for a refusal: half a connection cannot be closed there.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "destination.h"
#include "dial.h"
#include "dial_tls.h"
#include "post.h"
#include "reach.h"
#include "sinks.h"
#include "syslog_render.h"

#define LOCAL_PATH "/dev/log"
#define UDP_WAIT_MS 20u   /* for word that nobody listens */
#define TCP_WAIT_MS 1000u /* for the server to close */
#define TLS_WAIT_MS 100u  /* for word that it does not know us */

static bool syslog_configured(const struct qmon_config *config) {
    return config->syslog_url && config->syslog_url[0];
}

static uint64_t syslog_destination(const struct qmon_config *config) {
    return qmon__destination("syslog", config->syslog_url);
}

static const char *behind(const char *url, const char *scheme) {
    size_t bytes = strlen(scheme);

    return strncasecmp(url, scheme, bytes) == 0 ? url + bytes : NULL;
}

/* The path of a local socket; NULL: it is another machine's. */
static const char *local_path(const char *url) {
    return strcasecmp(url, "local") == 0 ? LOCAL_PATH : behind(url, "unix://");
}

static int open_local(const char *path, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof address) == 0)
        return fd;
    int r = -errno;
    if (fd >= 0)
        close(fd);
    return r;
}

/* Datagrams mostly, a stream with some daemons: then a NUL ends the message. */
static int send_local(const char *path, const char *text, size_t bytes, uint64_t deadline_ms) {
    int fd = open_local(path, SOCK_DGRAM), r;

    if (fd == -EPROTOTYPE) {
        fd = open_local(path, SOCK_STREAM);
        bytes++;
    }
    if (fd < 0)
        return fd;
    r = text ? qmon__dial_send(fd, text, bytes, deadline_ms) : 0;
    close(fd);
    return r;
}

static int send_udp(int fd, const char *text, size_t bytes, uint64_t deadline_ms) {
    struct pollfd one = {.fd = fd};
    int r = qmon__dial_send(fd, text, bytes, deadline_ms), error = 0;
    socklen_t error_bytes = sizeof error;

    if (r == 0 && poll(&one, 1, UDP_WAIT_MS) > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) == 0)
        r = -error;
    return r;
}

/* A server that goes on reading is given a moment; what it then does not say is taken for a yes. */
static int send_tcp(int fd, const char *text, size_t bytes, uint64_t deadline_ms) {
    char framed[QMON__SYSLOG_BYTES + 16], rest[64];
    int length = snprintf(framed, sizeof framed, "%zu %s", bytes, text);
    uint64_t patience_ms = qmon_monotonic_ms() + TCP_WAIT_MS;
    int r = qmon__dial_send(fd, framed, (size_t) length, deadline_ms);
    long got = 1;

    if (r < 0)
        return r;
    shutdown(fd, SHUT_WR);
    while (got > 0)
        got = qmon__dial_receive(fd, rest, sizeof rest, patience_ms < deadline_ms ? patience_ms : deadline_ms);
    return got == -ETIMEDOUT ? 0 : (int) got;
}

/* place: a host, or the path of a socket of this machine. */
static void fail(int error, const char *place, struct qmon_delivery *delivery) {
    const bool late = error == ETIMEDOUT || error == EAGAIN;
    char words[200];

    snprintf(words, sizeof words, "%.100s: %s", place, strerrordesc_np(error));
    qmon__post_refuse(delivery, late ? "timeout" : "connect", words);
    delivery->unreachable = !late && (place[0] == '/' || !qmon__reach_may_come(place));
    delivery->misconfigured = error == EACCES || error == ENAMETOOLONG || error == EPERM || error == ENOTSOCK;
}

/* bytes 0: only agrees on TLS. */
static void send_tls(const struct qmon_sink_context *context, const char *place, const char *text, size_t bytes,
                     struct qmon_delivery *ret_delivery) {
    const struct qmon_config *config = context->config;
    const struct qmon__dial_tls_trust trust = {
        .ca_file = config->ca_file, .certificate = config->syslog_tls_cert, .key = config->syslog_tls_key};
    uint64_t deadline_ms = qmon_monotonic_ms() + context->timeout_ms;
    char framed[QMON__SYSLOG_BYTES + 16];
    struct qmon__dial_tls *tls = NULL;
    struct qmon__dial dial;

    if (!qmon__dial_read(place, "6514", &dial)) {
        qmon__post_refuse(ret_delivery, "bad-url", "QMON_SYSLOG has no host behind tls://");
        return;
    }
    qmon__post_refuse(ret_delivery, "", "");
    int r = qmon__dial_tls(&dial, &trust, deadline_ms, &tls, ret_delivery->reason, sizeof ret_delivery->reason);
    ret_delivery->misconfigured = r == -EPROTO || r == -EINVAL;
    ret_delivery->unreachable = r == -ECONNREFUSED && !qmon__reach_may_come(dial.host);
    if (r < 0)
        return;
    int length = bytes ? snprintf(framed, sizeof framed, "%zu %s", bytes, text) : 0;
    r = qmon__dial_tls_send(tls, framed, (size_t) length, TLS_WAIT_MS, deadline_ms);
    qmon__dial_tls_close(tls);
    if (r == -EPROTO)
        snprintf(ret_delivery->reason, sizeof ret_delivery->reason, "tls: %.100s broke the connection off%s", dial.host,
                 trust.certificate[0] ? "" : "; it may want a client certificate");
    else if (r < 0)
        fail(-r, dial.host, ret_delivery);
    else
        *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
}

/* bytes 0: only connects. */
static void send_away(const struct qmon_sink_context *context, const char *url, const char *text, size_t bytes,
                      struct qmon_delivery *ret_delivery) {
    uint64_t deadline_ms = qmon_monotonic_ms() + context->timeout_ms;
    const char *udp = behind(url, "udp://"), *tcp = behind(url, "tcp://"), *tls = behind(url, "tls://");
    struct qmon__dial dial;

    if (tls) {
        send_tls(context, tls, text, bytes, ret_delivery);
        return;
    }
    if (!(udp || tcp) || !qmon__dial_read(udp ? udp : tcp, udp ? "514" : "601", &dial)) {
        qmon__post_refuse(ret_delivery, "bad-url",
                          "QMON_SYSLOG is none of local, unix://PATH, udp://, tcp:// and tls://HOST");
        return;
    }
    qmon__post_refuse(ret_delivery, "", "");
    ret_delivery->misconfigured = false;
    int fd = qmon__dial(&dial, udp ? SOCK_DGRAM : SOCK_STREAM, deadline_ms, ret_delivery->reason,
                        sizeof ret_delivery->reason);
    if (fd < 0) {
        ret_delivery->unreachable = !qmon__reach_may_come(dial.host);
        return;
    }
    int r = bytes == 0 ? 0 : udp ? send_udp(fd, text, bytes, deadline_ms) : send_tcp(fd, text, bytes, deadline_ms);
    close(fd);
    if (r < 0)
        fail(-r, dial.host, ret_delivery);
    else
        *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
}

static void run(const struct qmon_sink_context *context, const char *text, size_t bytes,
                struct qmon_delivery *ret_delivery) {
    const char *url = context->config->syslog_url, *path = local_path(url);

    if (!path) {
        send_away(context, url, text, bytes, ret_delivery);
        return;
    }
    int r = send_local(path, bytes ? text : NULL, bytes, qmon_monotonic_ms() + context->timeout_ms);
    if (r < 0)
        fail(-r, path, ret_delivery);
    else
        *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
}

static void syslog_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                           struct qmon_delivery *ret_delivery) {
    int facility = qmon__syslog_facility(context->config->syslog_facility);
    char text[QMON__SYSLOG_BYTES];

    (void) json;
    if (facility < 0)
        qmon__post_refuse(ret_delivery, "bad-facility", "QMON_SYSLOG_FACILITY is none, such as daemon or local0");
    else
        run(context, text, qmon__syslog_render(event, facility, text), ret_delivery);
}

static bool syslog_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct qmon_delivery delivery = {0};

    if (qmon__syslog_facility(context->config->syslog_facility) < 0)
        qmon__post_refuse(&delivery, "bad-facility", "QMON_SYSLOG_FACILITY is none, such as daemon or local0");
    else
        run(context, NULL, 0, &delivery);
    bool fine = delivery.verdict == QMON_DELIVERY_SENT;
    snprintf(reason, reason_bytes, "%s", fine ? "the socket can be had; nothing was sent" : delivery.reason);
    return fine;
}

const struct qmon_sink qmon__sink_syslog = {
    .name = "syslog",
    .summary = "events as messages of syslog (RFC 5424)",
    .configured = syslog_configured,
    .destination = syslog_destination,
    .deliver = syslog_deliver,
    .check = syslog_check,
};

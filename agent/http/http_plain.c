/*
 * http_plain.c: the request to a neighbour, without libcurl.
 *
 * A sidecar, a collector or a gateway on this host or in this pod speaks plain HTTP at an address that needs no name server.
 * libcurl comes with thirty libraries, which take three times as long to load as such a request takes altogether, and a process
 * that dies may be waiting. So what is simple is done here: http:// to a numeric address or "localhost", no proxy, no signature.
 * Everything else is libcurl's. A server that cannot be reached is not left to it, as it would wait for as long once more: how a
 * request failed is told as libcurl would tell it.
 *
 * What comes back is not trusted: lines, numbers and bodies are bounded, and all of it by the request's deadline.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qmon/clock.h>
#include <qmon/curl.h>
#include <qmon/text.h>

#include "http_plain.h"

#define LONGEST_MS 600000u
#define HOST_BYTES 64u

struct place {
    char host[HOST_BYTES]; /* as in the URL, without brackets */
    char shown[HOST_BYTES + 8];
    uint16_t port;
    const char *path; /* in the URL: "/...", "?..." or "" */
};

/* --- is it simple? --- */

static bool is_plain_text(const char *url) {
    for (const char *at = url; *at; at++)
        if (*at <= ' ' || *at > '~' || strchr("#@\\", *at) || (*at == '/' && at[1] == '.'))
            return false;
    return true;
}

static bool has_proxy(void) {
    static const char *const names[] = {"http_proxy", "all_proxy", "ALL_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0])
            return true;
    }
    return false;
}

static bool read_port(const char *text, size_t bytes, uint16_t *ret_port) {
    unsigned port = 0;

    for (size_t i = 0; i < bytes; i++) {
        if (text[i] < '0' || text[i] > '9' || port > 6553)
            return false;
        port = port * 10 + (unsigned) (text[i] - '0');
    }
    *ret_port = (uint16_t) port;
    return bytes > 0 && port > 0 && port <= UINT16_MAX;
}

static bool read_place(const char *url, struct place *ret_place) {
    const char *host = url + sizeof "http://" - 1;
    size_t bytes = strcspn(host, "/?"), name = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");
    bool v6 = host[0] == '[';
    struct in6_addr address;

    *ret_place = (struct place){.port = 80, .path = host + bytes};
    if (name > bytes || name < 1 || name - 2 * (size_t) v6 >= HOST_BYTES || bytes >= sizeof ret_place->shown)
        return false;
    memcpy(ret_place->host, host + v6, name - 2 * (size_t) v6);
    memcpy(ret_place->shown, host, bytes);
    if (name < bytes && (host[name] != ':' || !read_port(host + name + 1, bytes - name - 1, &ret_place->port)))
        return false;
    if (v6)
        return inet_pton(AF_INET6, ret_place->host, &address) == 1;
    return strcmp(ret_place->host, "localhost") == 0 || inet_pton(AF_INET, ret_place->host, &address) == 1;
}

/* --- the connection --- */

int qmon__http_await(struct qmon__exchange *exchange, short events) {
    struct pollfd one = {.fd = exchange->fd, .events = events};
    int r;

    do {
        uint64_t now = qmon_monotonic_ms(); /* each time: a program's own timer may interrupt it again and again */
        r = poll(&one, 1, exchange->deadline_ms > now ? (int) (exchange->deadline_ms - now) : 0);
    } while (r < 0 && errno == EINTR);
    return r > 0 ? 0 : -ETIMEDOUT;
}

static bool connect_to(struct qmon__exchange *exchange, int family, const void *address, socklen_t bytes) {
    int error = 0;
    socklen_t size = sizeof error;

    exchange->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (exchange->fd < 0) {
        exchange->error = CURLE_COULDNT_CONNECT;
        exchange->os_error = errno;
        return false;
    }
    if (connect(exchange->fd, address, bytes) != 0)
        error = errno;
    if (error == EINPROGRESS)
        error = qmon__http_await(exchange, POLLOUT) == 0 &&
                        getsockopt(exchange->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0
                    ? error
                    : ETIMEDOUT;
    if (error == 0) {
        setsockopt(exchange->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        exchange->error = exchange->os_error = 0;
        return true;
    }
    close(exchange->fd);
    exchange->fd = -1;
    exchange->error = qmon_monotonic_ms() < exchange->deadline_ms ? CURLE_COULDNT_CONNECT : CURLE_OPERATION_TIMEDOUT;
    exchange->os_error = error;
    return false;
}

static bool reach(struct qmon__exchange *exchange, const struct place *place) {
    bool localhost = strcmp(place->host, "localhost") == 0;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(place->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(place->port)};

    if (inet_pton(AF_INET, localhost ? "127.0.0.1" : place->host, &v4.sin_addr) == 1 &&
        connect_to(exchange, AF_INET, &v4, sizeof v4))
        return true;
    return inet_pton(AF_INET6, localhost ? "::1" : place->host, &v6.sin6_addr) == 1 &&
           connect_to(exchange, AF_INET6, &v6, sizeof v6);
}

/* --- the request --- */

static bool compose(const struct qmon__http_request *request, const struct place *place,
                    char ret_head[QMON__HTTP_HEAD_BYTES], size_t *ret_bytes) {
    struct qmon_text head;

    qmon_text_begin(&head, ret_head, QMON__HTTP_HEAD_BYTES);
    qmon_text_format(&head, "%s %s%s HTTP/1.1\r\nHost: %s\r\n", request->method, place->path[0] == '/' ? "" : "/",
                     place->path, place->shown);
    qmon_text_add(&head, "User-Agent: qmon/" QMON_VERSION "\r\nAccept: */*\r\nConnection: close\r\n");
    if (request->content_type)
        qmon_text_format(&head, "Content-Type: %s\r\n", request->content_type);
    if (request->bearer && request->bearer[0])
        qmon_text_format(&head, "Authorization: Bearer %s\r\n", request->bearer);
    if (request->authorization && request->authorization[0])
        qmon_text_format(&head, "Authorization: %s\r\n", request->authorization);
    if (request->event_id && request->event_id[0])
        qmon_text_format(&head, "X-Qmon-Event-Id: %s\r\n", request->event_id);
    for (size_t i = 0; request->headers && request->headers[i]; i++)
        qmon_text_format(&head, "%s\r\n", request->headers[i]);
    if (request->body)
        qmon_text_format(&head, "Content-Length: %zu\r\n", request->body_bytes);
    qmon_text_add(&head, "\r\n");
    *ret_bytes = strlen(ret_head);
    return !head.cut;
}

/* False: the other side does not take it; it may have said why, all the same. */
static bool send_all(struct qmon__exchange *exchange, const char *data, size_t bytes) {
    while (bytes > 0) {
        ssize_t sent = send(exchange->fd, data, bytes, MSG_NOSIGNAL);
        if (sent >= 0) {
            data += sent;
            bytes -= (size_t) sent;
        } else if (errno == EAGAIN) {
            if (qmon__http_await(exchange, POLLOUT) < 0) {
                exchange->error = CURLE_OPERATION_TIMEDOUT;
                return false;
            }
        } else if (errno != EINTR) {
            exchange->os_error = errno;
            return false;
        }
    }
    return true;
}

static void converse(struct qmon__exchange *exchange, const char *head, size_t head_bytes) {
    const struct qmon__http_request *request = exchange->request;
    bool sent = send_all(exchange, head, head_bytes) &&
                (!request->body || send_all(exchange, request->body, request->body_bytes));

    if (!sent && exchange->error == 0) { /* who refuses it half-way may have said why */
        qmon__http_read_answer(exchange);
        if (exchange->error != 0 && exchange->response->status == 0)
            exchange->error = CURLE_SEND_ERROR;
    } else if (sent) {
        qmon__http_read_answer(exchange);
    }
}

bool qmon__http_plain(const struct qmon__http_request *request, struct qmon__http_response *response) {
    uint64_t timeout_ms = request->timeout_ms < LONGEST_MS ? request->timeout_ms : LONGEST_MS;
    struct qmon__exchange exchange = {.request = request, .response = response, .fd = -1};
    struct place place;
    char head[QMON__HTTP_HEAD_BYTES];
    size_t head_bytes;

    if (strncasecmp(request->url, "http://", 7) != 0 || request->sigv4 || !is_plain_text(request->url) ||
        (!request->direct && has_proxy()) || !read_place(request->url, &place) ||
        !compose(request, &place, head, &head_bytes))
        return false;
    exchange.deadline_ms = qmon_monotonic_ms() + (timeout_ms ? timeout_ms : 1);
    if (reach(&exchange, &place)) {
        converse(&exchange, head, head_bytes);
        close(exchange.fd);
    }
    explicit_bzero(head, sizeof head);
    if (exchange.error != 0) {
        struct qmon__http_trouble trouble = {.code = exchange.error,
                                             .os_error = exchange.os_error,
                                             .detail = "",
                                             .url = request->url,
                                             .timeout_ms = request->timeout_ms};
        qmon__http_explain(&trouble, response);
    }
    return true;
}

/*
 * sink.c: a web server on loopback that answers every request with 200 and notes when it was there as a whole. Driven by
 * bench_sink_next() on the caller's thread; one connection at a time.
 */
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define REQUEST_BYTES (1u << 20)

struct bench_sink {
    int fd;
    uint16_t port;
    char request[REQUEST_BYTES + 1];
};

struct bench_sink *bench_sink_open(void) {
    struct bench_sink *sink = calloc(1, sizeof *sink);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;

    if (sink == NULL)
        return NULL;
    sink->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (sink->fd < 0 || bind(sink->fd, (struct sockaddr *) &address, bytes) < 0 || listen(sink->fd, 64) < 0 ||
        getsockname(sink->fd, (struct sockaddr *) &address, &bytes) < 0) {
        bench_sink_close(sink);
        return NULL;
    }
    sink->port = ntohs(address.sin_port);
    return sink;
}

uint16_t bench_sink_port(const struct bench_sink *sink) {
    return sink->port;
}

/* Whether request[0..bytes) is a whole one. */
static bool whole(const char *request, size_t bytes) {
    const char *body = strstr(request, "\r\n\r\n"), *length = strcasestr(request, "\r\ncontent-length:");

    if (body == NULL)
        return false;
    if (length == NULL || length > body)
        return true;
    return bytes >= (size_t) (body + 4 - request) + strtoul(length + 17, NULL, 10);
}

static double serve(struct bench_sink *sink, int fd, unsigned timeout_ms) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    size_t bytes = 0;
    double when;

    do {
        ssize_t got =
            poll(&waiting, 1, (int) timeout_ms) > 0 ? recv(fd, sink->request + bytes, REQUEST_BYTES - bytes, 0) : 0;
        if (got <= 0)
            return NAN;
        bytes += (size_t) got;
        sink->request[bytes] = '\0';
        if (strstr(sink->request, "100-continue") != NULL && !whole(sink->request, bytes))
            send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
    } while (!whole(sink->request, bytes));
    when = bench_now_ns();
    return send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0 ? when : NAN;
}

double bench_sink_next(struct bench_sink *sink, unsigned timeout_ms) {
    struct pollfd waiting = {.fd = sink->fd, .events = POLLIN};
    double when = NAN;
    int fd;

    if (poll(&waiting, 1, (int) timeout_ms) <= 0)
        return NAN;
    fd = accept4(sink->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        when = serve(sink, fd, timeout_ms);
        close(fd);
    }
    return when;
}

void bench_sink_close(struct bench_sink *sink) {
    if (sink == NULL)
        return;
    if (sink->fd >= 0)
        close(sink->fd);
    free(sink);
}

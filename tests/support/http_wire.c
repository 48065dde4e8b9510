#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http_wire.h"

#define MOST_BYTES (8u * 1024u * 1024u)
#define HUGE_BYTES (10u * 1024u * 1024u)

bool http_wire_sleep(struct http_wire *wire, unsigned delay_ms) {
    struct pollfd stop = {.fd = wire->stop_fd, .events = POLLIN};

    return delay_ms == 0 || poll(&stop, 1, (int) delay_ms) == 0;
}

static ssize_t wire_read(struct http_wire *wire, void *bytes, size_t count) {
    if (wire->tls)
        return SSL_read(wire->tls, bytes, (int) count);
    return recv(wire->fd, bytes, count, 0);
}

static bool wire_write(struct http_wire *wire, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t n = wire->tls ? SSL_write(wire->tls, bytes, (int) count) : send(wire->fd, bytes, count, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        count -= (size_t) n;
    }
    return true;
}

/* Reads more until the buffer holds `wanted` bytes, or (wanted 0) the end of the headers; returns that end, 0 on failure. */
static size_t fill(struct http_wire *wire, size_t wanted) {
    for (;;) {
        char *end = wire->buffered ? memmem(wire->buffered, wire->buffered_bytes, "\r\n\r\n", 4) : NULL;
        if (wanted == 0 && end)
            return (size_t) (end - wire->buffered) + 4;
        if (wanted > 0 && wire->buffered_bytes >= wanted)
            return wanted;
        char *longer = realloc(wire->buffered, wire->buffered_bytes + 16385);
        if (!longer || wire->buffered_bytes > MOST_BYTES)
            return 0;
        wire->buffered = longer;
        ssize_t n = wire_read(wire, longer + wire->buffered_bytes, 16384);
        if (n <= 0)
            return 0;
        wire->buffered_bytes += (size_t) n;
        longer[wire->buffered_bytes] = '\0';
    }
}

static void drop(struct http_wire *wire, size_t count) {
    wire->buffered_bytes -= count;
    memmove(wire->buffered, wire->buffered + count, wire->buffered_bytes);
}

bool http_wire_read(struct http_wire *wire, struct http_seen *seen) {
    struct timespec now;
    char length[32] = "0";
    size_t head = fill(wire, 0);

    if (head == 0 || sscanf(wire->buffered, "%15s %511s", seen->method, seen->path) != 2)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    seen->time_ms = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
    seen->headers = strndup(wire->buffered, head);
    http_seen_header(seen, "Content-Length", length, sizeof length);
    seen->body_bytes = strtoul(length, NULL, 10);
    if (seen->body_bytes > MOST_BYTES || (seen->body_bytes && fill(wire, head + seen->body_bytes) == 0))
        return false;
    seen->body = strndup(wire->buffered + head, seen->body_bytes);
    drop(wire, head + seen->body_bytes);
    return true;
}

static const char *status_words(int status) {
    return status == 200 ? "OK" : status == 429 ? "Too Many Requests" : status >= 500 ? "Server Error" : "Answer";
}

/* In one piece: two small writes would wait for each other's acknowledgement (Nagle), 40 ms that are nobody's fault. */
static bool write_answer(struct http_wire *wire, const struct http_reply *reply, const char *body) {
    char *whole = NULL;
    int status = reply->status ? reply->status : 200;
    const char *headers = reply->headers ? reply->headers : "";
    int count = asprintf(&whole, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n%s\r\n%s", status, status_words(status),
                         strlen(body), headers, body);
    bool fine = count > 0 && wire_write(wire, whole, (size_t) count);

    free(whole);
    return fine;
}

static bool write_head(struct http_wire *wire, const struct http_reply *reply, size_t body_bytes) {
    char head[1024];
    int status = reply->status ? reply->status : 200;
    const char *headers = reply->headers ? reply->headers : "";

    snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n%s\r\n", status, status_words(status),
             body_bytes, headers);
    return wire_write(wire, head, strlen(head));
}

static bool write_huge(struct http_wire *wire, const struct http_reply *reply) {
    char *bytes = malloc(HUGE_BYTES);

    if (!bytes)
        return false;
    memset(bytes, 'x', HUGE_BYTES);
    bool fine = write_head(wire, reply, HUGE_BYTES) && wire_write(wire, bytes, HUGE_BYTES);
    free(bytes);
    return fine;
}

static bool write_endless(struct http_wire *wire, const struct http_reply *reply) {
    static const char header[] =
        "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

    if (reply->manner == HTTP_LONG_HEADER) {
        bool fine = wire_write(wire, "HTTP/1.1 200 OK\r\n", 17);
        while (fine && http_wire_sleep(wire, 0))
            fine = wire_write(wire, header, sizeof header - 1);
        return false;
    }
    bool fine = write_head(wire, reply, HUGE_BYTES);
    while (fine && http_wire_sleep(wire, 20))
        fine = wire_write(wire, " ", 1);
    return false;
}

void http_wire_reset(struct http_wire *wire) {
    struct linger at_once = {.l_onoff = 1};

    setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool http_wire_reply(struct http_wire *wire, const struct http_reply *reply, const char *body) {
    if (!http_wire_sleep(wire, reply->delay_ms))
        return false;
    switch (reply->manner) {
    case HTTP_ANSWER:
        return write_answer(wire, reply, body);
    case HTTP_RESET:
        http_wire_reset(wire);
        return false;
    case HTTP_CUT:
        if (write_head(wire, reply, strlen(body) + 100))
            wire_write(wire, body, strlen(body));
        return false;
    case HTTP_GARBAGE:
        wire_write(wire, "\x01\x02SSH-2.0-garbage\r\n\r\n", 22);
        return false;
    case HTTP_HUGE:
        return write_huge(wire, reply);
    case HTTP_DRIP:
    case HTTP_LONG_HEADER:
        return write_endless(wire, reply);
    case HTTP_HANG:
        http_wire_sleep(wire, 60000);
        return false;
    default:
        return false;
    }
}

/* http_plain_answer.c: what comes back, read as untrusted input: bounded in lines, numbers and size. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include <qmon/curl.h>

#include "http_plain.h"

#define HEADERS_BYTES (300u * 1024u)

/* More bytes behind those that are there. False at the end, or where it fails (exchange->error). */
static bool receive(struct qmon__exchange *exchange) {
    if (exchange->from > 0) {
        memmove(exchange->bytes, exchange->bytes + exchange->from, exchange->to - exchange->from);
        exchange->to -= exchange->from;
        exchange->from = 0;
    }
    while (!exchange->ended && exchange->to < sizeof exchange->bytes) {
        ssize_t got = recv(exchange->fd, exchange->bytes + exchange->to, sizeof exchange->bytes - exchange->to, 0);
        if (got > 0) {
            exchange->to += (size_t) got;
            return true;
        }
        if (got == 0) {
            exchange->ended = true;
        } else if (errno == EAGAIN && qmon__http_await(exchange, POLLIN) < 0) {
            exchange->error = CURLE_OPERATION_TIMEDOUT;
            return false;
        } else if (errno != EAGAIN && errno != EINTR) {
            exchange->os_error = errno;
            exchange->error = CURLE_RECV_ERROR;
            return false;
        }
    }
    return false;
}

/* The next line without its end, in `bytes` itself until more is received; NULL: there is none. */
static char *next_line(struct qmon__exchange *exchange) {
    for (;;) {
        char *at = exchange->bytes + exchange->from;
        char *end = memchr(at, '\n', exchange->to - exchange->from);
        if (end) {
            exchange->from = (size_t) (end + 1 - exchange->bytes);
            if (end > at && end[-1] == '\r')
                end--;
            *end = '\0';
            return at;
        }
        if (!receive(exchange)) {
            if (exchange->error == 0)
                exchange->error = exchange->ended ? CURLE_GOT_NOTHING : CURLE_WEIRD_SERVER_REPLY;
            return NULL;
        }
    }
}

struct head {
    uint64_t length;
    bool has_length, chunked;
};

static void read_retry_after(const char *value, struct qmon__http_response *response) {
    unsigned long long seconds = isdigit((unsigned char) *value) ? strtoull(value, NULL, 10) : 0;
    struct tm parts = {0};

    if (strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &parts) || strptime(value, "%a %d %b %Y %H:%M:%S GMT", &parts)) {
        time_t now = time(NULL), then = timegm(&parts);
        seconds = then > now ? (unsigned long long) (then - now) : 0;
    }
    response->retry_after_ms = (seconds < QMON__HTTP_RETRY_AFTER_S ? seconds : QMON__HTTP_RETRY_AFTER_S) * 1000;
}

static void read_header(const char *line, struct head *head, struct qmon__http_response *response) {
    const char *value = strchr(line, ':');
    size_t name = value ? (size_t) (value - line) : 0;

    if (!value)
        return;
    value += 1 + strspn(value + 1, " \t");
    if (name == 14 && strncasecmp(line, "Content-Length", name) == 0) {
        head->has_length = true;
        head->length = strtoull(value, NULL, 10);
    } else if (name == 17 && strncasecmp(line, "Transfer-Encoding", name) == 0) {
        head->chunked = strcasestr(value, "chunked") != NULL;
    } else if (name == 11 && strncasecmp(line, "Retry-After", name) == 0) {
        read_retry_after(value, response);
    }
}

/* Up to the empty line behind the headers; answers that others precede (100 Continue) are passed over, and bounded with it. */
static bool read_head(struct qmon__exchange *exchange, struct head *ret_head) {
    size_t bytes = 0;
    char *line;
    int status;

    do {
        line = next_line(exchange);
        if (!line)
            return false;
        bytes += strlen(line);
        if (sscanf(line, "HTTP/1.%*1[01] %3d", &status) != 1 || status < 100) {
            exchange->error = CURLE_WEIRD_SERVER_REPLY;
            return false;
        }
        exchange->response->status = status < 200 ? 0 : status;
        *ret_head = (struct head){0};
        while ((line = next_line(exchange)) != NULL && *line && bytes < HEADERS_BYTES) {
            bytes += strlen(line);
            read_header(line, ret_head, exchange->response);
        }
        if (bytes >= HEADERS_BYTES)
            exchange->error = CURLE_RECV_ERROR; /* as libcurl says it */
    } while (line && exchange->error == 0 && status < 200);
    return line != NULL && exchange->error == 0;
}

/* Keeps what is there for the body, at most `most`; returns how many bytes that were. False in *ret_going: no more is wanted. */
static size_t take_body(struct qmon__exchange *exchange, uint64_t most, bool *ret_going) {
    struct qmon__http_response *response = exchange->response;
    size_t there = exchange->to - exchange->from;
    size_t offered = most < there ? (size_t) most : there, room = QMON__HTTP_BODY_BYTES - response->body_bytes;
    size_t taken = offered < room ? offered : room;
    char *body = realloc(response->body, response->body_bytes + taken + 1);

    if (!body) {
        exchange->error = CURLE_OUT_OF_MEMORY;
        *ret_going = false;
        return 0;
    }
    memcpy(body + response->body_bytes, exchange->bytes + exchange->from, taken);
    response->body = body;
    response->body_bytes += taken;
    body[response->body_bytes] = '\0';
    exchange->from += offered;
    response->body_cut |= taken < offered;
    *ret_going = !response->body_cut;
    return offered;
}

/* So many bytes of the body. False: they did not all come, or no more is wanted. */
static bool read_bytes(struct qmon__exchange *exchange, uint64_t count) {
    bool going = true;

    while (count > 0 && going) {
        if (exchange->from == exchange->to && !receive(exchange)) {
            if (exchange->error == 0)
                exchange->error = CURLE_PARTIAL_FILE;
            return false;
        }
        count -= take_body(exchange, count, &going);
    }
    return going;
}

static void read_chunks(struct qmon__exchange *exchange) {
    for (;;) {
        char *line = next_line(exchange), *end;
        uint64_t bytes = line ? strtoull(line, &end, 16) : 0;
        if (!line || end == line) {
            if (exchange->error == 0 || exchange->error == CURLE_GOT_NOTHING)
                exchange->error = CURLE_PARTIAL_FILE;
            return;
        }
        if (bytes == 0 || !read_bytes(exchange, bytes))
            return;
        next_line(exchange); /* the end of the chunk's last line */
    }
}

static void read_until_end(struct qmon__exchange *exchange) {
    bool going = true;

    while (going && (exchange->from < exchange->to || receive(exchange)))
        take_body(exchange, UINT64_MAX, &going);
}

void qmon__http_read_answer(struct qmon__exchange *exchange) {
    struct head head;
    long status;

    if (!read_head(exchange, &head))
        return;
    status = exchange->response->status;
    if (status == 204 || status == 304)
        return;
    if (head.chunked)
        read_chunks(exchange);
    else if (head.has_length)
        read_bytes(exchange, head.length);
    else
        read_until_end(exchange);
}

/*
 * dial.c: see dial.h. getaddrinfo() cannot be told how long to wait, so it runs in a thread of its own: where that is late, it is
 * left behind, and whoever of the two comes last frees what they share.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "dial.h"

#define QUESTION_USERS 2

struct question {
    struct qmon__dial dial;
    int type;
    int done_fd;
    int answer; /* of getaddrinfo */
    struct addrinfo *addresses;
    atomic_int users;
};

bool qmon__dial_read(const char *text, const char *default_port, struct qmon__dial *ret_dial) {
    bool v6 = text[0] == '[';
    size_t bytes = v6 ? strcspn(text, "]") : strcspn(text, ":");
    const char *rest = text + bytes + (v6 && text[bytes] == ']');
    const char *port = rest[0] == ':' ? rest + 1 : default_port;

    *ret_dial = (struct qmon__dial){0};
    if ((v6 && text[bytes] != ']') || (rest[0] && rest[0] != ':') || bytes <= v6 ||
        bytes - v6 >= sizeof ret_dial->host || !port[0] || strlen(port) > 5 ||
        strspn(port, "0123456789") != strlen(port))
        return false;
    memcpy(ret_dial->host, text + v6, bytes - v6);
    memcpy(ret_dial->port, port, strlen(port));
    return true;
}

static void let_go(struct question *question) {
    if (atomic_fetch_sub(&question->users, 1) != 1)
        return;
    if (question->addresses)
        freeaddrinfo(question->addresses);
    if (question->done_fd >= 0)
        close(question->done_fd);
    free(question);
}

static void *ask(void *context) {
    struct question *question = context;
    struct addrinfo hints = {.ai_socktype = question->type, .ai_flags = AI_ADDRCONFIG};

    question->answer = getaddrinfo(question->dial.host, question->dial.port, &hints, &question->addresses);
    eventfd_write(question->done_fd, 1);
    let_go(question);
    return NULL;
}

int qmon__dial_left_ms(uint64_t deadline_ms) {
    uint64_t now_ms = qmon_monotonic_ms();

    return deadline_ms > now_ms ? (int) (deadline_ms - now_ms) : 0;
}

int qmon__dial_await(int fd, short events, uint64_t deadline_ms) {
    struct pollfd one = {.fd = fd, .events = events};
    int r;

    do
        r = poll(&one, 1, qmon__dial_left_ms(deadline_ms));
    while (r < 0 && errno == EINTR);
    return r > 0 ? 0 : -ETIMEDOUT;
}

/* The question with its answer, to be let go; NULL: none in time, or no memory. */
static struct question *resolve(const struct qmon__dial *dial, int type, uint64_t deadline_ms) {
    struct question *question = calloc(1, sizeof *question);
    pthread_t thread;

    if (!question)
        return NULL;
    question->dial = *dial;
    question->type = type;
    question->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_init(&question->users, QUESTION_USERS);
    if (question->done_fd < 0 || pthread_create(&thread, NULL, ask, question) != 0) {
        atomic_store(&question->users, 1);
        let_go(question);
        return NULL;
    }
    pthread_detach(thread);
    if (qmon__dial_await(question->done_fd, POLLIN, deadline_ms) == 0)
        return question;
    let_go(question);
    return NULL;
}

static int connect_to(const struct addrinfo *address, uint64_t deadline_ms) {
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    int error = 0;
    socklen_t bytes = sizeof error;

    if (fd < 0)
        return -errno;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        error = errno;
    if (error == EINPROGRESS) {
        error = -qmon__dial_await(fd, POLLOUT, deadline_ms);
        if (error == 0)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
    }
    if (error == 0)
        return fd;
    close(fd);
    return -error;
}

int qmon__dial(const struct qmon__dial *dial, int type, uint64_t deadline_ms, char *ret_reason, size_t bytes) {
    struct question *question = resolve(dial, type, deadline_ms);
    int fd = -ENOENT;

    if (!question) {
        snprintf(ret_reason, bytes, "timeout: the address of %.100s was not found in time", dial->host);
        return -1;
    }
    if (question->answer != 0)
        snprintf(ret_reason, bytes, "resolve: cannot find the address of %.100s", dial->host);
    for (struct addrinfo *at = question->answer == 0 ? question->addresses : NULL; at && fd < 0; at = at->ai_next) {
        /* those that follow want some of the time too */
        uint64_t now_ms = qmon_monotonic_ms(),
                 share_ms = (uint64_t) qmon__dial_left_ms(deadline_ms) / (at->ai_next ? 2 : 1);
        fd = connect_to(at, now_ms + share_ms);
        if (fd == -ETIMEDOUT)
            snprintf(ret_reason, bytes, "timeout: no connection to %.100s in time", dial->host);
        else if (fd < 0)
            snprintf(ret_reason, bytes, "connect: no connection to %.100s: %s", dial->host, strerrordesc_np(-fd));
    }
    let_go(question);
    return fd < 0 ? -1 : fd;
}

int qmon__dial_send(int fd, const void *data, size_t bytes, uint64_t deadline_ms) {
    const char *at = data;

    while (bytes > 0) {
        ssize_t sent = send(fd, at, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            at += sent;
            bytes -= (size_t) sent;
        } else if (errno == EAGAIN) {
            if (qmon__dial_await(fd, POLLOUT, deadline_ms) < 0)
                return -ETIMEDOUT;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

long qmon__dial_receive(int fd, void *data, size_t bytes, uint64_t deadline_ms) {
    for (;;) {
        ssize_t got = recv(fd, data, bytes, MSG_DONTWAIT);
        if (got >= 0)
            return got;
        if (errno == EAGAIN && qmon__dial_await(fd, POLLIN, deadline_ms) < 0)
            return -ETIMEDOUT;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
}

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "redis_transport.h"

struct stream {
    struct qmon__redis_transport transport;
    int fd;
};

int qmon__redis_wait(int fd, short events, uint64_t deadline_ms) {
    for (;;) {
        struct pollfd waiting = {.fd = fd, .events = events};
        int r = poll(&waiting, 1, qmon__redis_left_ms(deadline_ms));
        if (r > 0)
            return 0;
        if (r == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

/* A connection of a free port to itself: the kernel makes one when nobody listens there. */
static bool is_to_itself(int fd) {
    struct sockaddr_storage own = {0}, other = {0};
    socklen_t own_bytes = sizeof own, other_bytes = sizeof other;

    return getsockname(fd, (struct sockaddr *) &own, &own_bytes) == 0 &&
           getpeername(fd, (struct sockaddr *) &other, &other_bytes) == 0 && own_bytes == other_bytes &&
           own.ss_family != AF_UNIX && memcmp(&own, &other, own_bytes) == 0;
}

static int finish_connecting(int fd, uint64_t deadline_ms) {
    int error = 0, r = qmon__redis_wait(fd, POLLOUT, deadline_ms);
    socklen_t bytes = sizeof error;

    if (r < 0)
        return r;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0)
        return -errno;
    return -error;
}

static int connect_until(int fd, const struct sockaddr *address, socklen_t bytes, uint64_t deadline_ms) {
    while (connect(fd, address, bytes) < 0) {
        if (errno == EINPROGRESS || errno == EINTR)
            return finish_connecting(fd, deadline_ms);
        if (errno != EAGAIN) /* of a unix socket: too many wait to be accepted */
            return -errno;
        if (qmon__redis_left_ms(deadline_ms) == 0)
            return -ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return 0;
}

/* The connected descriptor, or a negative errno. */
static int connect_to(const struct sockaddr *address, socklen_t bytes, uint64_t deadline_ms) {
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0)
        return -errno;
    r = connect_until(fd, address, bytes, deadline_ms);
    if (r == 0 && is_to_itself(fd))
        r = -ECONNREFUSED;
    if (r < 0) {
        close(fd);
        return r;
    }
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static int connect_to_path(const char *path, uint64_t deadline_ms) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return connect_to((const struct sockaddr *) &address, sizeof address, deadline_ms);
}

/* One address after the other; each gets its share of the time that is left. */
static int connect_to_host(const char *host, uint16_t port, uint64_t deadline_ms) {
    struct qmon__addresses addresses;
    int r = qmon__resolve(host, port, deadline_ms, &addresses);

    for (size_t i = 0; r == 0 && i < addresses.count; i++) {
        uint64_t left_ms = (uint64_t) qmon__redis_left_ms(deadline_ms);
        uint64_t until_ms = qmon_monotonic_ms() + left_ms / (addresses.count - i);
        int fd =
            connect_to((const struct sockaddr *) addresses.items[i].socket_address, addresses.items[i].bytes, until_ms);
        if (fd >= 0 || i + 1 == addresses.count)
            return fd;
    }
    return r;
}

static int send_all(struct qmon__redis_transport *transport, const char *data, size_t bytes, uint64_t deadline_ms) {
    struct stream *stream = (struct stream *) transport;

    while (bytes > 0) {
        ssize_t sent = send(stream->fd, data, bytes, MSG_NOSIGNAL);
        if (sent >= 0) {
            data += sent;
            bytes -= (size_t) sent;
        } else if (errno == EAGAIN) {
            int r = qmon__redis_wait(stream->fd, POLLOUT, deadline_ms);
            if (r < 0)
                return r;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Waits first: an answer is never there yet. */
static long receive_some(struct qmon__redis_transport *transport, char *ret_data, size_t bytes, uint64_t deadline_ms) {
    struct stream *stream = (struct stream *) transport;

    for (;;) {
        int r = qmon__redis_wait(stream->fd, POLLIN, deadline_ms);
        ssize_t received;
        if (r < 0)
            return r;
        received = recv(stream->fd, ret_data, bytes, 0);
        if (received > 0)
            return received;
        if (received == 0)
            return -ECONNRESET;
        if (errno != EINTR && errno != EAGAIN)
            return -errno;
    }
}

static void close_stream(struct qmon__redis_transport *transport) {
    close(((struct stream *) transport)->fd);
    free(transport);
}

int qmon__redis_dial(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                     uint64_t deadline_ms) {
    return address->path != NULL ? connect_to_path(address->path, deadline_ms)
                                 : connect_to_host(node->host, node->port, deadline_ms);
}

int qmon__redis_connect_socket(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                               uint64_t deadline_ms, struct qmon__redis_transport **ret_transport) {
    static const struct qmon__redis_transport_class class = {
        .send = send_all, .receive = receive_some, .close = close_stream};
    struct stream *stream = malloc(sizeof *stream);

    if (stream == NULL)
        return -ENOMEM;
    stream->transport.class = &class;
    stream->fd = qmon__redis_dial(address, node, deadline_ms);
    if (stream->fd < 0) {
        int r = stream->fd;
        free(stream);
        return r;
    }
    *ret_transport = &stream->transport;
    return 0;
}

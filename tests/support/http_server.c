/*
 * http_server.c: a thread that accepts, and one for each connection. `lock` guards the script and the list of requests; a
 * request is complete before it is listed and never changes afterwards. Stopping makes `stop_fd` readable, which ends every
 * wait, shuts the connections down, and joins the threads.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http_script.h"
#include "http_wire.h"

#define MOST_CONNECTIONS 512 /* at a time */
#define MOST_REQUESTS 65536
#define MOST_REPLIES 256

struct connection {
    struct http_server *server;
    unsigned number;
    int fd; /* -1: over; the thread is to be joined */
    bool used;
    pthread_t thread;
};

struct http_server {
    struct http_server_options options;
    int listen_fd, stop_fd;
    uint16_t port;
    SSL_CTX *tls;
    char ca_path[64];
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_cond_t came;
    struct http_reply replies[MOST_REPLIES];
    size_t reply_count, next_reply;
    struct http_seen *requests[MOST_REQUESTS];
    size_t request_count;
    struct connection connections[MOST_CONNECTIONS];
    unsigned connection_count; /* all there ever were */
    char *urls[64];
    size_t url_count;
};

static void free_seen(struct http_seen *seen) {
    if (!seen)
        return;
    free(seen->headers);
    free(seen->body);
    free(seen);
}

/* Lists the request and picks its reply. */
static struct http_reply take_in(struct http_server *server, struct http_seen *seen) {
    struct http_reply reply = {.manner = HTTP_ANSWER};

    pthread_mutex_lock(&server->lock);
    if (server->next_reply < server->reply_count)
        reply = server->replies[server->next_reply++];
    if (server->request_count < MOST_REQUESTS)
        server->requests[server->request_count++] = seen;
    pthread_cond_broadcast(&server->came);
    pthread_mutex_unlock(&server->lock);
    return reply;
}

static bool answer(struct http_server *server, struct http_wire *wire, const struct http_seen *seen,
                   struct http_reply reply) {
    char *made = NULL;
    int status = reply.status;

    if (!reply.body && reply.status == 0 && server->options.respond)
        made = server->options.respond(server->options.context, seen, &status);
    reply.status = status;
    bool open = http_wire_reply(wire, &reply, reply.body ? reply.body : made ? made : "ok");
    free(made);
    return open;
}

static void *serve(void *context) {
    struct connection *connection = context;
    struct http_server *server = connection->server;
    struct http_wire wire = {.fd = connection->fd, .stop_fd = server->stop_fd};
    bool open = true;

    if (server->tls) {
        wire.tls = SSL_new(server->tls);
        SSL_set_fd(wire.tls, wire.fd);
        open = SSL_accept(wire.tls) == 1;
    }
    while (open) {
        struct http_seen *seen = calloc(1, sizeof *seen);
        if (!seen || !http_wire_read(&wire, seen)) {
            free_seen(seen);
            break;
        }
        seen->connection = connection->number;
        open = answer(server, &wire, seen, take_in(server, seen));
    }
    if (wire.tls)
        SSL_free(wire.tls);
    free(wire.buffered);
    pthread_mutex_lock(&server->lock);
    close(connection->fd);
    connection->fd = -1;
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* A place for one more, with `lock` held; those of connections that are over are used again. */
static struct connection *free_place(struct http_server *server) {
    for (size_t i = 0; i < MOST_CONNECTIONS; i++) {
        struct connection *connection = &server->connections[i];
        if (connection->used && connection->fd >= 0)
            continue;
        if (connection->used)
            pthread_join(connection->thread, NULL);
        connection->used = false;
        return connection;
    }
    return NULL;
}

static void begin_connection(struct http_server *server, int fd) {
    pthread_mutex_lock(&server->lock);
    struct connection *connection = free_place(server);
    if (connection) {
        *connection = (struct connection){.server = server, .fd = fd, .number = server->connection_count};
        connection->used = pthread_create(&connection->thread, NULL, serve, connection) == 0;
    }
    if (connection && connection->used)
        server->connection_count++;
    else
        close(fd);
    pthread_mutex_unlock(&server->lock);
}

static void *accept_all(void *context) {
    struct http_server *server = context;
    struct pollfd polled[] = {{.fd = server->listen_fd, .events = POLLIN}, {.fd = server->stop_fd, .events = POLLIN}};

    for (;;) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (polled[1].revents)
            return NULL;
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC), one = 1;
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        begin_connection(server, fd);
    }
}

static int bind_loopback(uint16_t port, uint16_t *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t bytes = sizeof address;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *) &address, sizeof address) < 0 ||
        getsockname(fd, (struct sockaddr *) &address, &bytes) < 0) {
        close(fd);
        return -1;
    }
    *ret_port = ntohs(address.sin_port);
    return fd;
}

uint16_t http_closed_port(void) {
    uint16_t port = 1;
    int fd = bind_loopback(0, &port);

    close(fd);
    return port;
}

static bool set_up(struct http_server *server) {
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    server->listen_fd = bind_loopback(server->options.port, &server->port);
    if (server->stop_fd < 0 || server->listen_fd < 0 || listen(server->listen_fd, 64) < 0)
        return false;
    if (server->options.tls != HTTP_TLS_NONE) {
        int fd = mkstemp(strcpy(server->ca_path, "/tmp/qmon-test-ca-XXXXXX"));
        if (fd < 0)
            return false;
        close(fd);
        server->tls = http_tls_context(server->options.tls, server->ca_path);
        if (!server->tls)
            return false;
    }
    return pthread_create(&server->acceptor, NULL, accept_all, server) == 0;
}

static void tear_down(struct http_server *server) {
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    if (server->ca_path[0])
        unlink(server->ca_path);
    SSL_CTX_free(server->tls);
    for (size_t i = 0; i < server->request_count; i++)
        free_seen(server->requests[i]);
    for (size_t i = 0; i < server->url_count; i++)
        free(server->urls[i]);
    free(server);
}

struct http_server *http_server_start(const struct http_server_options *options) {
    struct http_server *server = calloc(1, sizeof *server);

    if (!server)
        return NULL;
    signal(SIGPIPE, SIG_IGN); /* TLS writes to connections that clients have left */
    if (options)
        server->options = *options;
    server->listen_fd = server->stop_fd = -1;
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->came, &attributes);
    if (set_up(server))
        return server;
    int error = errno;
    tear_down(server);
    errno = error;
    return NULL;
}

void http_server_stop(struct http_server *server) {
    uint64_t one = 1;

    if (!server)
        return;
    if (write(server->stop_fd, &one, sizeof one) < 0)
        abort();
    pthread_join(server->acceptor, NULL);
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < MOST_CONNECTIONS; i++)
        if (server->connections[i].used && server->connections[i].fd >= 0)
            shutdown(server->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < MOST_CONNECTIONS; i++)
        if (server->connections[i].used)
            pthread_join(server->connections[i].thread, NULL);
    tear_down(server);
}

void http_server_script(struct http_server *server, const struct http_reply *replies, size_t count) {
    pthread_mutex_lock(&server->lock);
    server->reply_count = count < MOST_REPLIES ? count : MOST_REPLIES;
    server->next_reply = 0;
    memcpy(server->replies, replies, server->reply_count * sizeof *replies);
    pthread_mutex_unlock(&server->lock);
}

bool http_server_script_words(struct http_server *server, const char *words) {
    struct http_reply replies[MOST_REPLIES];
    ssize_t count = http_script_parse(words, replies, MOST_REPLIES);

    if (count >= 0)
        http_server_script(server, replies, (size_t) count);
    return count >= 0;
}

uint16_t http_server_port(const struct http_server *server) {
    return server->port;
}

const char *http_server_ca(const struct http_server *server) {
    return server->ca_path;
}

const char *http_server_url(struct http_server *server, const char *path) {
    char *url = NULL;

    pthread_mutex_lock(&server->lock);
    if (server->url_count < sizeof server->urls / sizeof server->urls[0] &&
        asprintf(&url, "%s://127.0.0.1:%u/%s", server->tls ? "https" : "http", server->port, path) >= 0)
        server->urls[server->url_count++] = url;
    pthread_mutex_unlock(&server->lock);
    return url;
}

size_t http_server_wait(struct http_server *server, size_t count, unsigned timeout_ms) {
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long) (timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&server->lock);
    while (server->request_count < count)
        if (pthread_cond_timedwait(&server->came, &server->lock, &until) == ETIMEDOUT)
            break;
    size_t seen = server->request_count;
    pthread_mutex_unlock(&server->lock);
    return seen;
}

size_t http_server_count(struct http_server *server) {
    return http_server_wait(server, 0, 0);
}

size_t http_server_connections(struct http_server *server) {
    pthread_mutex_lock(&server->lock);
    size_t count = server->connection_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

const struct http_seen *http_server_seen(struct http_server *server, size_t i) {
    pthread_mutex_lock(&server->lock);
    const struct http_seen *seen = i < server->request_count ? server->requests[i] : NULL;
    pthread_mutex_unlock(&server->lock);
    return seen;
}

bool http_seen_header(const struct http_seen *request, const char *name, char *ret_value, size_t bytes) {
    size_t length = strlen(name);

    for (const char *line = strstr(request->headers, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *value = line + length + 1 + strspn(line + length + 1, " ");
        snprintf(ret_value, bytes, "%.*s", (int) strcspn(value, "\r\n"), value);
        return true;
    }
    return false;
}

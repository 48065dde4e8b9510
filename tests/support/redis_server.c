#include "redis_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPTIONS_MAX 32

uint16_t free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_geq(fd, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *) &address, bytes), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *) &address, &bytes), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void become_sentinel(const struct redis_server *server) {
    FILE *file = fopen("sentinel.conf", "we");

    if (file == NULL)
        _exit(126);
    if (server->tls_only)
        fprintf(file, "port 0\ntls-port %u\ntls-replication yes\nunixsocket redis.sock\n", server->port);
    else
        fprintf(file, "port %u\n", server->port);
    fprintf(file, "bind 127.0.0.1\ndir %s\n%s", server->scratch.path, server->sentinel);
    if (fclose(file) != 0)
        _exit(126);
    execlp("redis-server", "redis-server", "sentinel.conf", "--sentinel", (char *) NULL);
    _exit(127);
}

static void become_server(const struct redis_server *server, const char *const *options) {
    char port[8];
    const char *arguments[18 + OPTIONS_MAX] = {"redis-server", "--port",      port,     "--bind", "127.0.0.1",
                                               "--unixsocket", "redis.sock",  "--save", "",       "--appendonly",
                                               "no",           "--daemonize", "no",     "--dir",  server->scratch.path};
    size_t count = 15;
    int null = open("/dev/null", O_RDWR), log;

    snprintf(port, sizeof port, "%u", server->port);
    if (server->tls_only) {
        arguments[1] = "--tls-port";
        arguments[count++] = "--port";
        arguments[count++] = "0";
    }
    for (size_t i = 0; options != NULL && options[i] != NULL && i < OPTIONS_MAX; i++)
        arguments[count++] = options[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(server->scratch.path) < 0)
        _exit(126);
    log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
    if (server->sentinel != NULL)
        become_sentinel(server);
    execvp("redis-server", (char *const *) arguments);
    _exit(127);
}

static redisContext *connect_to(const struct redis_server *server) {
    char path[SCRATCH_BYTES + 16];

    snprintf(path, sizeof path, "%s/redis.sock", server->scratch.path);
    return server->tls_only ? redisConnectUnixWithTimeout(path, (struct timeval){.tv_sec = 5})
                            : redisConnectWithTimeout("127.0.0.1", server->port, (struct timeval){.tv_sec = 5});
}

/* Whether it answers anything at all: with a password set, PING is answered with an error. */
static bool answers(const struct redis_server *server) {
    redisContext *context = connect_to(server);
    redisReply *reply = context != NULL && context->err == 0 ? redisCommand(context, "PING") : NULL;
    bool answered = reply != NULL && strncmp(reply->str, "LOADING", 7) != 0;

    freeReplyObject(reply);
    if (context != NULL)
        redisFree(context);
    return answered;
}

static bool launch(struct redis_server *server, const char *const *options) {
    server->pid = fork();
    if (server->pid == 0)
        become_server(server, options);
    cr_assert_gt(server->pid, 0);
    for (int i = 0; i < 5000; i++) {
        if (answers(server))
            return true;
        if (waitpid(server->pid, NULL, WNOHANG) != 0)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    server->pid = 0;
    return false;
}

/* A server that is installed and does not start is no reason to skip a test. */
static void tell_why(const struct redis_server *server) {
    char *log = scratch_read(scratch_path(&server->scratch, "log"));
    size_t bytes = log != NULL ? strlen(log) : 0;

    if (system("command -v redis-server >/dev/null") == 0)
        cr_assert_fail("redis-server did not start: %s", bytes > 2000 ? log + bytes - 2000
                                                         : bytes > 0  ? log
                                                                      : "no word");
    free(log);
}

bool redis_server_start(struct redis_server *server, const char *const *options) {
    server->scratch = scratch_make();
    for (int tries = 0; tries < 5; tries++) { /* somebody else may take the port first */
        server->port = free_port();
        snprintf(server->url, sizeof server->url, "redis%s://127.0.0.1:%u", server->tls_only ? "s" : "", server->port);
        snprintf(server->socket_url, sizeof server->socket_url, "unix://%s/redis.sock", server->scratch.path);
        if (launch(server, options))
            return true;
    }
    tell_why(server);
    scratch_remove(&server->scratch);
    return false;
}

void redis_server_start_again(struct redis_server *server, const char *const *options) {
    cr_assert(launch(server, options), "redis-server did not start again");
}

void redis_server_kill(struct redis_server *server) {
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void redis_server_stop(struct redis_server *server) {
    redis_server_kill(server);
    scratch_remove(&server->scratch);
}

static char *text_of(redisReply *reply) {
    char *text = NULL;

    cr_assert_not_null(reply);
    if (reply->type == REDIS_REPLY_INTEGER)
        cr_assert_geq(asprintf(&text, "%lld", reply->integer), 0);
    else
        text = strdup(reply->str != NULL ? reply->str : "");
    freeReplyObject(reply);
    return text;
}

char *redis_server_ask(const struct redis_server *server, const char *format, ...) {
    redisContext *context = connect_to(server);
    va_list arguments;
    char *text;

    cr_assert(context != NULL && context->err == 0, "redis-server does not answer");
    va_start(arguments, format);
    text = text_of(redisvCommand(context, format, arguments));
    va_end(arguments);
    redisFree(context);
    return text;
}

char *redis_server_say(const struct redis_server *server, const char *words) {
    redisContext *context = connect_to(server);
    char *text;

    cr_assert(context != NULL && context->err == 0, "redis-server does not answer");
    text = text_of(redisCommand(context, words));
    redisFree(context);
    return text;
}

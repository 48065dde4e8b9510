/*
 * redis_server.h: a real redis-server of a test's own: on a free port of the loopback and on a unix socket, in a scratch
 * directory, keeping nothing on disk. It ends with the process that started it, at the latest.
 */
#ifndef QMON_TEST_REDIS_SERVER_H
#define QMON_TEST_REDIS_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "scratch.h"

struct redis_server {
    struct scratch scratch;
    pid_t pid; /* 0: stopped */
    uint16_t port;
    bool tls_only; /* set before the start: `port` speaks TLS and nothing else; asked by the socket then */
    const char
        *sentinel; /* set before the start: it is a sentinel, with these lines of configuration; no unix socket */
    char url[64];  /* redis://127.0.0.1:PORT */
    char socket_url[160]; /* unix:///... */
};

/* Starts it and waits until it answers. `options` as on its command line, NULL-terminated ("--maxmemory", "1mb", NULL); NULL
 * none. False, and the test should be skipped, where there is no redis-server. */
bool redis_server_start(struct redis_server *server, const char *const *options);
/* Ends it at once; the port and the socket's path stay its own, so that it can be started again. */
void redis_server_kill(struct redis_server *server);
void redis_server_start_again(struct redis_server *server, const char *const *options);
/* Ends it if it runs, and removes its directory. */
void redis_server_stop(struct redis_server *server);

/* One command; the reply as text, to be freed ("3" for an integer, "" for nil). */
char *redis_server_ask(const struct redis_server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same of words that hold no '%', separated by blanks. */
char *redis_server_say(const struct redis_server *server, const char *words);

/* A port of the loopback that nobody listens on right now. */
uint16_t free_port(void);

#endif

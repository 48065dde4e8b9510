/*
 * redis_resolve.c: names to addresses, in bounded time.
 *
 * getaddrinfo() knows no time-out, so it runs in a thread of its own, and the caller waits for as long as it can. Both hold
 * the lookup; whoever lets go of it last frees it. A thread that a name server keeps waiting ends by itself, long after,
 * or with the process.
 */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "redis_transport.h"

#define STACK_BYTES (512 * 1024)

struct lookup {
    pthread_mutex_t mutex;
    pthread_cond_t done_changed; /* by CLOCK_MONOTONIC */
    bool done;
    int error; /* EAI_* */
    struct addrinfo *found;
    atomic_int holders;
    char host[256], port[8];
};

static void let_go(struct lookup *lookup) {
    if (atomic_fetch_sub(&lookup->holders, 1) > 1)
        return;
    if (lookup->found != NULL)
        freeaddrinfo(lookup->found);
    pthread_cond_destroy(&lookup->done_changed);
    pthread_mutex_destroy(&lookup->mutex);
    free(lookup);
}

static int look_up(const char *host, const char *port, int flags, struct addrinfo **ret_found) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};

    return getaddrinfo(host, port, &hints, ret_found);
}

static void *run(void *context) {
    struct lookup *lookup = context;
    struct addrinfo *found = NULL;
    int error = look_up(lookup->host, lookup->port, AI_ADDRCONFIG, &found);

    pthread_mutex_lock(&lookup->mutex);
    lookup->error = error;
    lookup->found = found;
    lookup->done = true;
    pthread_cond_signal(&lookup->done_changed);
    pthread_mutex_unlock(&lookup->mutex);
    let_go(lookup);
    return NULL;
}

static struct lookup *new_lookup(const char *host, const char *port) {
    struct lookup *lookup = calloc(1, sizeof *lookup);
    pthread_condattr_t attributes;

    if (lookup == NULL)
        return NULL;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&lookup->done_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&lookup->mutex, NULL);
    snprintf(lookup->host, sizeof lookup->host, "%s", host);
    snprintf(lookup->port, sizeof lookup->port, "%s", port);
    atomic_store(&lookup->holders, 1);
    return lookup;
}

/* With every signal blocked: they are for the threads that expect them. */
static int start(struct lookup *lookup) {
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    int r;

    atomic_fetch_add(&lookup->holders, 1);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&thread, &attributes, run, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (r != 0)
        atomic_fetch_sub(&lookup->holders, 1);
    return -r;
}

static void take_over(const struct addrinfo *found, struct qmon__addresses *ret_addresses) {
    ret_addresses->count = 0;
    for (; found != NULL && ret_addresses->count < QMON__ADDRESSES_MAX; found = found->ai_next) {
        if (found->ai_addrlen > sizeof ret_addresses->items[0].socket_address)
            continue;
        ret_addresses->items[ret_addresses->count].bytes = found->ai_addrlen;
        memcpy(ret_addresses->items[ret_addresses->count].socket_address, found->ai_addr, found->ai_addrlen);
        ret_addresses->count++;
    }
}

static int wait_for(struct lookup *lookup, uint64_t deadline_ms, struct qmon__addresses *ret_addresses) {
    struct timespec until = {.tv_sec = (time_t) (deadline_ms / 1000), .tv_nsec = (long) (deadline_ms % 1000) * 1000000};
    int r = 0;

    pthread_mutex_lock(&lookup->mutex);
    while (!lookup->done && r == 0)
        r = pthread_cond_timedwait(&lookup->done_changed, &lookup->mutex, &until);
    if (!lookup->done)
        r = -ETIMEDOUT;
    else if (lookup->error != 0)
        r = lookup->error == EAI_AGAIN ? -EHOSTUNREACH : lookup->error == EAI_MEMORY ? -ENOMEM : -ENXIO;
    else
        take_over(lookup->found, ret_addresses);
    pthread_mutex_unlock(&lookup->mutex);
    return r < 0 ? r : ret_addresses->count > 0 ? 0 : -ENXIO;
}

int qmon__resolve(const char *host, uint16_t port, uint64_t deadline_ms, struct qmon__addresses *ret_addresses) {
    struct addrinfo *found;
    struct lookup *lookup;
    char service[8];
    int r;

    snprintf(service, sizeof service, "%u", port);
    if (look_up(host, service, AI_NUMERICHOST, &found) == 0) { /* asks nobody */
        take_over(found, ret_addresses);
        freeaddrinfo(found);
        return 0;
    }
    lookup = new_lookup(host, service);
    if (lookup == NULL)
        return -ENOMEM;
    r = start(lookup);
    if (r == 0)
        r = wait_for(lookup, deadline_ms, ret_addresses);
    let_go(lookup);
    return r;
}

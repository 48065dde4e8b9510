/*
 * redis_transport.h: a stream of bytes to Redis and back, whatever carries it: a file for each way, redis_transport_*.c.
 * Every call is bounded by a deadline of CLOCK_MONOTONIC in milliseconds.
 */
#ifndef QMON__CACHE_REDIS_TRANSPORT_H
#define QMON__CACHE_REDIS_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "redis_address.h"

struct qmon__redis_transport;
struct qmon__redis_transport_class {
    /* All of it, or a negative errno. */
    int (*send)(struct qmon__redis_transport *transport, const char *data, size_t bytes, uint64_t deadline_ms);
    /* At least one byte, or a negative errno; -ECONNRESET where the other side has closed. */
    long (*receive)(struct qmon__redis_transport *transport, char *ret_data, size_t bytes, uint64_t deadline_ms);
    void (*close)(struct qmon__redis_transport *transport);
    /* What the last failure was in its own words, until the thread's next call; NULL nothing. May be NULL itself. */
    const char *(*said)(struct qmon__redis_transport *transport);
};
struct qmon__redis_transport { /* first member of every implementation */
    const struct qmon__redis_transport_class *class;
};

/* redis_transport.c: chooses the way by the address. `node` is NULL where the address is a path. 0, or a negative errno: -ENXIO
 * the name is not known, -ETIMEDOUT, -ECONNREFUSED, ...; of TLS: -EKEYREJECTED the other side's certificate is not trusted,
 * -ENOKEY our own files are of no use, -ENOPROTOOPT TLS could not be agreed on, -ELIBACC there is no libcurl. *ret_note
 * (valid until the thread's next call; NULL none) says more where there is more to say. */
int qmon__redis_connect(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                        uint64_t deadline_ms, struct qmon__redis_transport **ret_transport, const char **ret_note);

/* redis_transport_socket.c: TCP and unix sockets. qmon__redis_dial gives the connected, non-blocking descriptor. */
int qmon__redis_dial(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                     uint64_t deadline_ms);
int qmon__redis_connect_socket(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                               uint64_t deadline_ms, struct qmon__redis_transport **ret_transport);
/* 0, -ETIMEDOUT, or another negative errno. `events` as of poll. */
int qmon__redis_wait(int fd, short events, uint64_t deadline_ms);

/* redis_transport_tls.c */
int qmon__redis_connect_tls(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                            uint64_t deadline_ms, struct qmon__redis_transport **ret_transport, const char **ret_note);

/* redis_resolve.c */
#define QMON__ADDRESSES_MAX 8
struct qmon__addresses {
    size_t count;
    struct {
        uint32_t bytes;
        _Alignas(8) unsigned char socket_address[128];
    } items[QMON__ADDRESSES_MAX];
};
/* The addresses of a host, by a thread of its own, because nothing else bounds a name server's silence: the thread may
 * outlive the call. 0; -ENXIO; -ETIMEDOUT; another negative errno. */
int qmon__resolve(const char *host, uint16_t port, uint64_t deadline_ms, struct qmon__addresses *ret_addresses);

/* redis_time.c */
/* For poll(): at least 0. */
int qmon__redis_left_ms(uint64_t deadline_ms);

#endif

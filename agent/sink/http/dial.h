/*
 * dial.h: a socket to a server that does not speak HTTP, every wait bounded, that for a name server included. Private to
 * agent/sink.
 */
#ifndef QMON_SINK_DIAL_H
#define QMON_SINK_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMON__DIAL_HOST_BYTES 256u

struct qmon__dial {
    char host[QMON__DIAL_HOST_BYTES];
    char port[8];
};

/* "HOST", "HOST:PORT", "[V6]:PORT"; false: it is none of these. */
bool qmon__dial_read(const char *text, const char *default_port, struct qmon__dial *ret_dial);

/* Connects, by TCP (SOCK_STREAM) or UDP (SOCK_DGRAM), to the first of the host's addresses that can be reached. A non-blocking
 * descriptor of the caller's, or -1: ret_reason has "CLASS: words". deadline_ms: CLOCK_MONOTONIC. */
int qmon__dial(const struct qmon__dial *dial, int type, uint64_t deadline_ms, char *ret_reason, size_t bytes);
/* Sends all of it; receives up to `bytes`, returning how many, 0 at the end. -errno; -ETIMEDOUT at the deadline. */
int qmon__dial_send(int fd, const void *data, size_t bytes, uint64_t deadline_ms);
long qmon__dial_receive(int fd, void *data, size_t bytes, uint64_t deadline_ms);

/* For poll(): at least 0. */
int qmon__dial_left_ms(uint64_t deadline_ms);
/* Waits for `events` of poll() on fd: 0, -ETIMEDOUT. */
int qmon__dial_await(int fd, short events, uint64_t deadline_ms);

#endif

/*
 * fake_redis.h: a server that behaves as no Redis should, for as many connections as come, each in turn.
 */
#ifndef QMON_TEST_FAKE_REDIS_H
#define QMON_TEST_FAKE_REDIS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum fake_behaviour {
    FAKE_ANSWERS,       /* to each thing it reads, the answer */
    FAKE_SAYS_NOTHING,  /* accepts, reads, and never answers */
    FAKE_DRIPS,         /* the answer byte by byte, 10 ms between them */
    FAKE_HANGS_UP,      /* accepts and closes */
    FAKE_CUTS,          /* closes in the middle of the answer */
    FAKE_FLOODS,        /* the answer over and over, without end */
    FAKE_NEVER_ACCEPTS, /* and its queue is full */
};

struct fake_redis {
    uint16_t port;
    char url[64];
    enum fake_behaviour behaviour;
    const char *answer;
    size_t answer_bytes;
    atomic_int connections;
    int listener, stop[2];
    int fillers[8]; /* connections that fill the queue */
    pthread_t thread;
};

/* `answer` is borrowed until the end; NUL bytes in it where bytes is given, else (0) a string. */
void fake_redis_start(struct fake_redis *fake, enum fake_behaviour behaviour, const char *answer, size_t bytes);
void fake_redis_stop(struct fake_redis *fake);

#endif

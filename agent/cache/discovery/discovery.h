/*
 * discovery.h: where Redis is, when nobody has said so: by the parameters PREFIX/endpoint and PREFIX/port of the AWS Systems
 * Manager.
 */
#ifndef QMON__CACHE_DISCOVERY_H
#define QMON__CACHE_DISCOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include <qmon/config.h>

#define QMON__PREFIX_BYTES 512
#define QMON__PLACE_BYTES 512

struct qmon__place {
    char where[QMON__PLACE_BYTES]; /* a host, or a URL; "" not known */
    uint16_t port;
    uint64_t found_ms, tried_ms; /* CLOCK_REALTIME; 0 never */
    char problem[256];           /* of the last try; "" none */
};

struct qmon__discovery {
    char prefix[QMON__PREFIX_BYTES]; /* "/quarkle/production/cache" */
    char path[4096];                 /* of the file in which the host remembers; "" none */
};

/* Is Redis to be looked for? Where a stage is set, no Redis is named, and there is a sign of AWS. Asks nobody. */
bool qmon__discovery_of(const struct qmon_config *config, struct qmon__discovery *ret_discovery);

/* The place, from what the host remembers. Where that is too old, or nothing, another process asks AWS; it is waited for only
 * where there is nothing, and until the deadline (CLOCK_MONOTONIC, ms). 0; -EINPROGRESS: not yet known; -ENODATA: looked for
 * and not found. */
int qmon__discover(const struct qmon__discovery *discovery, uint64_t deadline_ms, struct qmon__place *ret_place);
/* Nobody answers at the place: it is looked for again, soon, and not waited for. */
void qmon__discovery_doubt(const struct qmon__discovery *discovery);

/* discovery_file.c: what the host remembers; nothing where there is no such file, or it says nothing that can be used. */
void qmon__place_read(const char *path, struct qmon__place *ret_place);
int qmon__place_write(const char *path, const struct qmon__place *place);

/* discovery_ssm.c: asks AWS, now. 0; -ENODATA no such parameter; another negative errno. Fills *ret_place always, and
 * ret_how: by which credentials, where, or what is wrong. */
int qmon__discovery_ask(const struct qmon__discovery *discovery, uint64_t timeout_ms, struct qmon__place *ret_place,
                        char *ret_how, size_t bytes);

#endif

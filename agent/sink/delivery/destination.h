/* destination.h: see `destination` in include/qmon/sink.h. Private to agent/sink. */
#ifndef QMON_DESTINATION_H
#define QMON_DESTINATION_H

#include <stdint.h>

/* FNV-1a of both parts. Addresses may be secrets: what is kept of them is this number. */
static inline uint64_t qmon__destination(const char *kind, const char *place) {
    uint64_t hash = 0xcbf29ce484222325ull;

    for (; kind && *kind; kind++)
        hash = (hash ^ (unsigned char) *kind) * 0x100000001b3ull;
    hash = (hash ^ 0xff) * 0x100000001b3ull;
    for (; place && *place; place++)
        hash = (hash ^ (unsigned char) *place) * 0x100000001b3ull;
    return hash;
}

#endif

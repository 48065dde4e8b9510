/* sha256.h: SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), for signing what is sent. Pure. Private to agent/sink. */
#ifndef QMON_SINK_SHA256_H
#define QMON_SINK_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define QMON__SHA256_BYTES 32u
#define QMON__SHA256_HEX_BYTES 65u /* with the NUL */

struct qmon__sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};

void qmon__sha256_begin(struct qmon__sha256 *sha);
void qmon__sha256_add(struct qmon__sha256 *sha, const void *data, size_t bytes);
void qmon__sha256_end(struct qmon__sha256 *sha, uint8_t ret_digest[QMON__SHA256_BYTES]);

struct qmon__hmac {
    struct qmon__sha256 inner, outer;
};

void qmon__hmac_begin(struct qmon__hmac *hmac, const char *key);
void qmon__hmac_add(struct qmon__hmac *hmac, const char *data, size_t bytes);
/* Lower-case hexadecimal digits. What was kept of the key is wiped. */
void qmon__hmac_end(struct qmon__hmac *hmac, char ret_hex[QMON__SHA256_HEX_BYTES]);

#endif

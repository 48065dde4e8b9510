/* sha256.c: see sha256.h. */
#include <string.h>

#include "sha256.h"

static const uint32_t rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned bits) {
    return word >> bits | word << (32 - bits);
}

static void expand(const uint8_t *block, uint32_t words[64]) {
    for (size_t i = 0; i < 16; i++)
        words[i] = (uint32_t) block[4 * i] << 24 | (uint32_t) block[4 * i + 1] << 16 |
                   (uint32_t) block[4 * i + 2] << 8 | block[4 * i + 3];
    for (size_t i = 16; i < 64; i++) {
        uint32_t low = words[i - 15], high = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] + (rotate(low, 7) ^ rotate(low, 18) ^ low >> 3) +
                   (rotate(high, 17) ^ rotate(high, 19) ^ high >> 10);
    }
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t words[64], v[8];

    expand(block, words);
    memcpy(v, state, sizeof v);
    for (size_t i = 0; i < 64; i++) {
        uint32_t first = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                         ((v[4] & v[5]) ^ (~v[4] & v[6])) + rounds[i] + words[i];
        uint32_t second =
            (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += first;
        v[0] = first + second;
    }
    for (size_t i = 0; i < 8; i++)
        state[i] += v[i];
}

void qmon__sha256_begin(struct qmon__sha256 *sha) {
    static const uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    *sha = (struct qmon__sha256){0};
    memcpy(sha->state, state, sizeof state);
}

void qmon__sha256_add(struct qmon__sha256 *sha, const void *data, size_t bytes) {
    const uint8_t *at = data;

    while (bytes > 0) {
        size_t used = sha->bytes % sizeof sha->block, room = sizeof sha->block - used;
        size_t taken = bytes < room ? bytes : room;
        memcpy(sha->block + used, at, taken);
        sha->bytes += taken;
        at += taken;
        bytes -= taken;
        if (taken == room)
            compress(sha->state, sha->block);
    }
}

void qmon__sha256_end(struct qmon__sha256 *sha, uint8_t ret_digest[QMON__SHA256_BYTES]) {
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = sha->bytes * 8;
    uint8_t length[8];

    for (size_t i = 0; i < 8; i++)
        length[i] = (uint8_t) (bits >> (56 - 8 * i));
    size_t used = sha->bytes % 64;
    qmon__sha256_add(sha, padding, used < 56 ? 56 - used : 120 - used);
    qmon__sha256_add(sha, length, sizeof length);
    for (size_t i = 0; i < QMON__SHA256_BYTES; i++)
        ret_digest[i] = (uint8_t) (sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

void qmon__hmac_begin(struct qmon__hmac *hmac, const char *key) {
    size_t bytes = strlen(key);
    uint8_t block[64] = {0}, pad[64];

    if (bytes > sizeof block) {
        qmon__sha256_begin(&hmac->inner);
        qmon__sha256_add(&hmac->inner, key, bytes);
        qmon__sha256_end(&hmac->inner, block);
    } else {
        memcpy(block, key, bytes);
    }
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] = block[i] ^ 0x36;
    qmon__sha256_begin(&hmac->inner);
    qmon__sha256_add(&hmac->inner, pad, sizeof pad);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] = block[i] ^ 0x5c;
    qmon__sha256_begin(&hmac->outer);
    qmon__sha256_add(&hmac->outer, pad, sizeof pad);
    explicit_bzero(block, sizeof block);
    explicit_bzero(pad, sizeof pad);
}

void qmon__hmac_add(struct qmon__hmac *hmac, const char *data, size_t bytes) {
    qmon__sha256_add(&hmac->inner, data, bytes);
}

void qmon__hmac_end(struct qmon__hmac *hmac, char ret_hex[QMON__SHA256_HEX_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[QMON__SHA256_BYTES];

    qmon__sha256_end(&hmac->inner, digest);
    qmon__sha256_add(&hmac->outer, digest, sizeof digest);
    qmon__sha256_end(&hmac->outer, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[2 * sizeof digest] = '\0';
    explicit_bzero(hmac, sizeof *hmac);
}

/* basic.c: see basic.h. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "basic.h"

#define PAIR_BYTES 900

void qmon__base64(const void *data, size_t bytes, char *ret_text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *at = data;

    for (; bytes > 0; at += 3) {
        uint32_t group = (uint32_t) at[0] << 16 | (uint32_t) (bytes > 1 ? at[1] : 0) << 8 | (bytes > 2 ? at[2] : 0);
        *ret_text++ = digits[group >> 18];
        *ret_text++ = digits[group >> 12 & 63];
        *ret_text++ = bytes > 1 ? digits[group >> 6 & 63] : '=';
        *ret_text++ = bytes > 2 ? digits[group & 63] : '=';
        bytes -= bytes > 3 ? 3 : bytes;
    }
    *ret_text = '\0';
}

bool qmon__basic(const char *user, const char *password, char *ret_text, size_t bytes) {
    char pair[PAIR_BYTES];

    ret_text[0] = '\0';
    if (!user[0])
        return true;
    int count = snprintf(pair, sizeof pair, "%s:%s", user, password);
    if (count < 0 || (size_t) count >= sizeof pair || QMON__BASE64_BYTES((size_t) count) + 6 > bytes)
        return false;
    memcpy(ret_text, "Basic ", 6);
    qmon__base64(pair, (size_t) count, ret_text + 6);
    explicit_bzero(pair, sizeof pair);
    return true;
}

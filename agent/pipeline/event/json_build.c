/* json_build.c: see json_build.h. */
#include "json_build.h"

#include <string.h>

#include "internal.h"

/* The comma before the next thing, and its key. */
static void begin(struct qmon__buffer *out, const char *key) {
    char last = out->length > 0 && !out->failed ? out->text[out->length - 1] : '\n';
    if (last != '{' && last != '[' && last != '\n')
        qmon__buffer_byte(out, ',');
    if (key) {
        qmon__buffer_json(out, key);
        qmon__buffer_byte(out, ':');
    }
}

void qmon__put_open(struct qmon__buffer *out, const char *key, char bracket) {
    begin(out, key);
    qmon__buffer_byte(out, bracket);
}

void qmon__put_close(struct qmon__buffer *out, char bracket) {
    qmon__buffer_byte(out, bracket);
}

void qmon__put_text(struct qmon__buffer *out, const char *key, const char *text, size_t max_bytes) {
    static const char dots[] = "...";
    char cut[QMON__JSON_TEXT_BYTES + 1];
    if (!text)
        return;
    begin(out, key);
    if (max_bytes > QMON__JSON_TEXT_BYTES)
        max_bytes = QMON__JSON_TEXT_BYTES;
    if (max_bytes < sizeof dots || strnlen(text, max_bytes + 1) <= max_bytes) {
        qmon__buffer_json(out, text);
        return;
    }
    size_t bytes = max_bytes - (sizeof dots - 1);
    while (bytes > 0 && ((unsigned char) text[bytes] & 0xc0) == 0x80)
        bytes--;
    memcpy(cut, text, bytes);
    memcpy(cut + bytes, dots, sizeof dots);
    qmon__buffer_json(out, cut);
}

void qmon__put_long_text(struct qmon__buffer *out, const char *key, const char *text) {
    if (!text)
        return;
    begin(out, key);
    qmon__buffer_json(out, text);
}

void qmon__put_number(struct qmon__buffer *out, const char *key, uint64_t value) {
    begin(out, key);
    qmon__buffer_decimal(out, value);
}

void qmon__put_signed(struct qmon__buffer *out, const char *key, int64_t value) {
    begin(out, key);
    qmon__buffer_signed(out, value);
}

void qmon__put_hex(struct qmon__buffer *out, const char *key, uint64_t value) {
    begin(out, key);
    qmon__buffer_hex(out, value);
}

void qmon__put_digits(struct qmon__buffer *out, const char *key, uint64_t value) {
    begin(out, key);
    qmon__buffer_byte(out, '"');
    qmon__buffer_decimal(out, value);
    qmon__buffer_byte(out, '"');
}

void qmon__put_bool(struct qmon__buffer *out, const char *key, bool value) {
    begin(out, key);
    qmon__buffer_string(out, value ? "true" : "false");
}

void qmon__put_time(struct qmon__buffer *out, const char *key, uint64_t time_ns) {
    char text[QMON__TIME_BYTES];
    qmon__time_text(time_ns, text);
    begin(out, key);
    qmon__buffer_json(out, text);
}

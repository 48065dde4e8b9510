/* text_buffer.c: see text_buffer.h. */
#include "text_buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/text.h>

#define FIRST_BYTES 4096u
#define REPLACEMENT "\xef\xbf\xbd"

static bool fail(struct qmon__buffer *buffer) {
    buffer->failed = true;
    return false;
}

static bool grow(struct qmon__buffer *buffer, size_t bytes) {
    if (buffer->failed)
        return false;
    size_t room = buffer->room ? buffer->room : FIRST_BYTES;
    while (room - buffer->length < bytes) {
        if (room > SIZE_MAX / 2)
            return fail(buffer);
        room *= 2;
    }
    char *text = realloc(buffer->text, room);
    if (!text)
        return fail(buffer);
    buffer->text = text;
    buffer->room = room;
    return true;
}

static inline bool reserve(struct qmon__buffer *buffer, size_t bytes) {
    return (buffer->room - buffer->length >= bytes && !buffer->failed) || grow(buffer, bytes);
}

void qmon__buffer_add(struct qmon__buffer *buffer, const char *text, size_t bytes) {
    if (bytes == 0 || !reserve(buffer, bytes))
        return;
    memcpy(buffer->text + buffer->length, text, bytes);
    buffer->length += bytes;
}

void qmon__buffer_string(struct qmon__buffer *buffer, const char *text) {
    qmon__buffer_add(buffer, text, strlen(text));
}

void qmon__buffer_byte(struct qmon__buffer *buffer, char byte) {
    if (reserve(buffer, 1))
        buffer->text[buffer->length++] = byte;
}

void qmon__buffer_decimal(struct qmon__buffer *buffer, uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char) ('0' + value % 10);
    while (value /= 10);
    qmon__buffer_add(buffer, digits + at, sizeof digits - at);
}

void qmon__buffer_signed(struct qmon__buffer *buffer, int64_t value) {
    if (value < 0)
        qmon__buffer_byte(buffer, '-');
    qmon__buffer_decimal(buffer, value < 0 ? 0 - (uint64_t) value : (uint64_t) value);
}

void qmon__buffer_hex(struct qmon__buffer *buffer, uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    digits[--at] = '"';
    do
        digits[--at] = "0123456789abcdef"[value % 16];
    while (value /= 16);
    digits[--at] = 'x';
    digits[--at] = '0';
    qmon__buffer_byte(buffer, '"');
    qmon__buffer_add(buffer, digits + at, sizeof digits - at);
}

/* One byte that JSON does not take as it is. */
static void add_escape(struct qmon__buffer *buffer, unsigned char byte) {
    static const char named[][2] = {{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if ((unsigned char) named[i][0] == byte) {
            qmon__buffer_byte(buffer, '\\');
            qmon__buffer_byte(buffer, named[i][1]);
            return;
        }
    char unicode[8];
    snprintf(unicode, sizeof unicode, "\\u%04x", byte);
    qmon__buffer_add(buffer, unicode, 6);
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Are none of eight bytes such that JSON wants them in another way? It may also say no where they are: then they are looked at one
 * by one. */
static bool are_plain(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    uint64_t quote = word ^ EACH('"'), slash = word ^ EACH('\\'), del = word ^ EACH(0x7f);
    uint64_t strange = (word - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1)) | (del - EACH(1)) | word;
    return (strange & EACH(0x80)) == 0;
}

void qmon__buffer_json(struct qmon__buffer *buffer, const char *text) {
    size_t bytes = strlen(text), start = 0, at = 0;
    uint32_t code;
    qmon__buffer_byte(buffer, '"');
    while (at < bytes) {
        if (bytes - at >= sizeof(uint64_t) && are_plain(text + at)) {
            at += sizeof(uint64_t);
            continue;
        }
        unsigned char byte = (unsigned char) text[at];
        bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
        size_t length = plain ? 1 : byte < 0x80 ? 0 : qmon_utf8_step(text + at, bytes - at, &code);
        if (length) {
            at += length;
            continue;
        }
        qmon__buffer_add(buffer, text + start, at - start);
        if (byte < 0x80)
            add_escape(buffer, byte);
        else
            qmon__buffer_string(buffer, REPLACEMENT);
        start = ++at;
    }
    qmon__buffer_add(buffer, text + start, at - start);
    qmon__buffer_byte(buffer, '"');
}

char *qmon__buffer_take(struct qmon__buffer *buffer) {
    qmon__buffer_byte(buffer, '\0');
    char *text = buffer->failed ? NULL : buffer->text;
    if (!text)
        free(buffer->text);
    *buffer = (struct qmon__buffer){0};
    return text;
}

void qmon__buffer_free(struct qmon__buffer *buffer) {
    free(buffer->text);
    *buffer = (struct qmon__buffer){0};
}

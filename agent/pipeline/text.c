/* text.c: see include/qmon/text.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <qmon/text.h>

#define ELLIPSIS "\xe2\x80\xa6"
#define REPLACEMENT "\xef\xbf\xbd"

static size_t sequence_bytes(unsigned char lead, uint32_t *ret_bits, uint32_t *ret_least) {
    if (lead >= 0xc2 && lead <= 0xdf) {
        *ret_bits = lead & 0x1fu;
        *ret_least = 0x80;
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *ret_bits = lead & 0x0fu;
        *ret_least = 0x800;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *ret_bits = lead & 0x07u;
        *ret_least = 0x10000;
        return 4;
    }
    return 0;
}

size_t qmon_utf8_step(const char *at, size_t bytes, uint32_t *ret_code) {
    uint32_t code, least;
    unsigned char lead = (unsigned char) at[0];

    if (lead < 0x80) {
        *ret_code = lead;
        return 1;
    }
    size_t length = sequence_bytes(lead, &code, &least);
    if (length == 0 || length > bytes)
        return 0;
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char) at[i];
        if ((next & 0xc0u) != 0x80u)
            return 0;
        code = code << 6 | (next & 0x3fu);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code = code;
    return length;
}

bool qmon_utf8_printable(uint32_t code) {
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
        return false;
    if (code >= 0x2028 && code <= 0x202e) /* line and paragraph separators, embeddings and overrides */
        return false;
    return !(code >= 0x2066 && code <= 0x2069);
}

void qmon_text_begin(struct qmon_text *text, char *buffer, size_t size) {
    *text = (struct qmon_text){.at = buffer, .size = size};
    buffer[0] = '\0';
}

static void put(struct qmon_text *text, const char *bytes, size_t count) {
    if (text->cut || count >= text->size - text->used) {
        text->cut = true;
        return;
    }
    memcpy(text->at + text->used, bytes, count);
    text->used += count;
    text->at[text->used] = '\0';
}

void qmon_text_add(struct qmon_text *text, const char *words) {
    size_t left = strlen(words);

    while (left > 0) {
        uint32_t code;
        size_t length = qmon_utf8_step(words, left, &code);
        if (length == 0) {
            put(text, REPLACEMENT, sizeof REPLACEMENT - 1);
            length = 1;
        } else {
            put(text, words, length);
        }
        words += length;
        left -= length;
    }
}

void qmon_text_format(struct qmon_text *text, const char *format, ...) {
    char words[512];
    va_list arguments;

    va_start(arguments, format);
    int count = vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (count < 0)
        return;
    qmon_text_add(text, words);
    if ((size_t) count >= sizeof words)
        text->cut = true;
}

/* One character of outside text: its printable form in *ret_bytes, and how far to step. */
static size_t line_step(const char *words, size_t left, const char **ret_bytes, size_t *ret_count) {
    uint32_t code;
    size_t length = qmon_utf8_step(words, left, &code);

    *ret_bytes = words;
    *ret_count = length;
    if (length == 0 || !qmon_utf8_printable(code)) {
        bool blank = length == 1 && (code == '\n' || code == '\t' || code == '\r');
        *ret_bytes = blank ? " " : REPLACEMENT;
        *ret_count = blank ? 1 : sizeof REPLACEMENT - 1;
    }
    return length == 0 ? 1 : length;
}

static size_t columns(const char *words, size_t left) {
    size_t count = 0;

    while (left > 0) {
        uint32_t code;
        size_t length = qmon_utf8_step(words, left, &code);
        length = length == 0 ? 1 : length;
        words += length;
        left -= length;
        count++;
    }
    return count;
}

void qmon_text_line(struct qmon_text *text, const char *words, size_t max_columns, enum qmon_text_cut cut) {
    size_t left = words ? strlen(words) : 0;
    size_t count = columns(words, left);
    size_t head = count, tail = count; /* characters [head, tail) are left out */

    if (count > max_columns && max_columns > 0) {
        size_t keep = max_columns - 1;
        head = cut == QMON_CUT_START ? 0 : cut == QMON_CUT_END ? keep : keep - keep / 2;
        tail = count - (keep - head);
    }
    for (size_t i = 0; left > 0; i++) {
        const char *bytes;
        size_t bytes_count;
        size_t step = line_step(words, left, &bytes, &bytes_count);
        if (i == head && head < tail)
            put(text, ELLIPSIS, sizeof ELLIPSIS - 1);
        if (i < head || i >= tail)
            put(text, bytes, bytes_count);
        words += step;
        left -= step;
    }
}

const char *qmon_base_name(const char *path) {
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;

    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

unsigned qmon_text_changes(const char *one, const char *other) {
    unsigned row[QMON_CHANGES_BYTES + 1];
    size_t bytes = strlen(other);

    if (bytes > QMON_CHANGES_BYTES || strlen(one) > QMON_CHANGES_BYTES)
        return QMON_CHANGES_BYTES;
    for (size_t i = 0; i <= bytes; i++)
        row[i] = (unsigned) i;
    for (unsigned line = 1; one[line - 1] != '\0'; line++) {
        unsigned diagonal = row[0];
        row[0] = line;
        for (size_t i = 1; i <= bytes; i++) {
            unsigned best = diagonal + (one[line - 1] != other[i - 1]);
            diagonal = row[i];
            if (row[i] + 1 < best)
                best = row[i] + 1;
            if (row[i - 1] + 1 < best)
                best = row[i - 1] + 1;
            row[i] = best;
        }
    }
    return row[bytes];
}

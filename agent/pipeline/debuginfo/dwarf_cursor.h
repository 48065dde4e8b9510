/* dwarf_cursor.h: reading bytes that may say anything. A cursor that would leave its bytes turns bad, gives zeros from then
 * on, and stands at its end, so that loops end; callers look at `bad` where it matters. */
#ifndef QMON_PIPELINE_DWARF_CURSOR_H
#define QMON_PIPELINE_DWARF_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct qmon__bytes {
    const unsigned char *at;
    size_t count;
};

struct qmon__cursor {
    const unsigned char *at, *end;
    bool bad;
};

static inline struct qmon__cursor qmon__cursor_at(struct qmon__bytes bytes, uint64_t offset) {
    if (!bytes.at || offset > bytes.count)
        return (struct qmon__cursor){NULL, NULL, true};
    return (struct qmon__cursor){bytes.at + offset, bytes.at + bytes.count, false};
}

static inline size_t qmon__cursor_left(const struct qmon__cursor *cursor) {
    return (size_t) (cursor->end - cursor->at);
}

static inline void qmon__cursor_fail(struct qmon__cursor *cursor) {
    cursor->bad = true;
    cursor->at = cursor->end;
}

static inline void qmon__cursor_skip(struct qmon__cursor *cursor, uint64_t bytes) {
    if (bytes > qmon__cursor_left(cursor))
        qmon__cursor_fail(cursor);
    else
        cursor->at += bytes;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are read as the machines we know store them");

/* A little-endian number of up to 8 bytes. */
static inline uint64_t qmon__cursor_number(struct qmon__cursor *cursor, unsigned bytes) {
    uint64_t value = 0;
    size_t left = qmon__cursor_left(cursor);
    if (bytes > left || bytes > sizeof value) {
        qmon__cursor_fail(cursor);
        return 0;
    }
    if (left >= sizeof value && bytes) { /* one load, the surplus cut off */
        memcpy(&value, cursor->at, sizeof value);
        value &= UINT64_MAX >> (64 - 8 * bytes);
    } else {
        memcpy(&value, cursor->at, bytes);
    }
    cursor->at += bytes;
    return value;
}

static inline uint8_t qmon__cursor_u8(struct qmon__cursor *cursor) {
    if (cursor->at >= cursor->end) {
        cursor->bad = true;
        return 0;
    }
    return *cursor->at++;
}

static inline uint16_t qmon__cursor_u16(struct qmon__cursor *cursor) {
    return (uint16_t) qmon__cursor_number(cursor, 2);
}

static inline uint32_t qmon__cursor_u32(struct qmon__cursor *cursor) {
    return (uint32_t) qmon__cursor_number(cursor, 4);
}

static inline uint64_t qmon__cursor_u64(struct qmon__cursor *cursor) {
    return qmon__cursor_number(cursor, 8);
}

static inline uint64_t qmon__cursor_uleb(struct qmon__cursor *cursor) {
    uint64_t value = 0;
    for (unsigned shift = 0; cursor->at < cursor->end; shift += 7) {
        unsigned char byte = *cursor->at++;
        if (shift < 64)
            value |= (uint64_t) (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    cursor->bad = true;
    return 0;
}

static inline int64_t qmon__cursor_sleb(struct qmon__cursor *cursor) {
    uint64_t value = 0;
    for (unsigned shift = 0; cursor->at < cursor->end;) {
        unsigned char byte = *cursor->at++;
        if (shift < 64)
            value |= (uint64_t) (byte & 0x7f) << shift;
        shift += 7;
        if (!(byte & 0x80)) {
            if (shift < 64 && (byte & 0x40))
                value |= ~(uint64_t) 0 << shift;
            return (int64_t) value;
        }
    }
    cursor->bad = true;
    return 0;
}

static inline void qmon__cursor_skip_leb(struct qmon__cursor *cursor) {
    while (cursor->at < cursor->end)
        if (!(*cursor->at++ & 0x80))
            return;
    cursor->bad = true;
}

/* A NUL-terminated string in place; NULL when it does not end. */
static inline const char *qmon__cursor_string(struct qmon__cursor *cursor) {
    const unsigned char *text = cursor->at;
    const unsigned char *nul = cursor->at < cursor->end ? memchr(text, 0, qmon__cursor_left(cursor)) : NULL;
    if (!nul) {
        qmon__cursor_fail(cursor);
        return NULL;
    }
    cursor->at = nul + 1;
    return (const char *) text;
}

/* The string at an offset of a string section, or NULL. */
static inline const char *qmon__string_at(struct qmon__bytes section, uint64_t offset) {
    struct qmon__cursor cursor = qmon__cursor_at(section, offset);
    return qmon__cursor_string(&cursor);
}

#endif

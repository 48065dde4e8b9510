/* event_text.c: text on its way into an event. Nothing that a terminal, a JSON reader or a channel chokes on gets by. */
#include <string.h>

#include <qmon/event.h>
#include <qmon/text.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_BYTES 3u

/* Length of the character at text if it may stay as it is, else 0. */
static size_t kept(const unsigned char *text, size_t bytes) {
    uint32_t code;
    size_t length = qmon_utf8_step((const char *) text, bytes, &code);
    return length && (qmon_utf8_printable(code) || code == '\n' || code == '\t') ? length : 0;
}

/* A character that max_bytes cut through is left out rather than shown as broken. */
static size_t without_cut_character(const unsigned char *text, size_t bytes) {
    for (size_t back = 1; back <= 3 && back <= bytes; back++) {
        unsigned char byte = text[bytes - back];
        if ((byte & 0xc0) == 0x80)
            continue;
        size_t needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return needs > back ? bytes - back : bytes;
    }
    return bytes;
}

/* How many bytes at the beginning are ordinary ASCII, counted in eights: most texts are nothing else. */
static size_t plain_bytes(const unsigned char *text, size_t bytes) {
    const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
    size_t at = 0;
    for (uint64_t word; bytes - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        uint64_t below_space = (word - ones * 0x20) & ~word,
                 delete = ((word ^ ones * 0x7f) - ones) & ~(word ^ ones * 0x7f);
        if ((word | below_space | delete) & tops)
            break;
    }
    return at;
}

static bool is_clean(const unsigned char *text, size_t bytes) {
    for (size_t i = plain_bytes(text, bytes); i < bytes;) {
        size_t length = kept(text + i, bytes - i);
        if (!length)
            return false;
        i += length;
    }
    return true;
}

static const char *clean_copy(struct qmon_event *event, const unsigned char *text, size_t bytes) {
    if (bytes > SIZE_MAX / 2 / REPLACEMENT_BYTES)
        return NULL;
    bool clean = is_clean(text, bytes);
    char *copy = qmon_event_alloc(event, (clean ? bytes : bytes * REPLACEMENT_BYTES) + 1);
    if (!copy)
        return NULL;
    if (clean) {
        memcpy(copy, text, bytes);
        return copy;
    }
    char *to = copy;
    for (size_t i = 0; i < bytes;) {
        size_t length = kept(text + i, bytes - i);
        memcpy(to, length ? (const char *) text + i : REPLACEMENT, length ? length : REPLACEMENT_BYTES);
        to += length ? length : REPLACEMENT_BYTES;
        i += length ? length : 1;
    }
    return copy;
}

const char *qmon_event_text(struct qmon_event *event, const char *text) {
    return text ? clean_copy(event, (const unsigned char *) text, strlen(text)) : NULL;
}

const char *qmon_event_text_n(struct qmon_event *event, const char *text, size_t max_bytes) {
    if (!text)
        return NULL;
    size_t bytes = strnlen(text, max_bytes);
    if (bytes == max_bytes)
        bytes = without_cut_character((const unsigned char *) text, bytes);
    return clean_copy(event, (const unsigned char *) text, bytes);
}

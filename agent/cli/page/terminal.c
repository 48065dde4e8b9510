#include "terminal.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define WRAP_COLUMNS 100u
#define LEAST_COLUMNS 40u

static unsigned columns_of(int fd) {
    struct winsize size;
    const char *text = getenv("COLUMNS");
    long wanted = text ? strtol(text, NULL, 10) : 0;

    if (wanted >= (long) LEAST_COLUMNS && wanted < 10000)
        return (unsigned) wanted;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
}

struct qmon__cli_style qmon__cli_style_of(FILE *stream) {
    struct qmon__cli_style style = {0};
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    int fd = fileno(stream);

    style.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (fd < 0 || !isatty(fd))
        return style;
    style.columns = columns_of(fd);
    style.color = (!no_color || !*no_color) && term && *term && strcmp(term, "dumb") != 0;
    return style;
}

const char *qmon__cli_look(const struct qmon__cli_style *style, enum qmon__cli_role role) {
    static const char *const escapes[] = {
        [QMON_LOOK_PLAIN] = "",        [QMON_LOOK_TITLE] = "\033[1m",    [QMON_LOOK_FAINT] = "\033[2m",
        [QMON_LOOK_GOOD] = "\033[32m", [QMON_LOOK_WARNING] = "\033[33m", [QMON_LOOK_BAD] = "\033[1;31m",
        [QMON_LOOK_NAME] = "\033[36m",
    };

    return style->color ? escapes[role] : "";
}

const char *qmon__cli_plain(const struct qmon__cli_style *style) {
    return style->color ? "\033[0m" : "";
}

enum qmon__cli_role qmon__cli_severity_look(int severity) {
    switch (severity) {
    case QMON_SEVERITY_CRITICAL:
    case QMON_SEVERITY_ERROR:
        return QMON_LOOK_BAD;
    case QMON_SEVERITY_WARNING:
        return QMON_LOOK_WARNING;
    default:
        return QMON_LOOK_PLAIN;
    }
}

struct glyph {
    unsigned bytes, columns; /* consumed; taken on the terminal */
    bool safe;               /* may be written as it is */
    bool blank;
};

/* Invisible characters that reorder or hide the text around them. */
static bool deceptive(uint32_t code) {
    return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xe0000 && code <= 0xe0fff);
}

static unsigned sequence_bytes(unsigned char first) {
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

static struct glyph glyph_at(const char *text) {
    struct glyph glyph = {.bytes = 1, .columns = 1};
    const unsigned char *byte = (const unsigned char *) text;
    unsigned length = sequence_bytes(byte[0]);
    uint32_t code = byte[0] & (0x7fu >> length);
    int width;

    if (byte[0] < 0x80) {
        glyph.blank = byte[0] == ' ' || byte[0] == '\t' || byte[0] == '\n';
        glyph.safe = byte[0] >= ' ' && byte[0] < 0x7f;
        return glyph;
    }
    for (unsigned i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return glyph;
        code = code << 6 | (byte[i] & 0x3f);
    }
    if (length == 0 || (length == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
        (length == 4 && (code < 0x10000 || code > 0x10ffff)))
        return glyph;
    glyph.bytes = length;
    glyph.safe = code >= 0xa0 && !deceptive(code);
    width = wcwidth((wchar_t) code);
    if (glyph.safe && width >= 0)
        glyph.columns = (unsigned) width;
    return glyph;
}

unsigned qmon__cli_width(const char *text) {
    unsigned columns = 0;

    while (*text) {
        struct glyph glyph = glyph_at(text);
        columns += glyph.columns;
        text += glyph.bytes;
    }
    return columns;
}

/* Writes one glyph and returns its bytes in text. */
static unsigned put_glyph(FILE *out, const char *text) {
    struct glyph glyph = glyph_at(text);

    if (glyph.safe)
        fwrite(text, 1, glyph.bytes, out);
    else
        putc(glyph.blank ? ' ' : '?', out);
    return glyph.bytes;
}

void qmon__cli_put(FILE *out, const struct qmon__cli_style *style, enum qmon__cli_role role, const char *text) {
    if (!text)
        return;
    fputs(qmon__cli_look(style, role), out);
    while (*text)
        text += put_glyph(out, text);
    if (role != QMON_LOOK_PLAIN)
        fputs(qmon__cli_plain(style), out);
}

/* The bytes of the word at text, and its columns. */
static size_t word_at(const char *text, unsigned *ret_columns) {
    size_t length = 0;

    *ret_columns = 0;
    while (text[length]) {
        struct glyph glyph = glyph_at(text + length);
        if (glyph.blank)
            break;
        *ret_columns += glyph.columns;
        length += glyph.bytes;
    }
    return length;
}

void qmon__cli_put_wrapped(FILE *out, const struct qmon__cli_style *style, unsigned start, unsigned indent,
                           const char *text) {
    unsigned limit = style->columns ? style->columns : WRAP_COLUMNS;
    unsigned column = start;
    bool first = true;

    for (;;) {
        unsigned width;
        size_t length;

        while (*text && glyph_at(text).blank)
            text++;
        if (!*text)
            break;
        length = word_at(text, &width);
        if (!first && column + 1 + width > limit) {
            fprintf(out, "\n%*s", (int) indent, "");
            column = indent;
        } else if (!first) {
            putc(' ', out);
            column++;
        }
        for (const char *end = text + length; text < end;)
            text += put_glyph(out, text);
        column += width;
        first = false;
    }
    putc('\n', out);
}

unsigned qmon__cli_fit(const struct qmon__cli_style *style, const char *text, unsigned columns, char *ret_text,
                       size_t bytes) {
    const char *more = style->unicode ? "\xe2\x80\xa6" : "...";
    unsigned more_columns = style->unicode ? 1 : 3;
    bool whole = qmon__cli_width(text) <= columns;
    unsigned limit = whole || columns < more_columns ? columns : columns - more_columns;
    unsigned taken = 0;
    size_t used = 0;

    while (*text) {
        struct glyph glyph = glyph_at(text);
        size_t length = glyph.safe ? glyph.bytes : 1;

        if (taken + glyph.columns > limit || used + length + sizeof "..." > bytes)
            break;
        if (glyph.safe)
            memcpy(ret_text + used, text, length);
        else
            ret_text[used] = glyph.blank ? ' ' : '?';
        used += length;
        taken += glyph.columns;
        text += glyph.bytes;
    }
    ret_text[used] = '\0';
    if (*text && columns >= more_columns) {
        memcpy(ret_text + used, more, strlen(more) + 1);
        taken += more_columns;
    }
    return taken;
}

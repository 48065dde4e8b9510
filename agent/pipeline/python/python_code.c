/* python_code.c: code objects of CPython: where they come from, and which line an instruction belongs to. */
#include <string.h>

#include "python.h"

#define TYPE_AT 8u    /* PyObject.ob_type */
#define LENGTH_AT 16u /* PyVarObject.ob_size; PyASCIIObject.length */
#define STATE_AT 32u  /* PyASCIIObject.state */
#define BYTES_AT 32u  /* PyBytesObject.ob_sval */
#define STATE_ASCII 0x40u
#define STATE_COMPACT 0x20u
#define TABLE_BYTES_MAX (256u * 1024)
#define CHUNK 256u

static bool read_u64(const struct qmon__python *python, uint64_t address, uint64_t *ret_value) {
    return python->eye->read(python->eye->context, address, ret_value, sizeof *ret_value);
}

static bool has_type(const struct qmon__python *python, uint64_t object, uint64_t type) {
    uint64_t found;
    return object != 0 && object % 8 == 0 && read_u64(python, object + TYPE_AT, &found) && found == type;
}

bool qmon__python_is_code(const struct qmon__python *python, uint64_t code) {
    return has_type(python, code, python->code_type);
}

/* One character in UTF-8; returns how many bytes. */
static size_t encode(uint32_t character, char *to) {
    if (character < 0x80) {
        to[0] = (char) character;
        return 1;
    }
    if (character < 0x800) {
        to[0] = (char) (0xc0 | character >> 6);
        to[1] = (char) (0x80 | (character & 0x3f));
        return 2;
    }
    const size_t extra = character < 0x10000 ? 2 : 3;
    to[0] = (char) ((extra == 2 ? 0xe0 : 0xf0) | character >> (6 * extra));
    for (size_t i = 1; i <= extra; i++)
        to[i] = (char) (0x80 | (character >> (6 * (extra - i)) & 0x3f));
    return extra + 1;
}

/* A text in full: one that is longer than there is room for is none of a name or a path. */
static bool read_text(const struct qmon__python *python, uint64_t object, char ret_text[QMON__PYTHON_PATH_BYTES]) {
    unsigned char characters[QMON__PYTHON_PATH_BYTES];
    uint64_t length;
    uint32_t state;
    if (!has_type(python, object, python->text_type) || !read_u64(python, object + LENGTH_AT, &length) ||
        !python->eye->read(python->eye->context, object + STATE_AT, &state, sizeof state))
        return false;
    const uint32_t width = state >> 2 & 7;
    if ((state & STATE_COMPACT) == 0 || (width != 1 && width != 2 && width != 4) || length == 0 ||
        length > sizeof characters / width)
        return false;
    const uint32_t header = (state & STATE_ASCII) != 0 ? python->layout.text_ascii : python->layout.text_compact;
    if (!python->eye->read(python->eye->context, object + header, characters, length * width))
        return false;
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        uint32_t character = 0;
        memcpy(&character, characters + i * width, width);
        if (character == 0 || character > 0x10ffff || used + 4 >= QMON__PYTHON_PATH_BYTES)
            return false;
        used += encode(character, ret_text + used);
    }
    ret_text[used] = '\0';
    return true;
}

/* The bytes of a line table, one after the other. */
struct table {
    const struct qmon__python *python;
    uint64_t at, end;
    unsigned char chunk[CHUNK];
    size_t held, used;
};

static bool begin_table(const struct qmon__python *python, uint64_t bytes_object, struct table *ret_table) {
    uint64_t count;
    if (!read_u64(python, bytes_object + LENGTH_AT, &count) || count > TABLE_BYTES_MAX)
        return false;
    *ret_table =
        (struct table){.python = python, .at = bytes_object + BYTES_AT, .end = bytes_object + BYTES_AT + count};
    return true;
}

static bool next_byte(struct table *table, unsigned char *ret_byte) {
    if (table->used == table->held) {
        const uint64_t left = table->end - table->at;
        table->held = left < sizeof table->chunk ? (size_t) left : sizeof table->chunk;
        table->used = 0;
        if (table->held == 0 ||
            !table->python->eye->read(table->python->eye->context, table->at, table->chunk, table->held))
            return false;
        table->at += table->held;
    }
    *ret_byte = table->chunk[table->used++];
    return true;
}

/* 3.9: steps in bytes of code and in lines; the last one that begins at or before `at` counts. */
static int64_t line_by_lnotab(struct table *table, uint64_t at, int64_t line) {
    unsigned char step, lines;
    uint64_t address = 0;
    while (next_byte(table, &step) && next_byte(table, &lines)) {
        address += step;
        if (address > at)
            break;
        line += (signed char) lines;
    }
    return line;
}

/* 3.10: each pair is a stretch of code and the line that it changes to; -128: a stretch without a line. */
static int64_t line_by_table(struct table *table, uint64_t at, int64_t line) {
    unsigned char step, lines;
    uint64_t end = 0;
    while (next_byte(table, &step) && next_byte(table, &lines)) {
        const bool none = (signed char) lines == -128;
        line += none ? 0 : (signed char) lines;
        end += step;
        if (end > at)
            return none ? 0 : line;
    }
    return 0;
}

static bool next_varint(struct table *table, uint64_t *ret_value) {
    unsigned char byte;
    *ret_value = 0;
    for (unsigned shift = 0; shift < 36; shift += 6) {
        if (!next_byte(table, &byte))
            return false;
        *ret_value |= (uint64_t) (byte & 63) << shift;
        if ((byte & 64) == 0)
            return true;
    }
    return false;
}

static bool add_signed(struct table *table, int64_t *line) {
    uint64_t value;
    if (!next_varint(table, &value))
        return false;
    *line += (value & 1) != 0 ? -(int64_t) (value >> 1) : (int64_t) (value >> 1);
    return true;
}

/* Reads on behind an entry's first byte. False: the table ends, or makes no sense. */
static bool take_location(struct table *table, unsigned kind, int64_t *line) {
    unsigned char byte;
    uint64_t value;
    if (kind == 15) /* no location */
        return true;
    if (kind == 14) /* line, end line, column, end column */
        return add_signed(table, line) && next_varint(table, &value) && next_varint(table, &value) &&
               next_varint(table, &value);
    if (kind == 13) /* no columns */
        return add_signed(table, line);
    if (kind < 10)
        return next_byte(table, &byte);
    *line += kind - 10;
    return next_byte(table, &byte) && next_byte(table, &byte);
}

/* Since 3.11: entries of 1 to 8 code units each. */
static int64_t line_by_locations(struct table *table, uint64_t at, int64_t line) {
    unsigned char first;
    uint64_t end = 0;
    while (next_byte(table, &first) && (first & 0x80) != 0) {
        const unsigned kind = first >> 3 & 15;
        if (!take_location(table, kind, &line))
            return 0;
        end += ((first & 7u) + 1) * 2;
        if (end > at)
            return kind == 15 ? 0 : line;
    }
    return 0;
}

static uint32_t find_line(const struct qmon__python *python, uint64_t code, uint64_t at) {
    const struct qmon__python_layout *layout = &python->layout;
    int32_t first;
    uint64_t lines;
    struct table table;
    if (!python->eye->read(python->eye->context, code + layout->code_line, &first, sizeof first) || first < 0 ||
        !read_u64(python, code + layout->code_lines, &lines) || !begin_table(python, lines, &table))
        return 0;
    int64_t line = 0;
    if (layout->lines == QMON__LINES_LNOTAB)
        line = line_by_lnotab(&table, at, first);
    else if (layout->lines == QMON__LINES_TABLE)
        line = line_by_table(&table, at * 2, first); /* it counts instructions */
    else if (at >= code + layout->code_bytes)
        line = line_by_locations(&table, at - (code + layout->code_bytes), first);
    return line > 0 && line <= INT32_MAX ? (uint32_t) line : 0;
}

bool qmon__python_place(const struct qmon__python *python, uint64_t code, uint64_t at,
                        struct qmon__python_place *ret_place) {
    uint64_t file, name;
    if (!qmon__python_is_code(python, code) || !read_u64(python, code + python->layout.code_file, &file) ||
        !read_u64(python, code + python->layout.code_name, &name) || !read_text(python, file, ret_place->file) ||
        !read_text(python, name, ret_place->function))
        return false;
    ret_place->line = find_line(python, code, at);
    return true;
}

/* dwarf_line.c: the head of a unit's line table, with the names of its files. */
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>

#include "dwarf_unit.h"

#define DIRECTORIES_MAX 1000000u
#define FILES_MAX 1000000u
#define FORMATS_MAX 16
#define PATH_MAX_BYTES 8192u

struct directories {
    const char **names;
    size_t count, room;
};

static bool add_directory(struct directories *directories, const char *name) {
    if (!QMON__GROW(directories->names, directories->room, directories->count, DIRECTORIES_MAX))
        return false;
    directories->names[directories->count++] = name;
    return true;
}

static bool add_file(struct qmon__unit *unit, const struct directories *directories, const char *name,
                     uint64_t directory) {
    struct qmon__lines *lines = &unit->lines;
    if (!QMON__GROW(lines->files, lines->file_room, lines->file_count, FILES_MAX))
        return false;
    const char *in = directory < directories->count ? directories->names[directory] : NULL;
    lines->files[lines->file_count++] = (struct qmon__file){name, in, NULL};
    return true;
}

/* DWARF 2 to 4: file 0 is the unit itself, directory 0 the one that it was compiled in. */
static bool read_old_names(struct qmon__unit *unit, struct directories *directories, struct qmon__cursor *cursor) {
    const char *name;
    if (!add_directory(directories, unit->directory) || !add_file(unit, directories, unit->name, 0))
        return false;
    while ((name = qmon__cursor_string(cursor)) && *name)
        if (!add_directory(directories, name))
            return false;
    while ((name = qmon__cursor_string(cursor)) && *name) {
        uint64_t directory = qmon__cursor_uleb(cursor);
        qmon__cursor_skip_leb(cursor);
        qmon__cursor_skip_leb(cursor);
        if (!add_file(unit, directories, name, directory))
            return false;
    }
    return true;
}

struct format {
    uint64_t content;
    struct qmon__abbrev_attribute value;
};

static size_t read_formats(struct qmon__cursor *cursor, struct qmon__encoding encoding,
                           struct format formats[FORMATS_MAX]) {
    size_t count = qmon__cursor_u8(cursor);
    if (count > FORMATS_MAX) {
        qmon__cursor_fail(cursor);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        formats[i].content = qmon__cursor_uleb(cursor);
        uint64_t form = qmon__cursor_uleb(cursor);
        formats[i].value = (struct qmon__abbrev_attribute){.form = (uint16_t) form,
                                                           .skip = qmon__form_skip((uint16_t) form, encoding)};
        if (form > UINT16_MAX || form == DW_FORM_implicit_const || formats[i].value.skip.kind == QMON__SKIP_UNKNOWN)
            qmon__cursor_fail(cursor);
    }
    return cursor->bad ? 0 : count;
}

/* One entry of a DWARF 5 table. */
static void read_entry(struct qmon__unit *unit, struct qmon__cursor *cursor, struct qmon__encoding encoding,
                       const struct format *formats, size_t format_count, const char **ret_name,
                       uint64_t *ret_directory) {
    *ret_name = NULL;
    *ret_directory = 0;
    for (size_t i = 0; i < format_count; i++) {
        struct qmon__value value = qmon__value_read(&formats[i].value, encoding, cursor);
        if (formats[i].content == DW_LNCT_path)
            *ret_name = qmon__value_text(unit, &value);
        else if (formats[i].content == DW_LNCT_directory_index)
            *ret_directory = value.number;
    }
}

static bool read_new_names(struct qmon__unit *unit, struct directories *directories, struct qmon__cursor *cursor,
                           struct qmon__encoding encoding, struct qmon__budget *budget) {
    struct format formats[FORMATS_MAX];
    for (int files = 0; files <= 1; files++) {
        size_t format_count = read_formats(cursor, encoding, formats);
        uint64_t count = qmon__cursor_uleb(cursor), directory;
        if (cursor->bad || count > (files ? FILES_MAX : DIRECTORIES_MAX) || (count && !format_count))
            return false;
        for (uint64_t i = 0; i < count && !qmon__budget_tick(budget); i++) {
            const char *name;
            read_entry(unit, cursor, encoding, formats, format_count, &name, &directory);
            if (cursor->bad)
                return false;
            if (!(files ? add_file(unit, directories, name, directory) : add_directory(directories, name)))
                return false;
        }
    }
    return true;
}

/* Reads up to the program. The names come between the fixed fields and the program, whose place the header gives. */
static bool read_header(struct qmon__unit *unit, struct directories *directories, struct qmon__line_header *header,
                        struct qmon__budget *budget) {
    struct qmon__cursor cursor = qmon__cursor_at(unit->dwarf->sections[QMON__DEBUG_LINE], unit->line_offset);
    uint64_t length = qmon__cursor_u32(&cursor);
    header->offset_bytes = length == UINT32_MAX ? 8 : 4;
    if (length == UINT32_MAX)
        length = qmon__cursor_u64(&cursor);
    if (cursor.bad || length > qmon__cursor_left(&cursor))
        return false;
    cursor.end = cursor.at + length;
    header->version = (uint8_t) qmon__cursor_u16(&cursor);
    header->address_bytes = unit->encoding.address_bytes;
    if (header->version < 2 || header->version > 5)
        return false;
    if (header->version >= 5) {
        header->address_bytes = qmon__cursor_u8(&cursor);
        qmon__cursor_skip(&cursor, 1); /* segment selectors: none on our machines */
    }
    uint64_t header_length = qmon__cursor_number(&cursor, header->offset_bytes);
    header->program = cursor;
    qmon__cursor_skip(&header->program, header_length);
    header->least_instruction = qmon__cursor_u8(&cursor);
    qmon__cursor_skip(&cursor, header->version >= 4 ? 2 : 1); /* operations an instruction; is_stmt */
    header->line_base = (int8_t) qmon__cursor_u8(&cursor);
    header->line_range = qmon__cursor_u8(&cursor);
    header->opcode_base = qmon__cursor_u8(&cursor);
    header->opcode_lengths = cursor.at;
    if (!header->line_range || !header->opcode_base)
        return false;
    qmon__cursor_skip(&cursor, header->opcode_base - 1u);
    if (cursor.bad || header->program.bad)
        return false;
    struct qmon__encoding encoding = {header->version, header->address_bytes, header->offset_bytes};
    return header->version >= 5 ? read_new_names(unit, directories, &cursor, encoding, budget)
                                : read_old_names(unit, directories, &cursor);
}

bool qmon__lines_read(struct qmon__unit *unit, struct qmon__budget *budget) {
    struct qmon__line_header header = {0};
    struct directories directories = {0};
    bool failed = false;
    if (unit->has_lines && read_header(unit, &directories, &header, budget)) {
        unit->lines.program = qmon__line_program_new(&header);
        failed = !unit->lines.program;
    }
    free(directories.names);
    if (failed || budget->spent) {
        qmon__lines_clear(&unit->lines);
        return false;
    }
    return true;
}

void qmon__lines_clear(struct qmon__lines *lines) {
    for (size_t i = 0; i < lines->file_count; i++)
        free(lines->files[i].path);
    free(lines->files);
    free(lines->program);
    free(lines->marks);
    free(lines->sequences);
    *lines = (struct qmon__lines){0};
}

static char *join(const char *first, const char *second, const char *third) {
    size_t bytes = 3;
    const char *const parts[] = {first, second, third};
    for (size_t i = 0; i < 3; i++)
        bytes += parts[i] ? strlen(parts[i]) : 0;
    char *path = bytes <= PATH_MAX_BYTES ? malloc(bytes) : NULL;
    if (path)
        snprintf(path, bytes, "%s%s%s%s%s", first ? first : "", first ? "/" : "", second ? second : "",
                 second ? "/" : "", third);
    return path;
}

const char *qmon__line_path(struct qmon__unit *unit, uint64_t number) {
    if (number >= unit->lines.file_count)
        return NULL;
    struct qmon__file *file = &unit->lines.files[number];
    if (!file->name || !*file->name || file->path)
        return file->path;
    const char *directory = *file->name == '/' ? NULL : file->directory;
    const char *root = *file->name == '/' || (directory && *directory == '/') ? NULL : unit->directory;
    if (root && directory && !strcmp(root, directory))
        root = NULL;
    return file->path = join(root, directory, file->name);
}

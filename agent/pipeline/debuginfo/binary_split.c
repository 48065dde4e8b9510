/*
 * binary_split.c: see binary_split.h. A package is looked for beside the program, and beside its debug file; a single file
 * where the compiler put it, and beside the program under its base name. The decoder compares ids: a file of another build
 * is not used.
 */
#include "binary_split.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_BYTES 4200
#define SPLITS_MAX 4096u /* files or units of a package that are kept open */
#define COLUMNS_MAX 16u
#define PACKED_INFO 1u
#define PACKED_ABBREV 3u
#define PACKED_LINE 4u
#define PACKED_STR_OFFSETS 6u
#define PACKED_RNGLISTS 8u /* since DWARF 5; before it is a section of macros */

struct qmon__split {
    struct qmon__split *next;
    uint64_t id;
    struct qmon__elf *elf; /* NULL: of the package */
    struct qmon__dwarf *dwarf;
};

static void take_sections(struct qmon__elf *elf, struct qmon__bytes sections[QMON__DEBUG_SECTIONS]) {
    static const char *const names[QMON__DEBUG_SECTIONS] = {
        [QMON__DEBUG_INFO] = ".debug_info.dwo",
        [QMON__DEBUG_ABBREV] = ".debug_abbrev.dwo",
        [QMON__DEBUG_STR] = ".debug_str.dwo",
        [QMON__DEBUG_LINE] = ".debug_line.dwo",
        [QMON__DEBUG_STR_OFFSETS] = ".debug_str_offsets.dwo",
        [QMON__DEBUG_RNGLISTS] = ".debug_rnglists.dwo",
    };
    for (size_t i = 0; i < QMON__DEBUG_SECTIONS; i++)
        sections[i] = names[i] ? qmon__elf_section(elf, names[i]) : (struct qmon__bytes){0};
}

/* .debug_cu_index: a table from ids to the part of each section that is the unit's. */
struct package_index {
    struct qmon__bytes bytes;
    uint32_t columns, units, slots;
    uint64_t ids, rows, kinds, offsets, sizes; /* where each table begins */
};

static uint64_t number_at(struct qmon__bytes bytes, uint64_t offset, unsigned size) {
    struct qmon__cursor cursor = qmon__cursor_at(bytes, offset);
    return qmon__cursor_number(&cursor, size);
}

static bool read_index(struct qmon__elf *package, struct package_index *ret_index) {
    struct qmon__bytes bytes = qmon__elf_section(package, ".debug_cu_index");
    struct qmon__cursor cursor = qmon__cursor_at(bytes, 0);
    uint32_t version = (uint32_t) qmon__cursor_number(&cursor, 4);
    struct package_index index = {.bytes = bytes};
    index.columns = (uint32_t) qmon__cursor_number(&cursor, 4);
    index.units = (uint32_t) qmon__cursor_number(&cursor, 4);
    index.slots = (uint32_t) qmon__cursor_number(&cursor, 4);
    if (cursor.bad || (version != 2 && (version & 0xffff) != 5) || index.columns > COLUMNS_MAX ||
        (index.slots & (index.slots - 1)) != 0 || index.slots == 0)
        return false;
    index.ids = 16;
    index.rows = index.ids + 8ull * index.slots;
    index.kinds = index.rows + 4ull * index.slots;
    index.offsets = index.kinds + 4ull * index.columns;
    index.sizes = index.offsets + 4ull * index.columns * index.units;
    *ret_index = index;
    return index.sizes + 4ull * index.columns * index.units <= bytes.count;
}

/* The row of a unit, from 0 on; UINT32_MAX: it is not in there. */
static uint32_t find_row(const struct package_index *index, uint64_t id) {
    uint32_t mask = index->slots - 1, slot = (uint32_t) id & mask, step = ((uint32_t) (id >> 32) & mask) | 1;
    for (uint32_t tries = 0; tries < index->slots; tries++, slot = (slot + step) & mask) {
        uint32_t row = (uint32_t) number_at(index->bytes, index->rows + 4ull * slot, 4);
        if (row == 0 || row > index->units)
            return UINT32_MAX;
        if (number_at(index->bytes, index->ids + 8ull * slot, 8) == id)
            return row - 1;
    }
    return UINT32_MAX;
}

static enum qmon__section section_of_kind(uint64_t kind, unsigned version) {
    switch (kind) {
    case PACKED_INFO:
        return QMON__DEBUG_INFO;
    case PACKED_ABBREV:
        return QMON__DEBUG_ABBREV;
    case PACKED_LINE:
        return QMON__DEBUG_LINE;
    case PACKED_STR_OFFSETS:
        return QMON__DEBUG_STR_OFFSETS;
    case PACKED_RNGLISTS:
        return version >= 5 ? QMON__DEBUG_RNGLISTS : QMON__DEBUG_SECTIONS;
    default:
        return QMON__DEBUG_SECTIONS;
    }
}

static bool cut_out(const struct package_index *index, uint32_t row, unsigned version,
                    struct qmon__bytes sections[QMON__DEBUG_SECTIONS]) {
    for (uint32_t column = 0; column < index->columns; column++) {
        uint64_t cell = 4ull * ((uint64_t) row * index->columns + column);
        uint64_t kind = number_at(index->bytes, index->kinds + 4ull * column, 4);
        uint64_t offset = number_at(index->bytes, index->offsets + cell, 4);
        uint64_t size = number_at(index->bytes, index->sizes + cell, 4);
        enum qmon__section section = section_of_kind(kind, version);
        if (section == QMON__DEBUG_SECTIONS)
            continue;
        if (offset > sections[section].count || size > sections[section].count - offset)
            return false;
        sections[section].at += offset;
        sections[section].count = size;
    }
    return true;
}

static struct qmon__dwarf *open_packed(struct qmon__elf *package, const struct qmon__split_wanted *wanted) {
    struct qmon__bytes sections[QMON__DEBUG_SECTIONS];
    struct package_index index;
    if (!read_index(package, &index))
        return NULL;
    uint32_t row = find_row(&index, wanted->id);
    if (row == UINT32_MAX)
        return NULL;
    take_sections(package, sections);
    return cut_out(&index, row, wanted->version, sections) ? qmon__dwarf_new(sections, NULL) : NULL;
}

static struct qmon__elf *open_package(const struct qmon__binary *binary) {
    const char *const beside[] = {binary->path, binary->debug ? binary->debug_path : NULL};
    char path[PATH_BYTES];
    struct qmon__elf *elf;
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        if (!beside[i])
            continue;
        const char *prefix = i == 0 && binary->prefix ? binary->prefix : "";
        int length = snprintf(path, sizeof path, "%s%s.dwp", prefix, beside[i]);
        if (length > 0 && (size_t) length < sizeof path && qmon__elf_open(path, &elf) == 0)
            return elf;
    }
    return NULL;
}

static struct qmon__elf *open_path(const struct qmon__binary *binary, const char *directory, size_t directory_bytes,
                                   const char *name) {
    char path[PATH_BYTES];
    struct qmon__elf *elf;
    int length = snprintf(path, sizeof path, "%s%.*s%s%s", binary->prefix ? binary->prefix : "", (int) directory_bytes,
                          directory, directory_bytes ? "/" : "", name);
    return length > 0 && (size_t) length < sizeof path && qmon__elf_open(path, &elf) == 0 ? elf : NULL;
}

static struct qmon__elf *open_single(const struct qmon__binary *binary, const struct qmon__split_wanted *wanted) {
    struct qmon__elf *elf = NULL;
    const char *slash = strrchr(wanted->name, '/'), *beside = strrchr(binary->path, '/');
    if (*wanted->name == '/')
        elf = open_path(binary, "", 0, wanted->name);
    else if (wanted->directory && *wanted->directory == '/')
        elf = open_path(binary, wanted->directory, strlen(wanted->directory), wanted->name);
    if (!elf && beside)
        elf = open_path(binary, binary->path, (size_t) (beside - binary->path), slash ? slash + 1 : wanted->name);
    return elf;
}

static struct qmon__split *new_split(struct qmon__binary *binary, const struct qmon__split_wanted *wanted) {
    struct qmon__split *split = calloc(1, sizeof *split);
    if (!split)
        return NULL;
    if (!binary->package_sought)
        binary->package = open_package(binary);
    binary->package_sought = true;
    split->id = wanted->id;
    split->dwarf = binary->package ? open_packed(binary->package, wanted) : NULL;
    if (!split->dwarf && (split->elf = open_single(binary, wanted)) != NULL) {
        struct qmon__bytes sections[QMON__DEBUG_SECTIONS];
        take_sections(split->elf, sections);
        split->dwarf = sections[QMON__DEBUG_ABBREV].count ? qmon__dwarf_new(sections, NULL) : NULL;
    }
    if (split->dwarf)
        qmon__dwarf_set_extents(split->dwarf, qmon__binary_extent, binary);
    if (!split->dwarf && !binary->missing_split)
        binary->missing_split = wanted->name;
    split->next = binary->splits;
    binary->splits = split;
    binary->split_count++;
    return split;
}

static struct qmon__dwarf *open_split(void *context, const struct qmon__split_wanted *wanted,
                                      struct qmon__budget *budget) {
    struct qmon__binary *binary = context;
    for (struct qmon__split *split = binary->splits; split; split = split->next)
        if (split->id == wanted->id)
            return split->dwarf;
    if (binary->split_count >= SPLITS_MAX || qmon__budget_check(budget))
        return NULL;
    struct qmon__split *split = new_split(binary, wanted);
    return split ? split->dwarf : NULL;
}

void qmon__binary_use_splits(struct qmon__binary *binary) {
    if (binary->dwarf)
        qmon__dwarf_set_splits(binary->dwarf, open_split, binary);
}

void qmon__binary_close_splits(struct qmon__binary *binary) {
    for (struct qmon__split *split = binary->splits, *next; split; split = next) {
        next = split->next;
        qmon__dwarf_free(split->dwarf);
        qmon__elf_close(split->elf);
        free(split);
    }
    binary->splits = NULL;
    qmon__elf_close(binary->package);
    binary->package = NULL;
}

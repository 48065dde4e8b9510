/*
 * dwarf_abbrev.c: abbreviation tables. Most DIEs are of no interest, so every abbreviation also gets the shortest way across
 * its values: neighbouring values of fixed size are one step. A unit of 40,000 DIEs is crossed in about a millisecond.
 */
#include <dwarf.h>
#include <stdlib.h>

#include "dwarf_unit.h"

#define ABBREVS_MAX 1000000u
#define ATTRIBUTES_MAX 8000000u
#define ATTRIBUTES_OF_ONE_MAX 512u

bool qmon__grow(void **items, size_t *room, size_t count, size_t item_bytes, size_t limit) {
    if (count < *room)
        return true;
    size_t wanted = *room ? *room * 2 : 16;
    if (count >= limit || wanted > SIZE_MAX / item_bytes)
        return false;
    void *grown = realloc(*items, wanted * item_bytes);
    if (!grown)
        return false;
    *items = grown;
    *room = wanted;
    return true;
}

static uint8_t slot_of(uint64_t attribute) {
    switch (attribute) {
    case DW_AT_name:
        return QMON__SLOT_NAME;
    case DW_AT_linkage_name:
    case DW_AT_MIPS_linkage_name:
        return QMON__SLOT_LINKAGE_NAME;
    case DW_AT_low_pc:
        return QMON__SLOT_LOW_PC;
    case DW_AT_high_pc:
        return QMON__SLOT_HIGH_PC;
    case DW_AT_ranges:
        return QMON__SLOT_RANGES;
    case DW_AT_abstract_origin:
    case DW_AT_call_origin:
        return QMON__SLOT_ORIGIN;
    case DW_AT_specification:
        return QMON__SLOT_SPECIFICATION;
    case DW_AT_call_file:
        return QMON__SLOT_CALL_FILE;
    case DW_AT_call_line:
        return QMON__SLOT_CALL_LINE;
    case DW_AT_call_column:
        return QMON__SLOT_CALL_COLUMN;
    case DW_AT_call_return_pc:
        return QMON__SLOT_CALL_RETURN_PC;
    case DW_AT_call_pc:
        return QMON__SLOT_CALL_PC;
    case DW_AT_call_tail_call:
    case DW_AT_GNU_tail_call:
        return QMON__SLOT_TAIL_CALL;
    case DW_AT_stmt_list:
        return QMON__SLOT_STMT_LIST;
    case DW_AT_comp_dir:
        return QMON__SLOT_COMP_DIR;
    case DW_AT_str_offsets_base:
        return QMON__SLOT_STR_OFFSETS_BASE;
    case DW_AT_addr_base:
    case DW_AT_GNU_addr_base:
        return QMON__SLOT_ADDR_BASE;
    case DW_AT_rnglists_base:
        return QMON__SLOT_RNGLISTS_BASE;
    case DW_AT_GNU_ranges_base:
        return QMON__SLOT_GNU_RANGES_BASE;
    case DW_AT_dwo_name:
    case DW_AT_GNU_dwo_name:
        return QMON__SLOT_DWO_NAME;
    case DW_AT_GNU_dwo_id:
        return QMON__SLOT_DWO_ID;
    default:
        return QMON__SLOT_NONE;
    }
}

static bool add_skip(struct qmon__abbrevs *table, struct qmon__abbrev *abbrev, struct qmon__skip skip) {
    if (skip.kind == QMON__SKIP_FIXED && !skip.bytes)
        return true;
    if (skip.kind == QMON__SKIP_FIXED && abbrev->skip_count &&
        table->skips[table->skip_count - 1].kind == QMON__SKIP_FIXED) {
        table->skips[table->skip_count - 1].bytes += skip.bytes;
        return true;
    }
    if (!QMON__GROW(table->skips, table->skip_room, table->skip_count, ATTRIBUTES_MAX))
        return false;
    table->skips[table->skip_count++] = skip;
    abbrev->skip_count++;
    return true;
}

static bool add_attribute(struct qmon__abbrevs *table, struct qmon__abbrev *abbrev,
                          struct qmon__abbrev_attribute attribute) {
    struct qmon__abbrev_attribute *last =
        abbrev->attribute_count ? &table->attributes[table->attribute_count - 1] : NULL;
    bool fixed = attribute.skip.kind == QMON__SKIP_FIXED;
    if (!attribute.slot && fixed && !attribute.skip.bytes)
        return true;
    if (!attribute.slot && fixed && last && !last->slot && last->skip.kind == QMON__SKIP_FIXED) {
        last->skip.bytes += attribute.skip.bytes;
        return true;
    }
    if (!QMON__GROW(table->attributes, table->attribute_room, table->attribute_count, ATTRIBUTES_MAX))
        return false;
    table->attributes[table->attribute_count++] = attribute;
    return ++abbrev->attribute_count <= ATTRIBUTES_OF_ONE_MAX;
}

static bool read_attributes(struct qmon__abbrevs *table, struct qmon__abbrev *abbrev, struct qmon__cursor *cursor) {
    for (;;) {
        uint64_t name = qmon__cursor_uleb(cursor), form = qmon__cursor_uleb(cursor);
        int64_t implicit = form == DW_FORM_implicit_const ? qmon__cursor_sleb(cursor) : 0;
        if (cursor->bad)
            return false;
        if (!name && !form)
            return true;
        struct qmon__skip skip = qmon__form_skip((uint16_t) form, table->encoding);
        struct qmon__abbrev_attribute attribute = {(uint16_t) form, slot_of(name), skip, implicit};
        if (form > UINT16_MAX || skip.kind == QMON__SKIP_UNKNOWN || !add_attribute(table, abbrev, attribute) ||
            !add_skip(table, abbrev, skip))
            return false;
        bool sibling = name == DW_AT_sibling && skip.kind == QMON__SKIP_FIXED && form != DW_FORM_ref_addr;
        abbrev->sibling_bytes = sibling ? (uint8_t) skip.bytes : 0;
        if (attribute.slot == QMON__SLOT_LOW_PC || attribute.slot == QMON__SLOT_RANGES)
            abbrev->has_code = abbrev->tag == DW_TAG_subprogram || abbrev->tag == DW_TAG_inlined_subroutine;
    }
}

static int by_code(const void *left, const void *right) {
    uint64_t a = ((const struct qmon__abbrev *) left)->code, b = ((const struct qmon__abbrev *) right)->code;
    return (a > b) - (a < b);
}

bool qmon__abbrevs_read(struct qmon__abbrevs *table, struct qmon__bytes section, uint64_t offset,
                        struct qmon__encoding encoding, uint64_t until_code) {
    struct qmon__cursor cursor = qmon__cursor_at(section, offset);
    table->offset = offset;
    table->encoding = encoding;
    table->dense = true;
    for (uint64_t code; (code = qmon__cursor_uleb(&cursor)) != 0;) {
        struct qmon__abbrev abbrev = {.code = code,
                                      .first_attribute = (uint32_t) table->attribute_count,
                                      .first_skip = (uint32_t) table->skip_count};
        abbrev.tag = (uint16_t) qmon__cursor_uleb(&cursor);
        abbrev.children = qmon__cursor_u8(&cursor) != 0;
        if (!read_attributes(table, &abbrev, &cursor) ||
            !QMON__GROW(table->items, table->room, table->count, ABBREVS_MAX))
            return false;
        table->items[table->count++] = abbrev;
        table->dense &= code == table->count;
        if (code == until_code)
            break;
    }
    if (!table->dense)
        qsort(table->items, table->count, sizeof *table->items, by_code);
    return !cursor.bad;
}

const struct qmon__abbrev *qmon__abbrev_search(const struct qmon__abbrevs *table, uint64_t code) {
    struct qmon__abbrev key = {.code = code};
    return bsearch(&key, table->items, table->count, sizeof key, by_code);
}

void qmon__abbrevs_clear(struct qmon__abbrevs *table) {
    free(table->items);
    free(table->attributes);
    free(table->skips);
    *table = (struct qmon__abbrevs){0};
}

struct qmon__abbrevs *qmon__abbrevs_get(struct qmon__unit *unit) {
    if (unit->abbrevs)
        return unit->abbrevs;
    struct qmon__dwarf *dwarf = unit->dwarf;
    struct qmon__abbrevs **bucket = &dwarf->abbrevs[(unit->abbrev_offset / 16) % QMON__ABBREV_BUCKETS];
    for (struct qmon__abbrevs *table = *bucket; table; table = table->next)
        if (table->offset == unit->abbrev_offset && !memcmp(&table->encoding, &unit->encoding, sizeof unit->encoding))
            return unit->abbrevs = table;
    struct qmon__abbrevs *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    if (!qmon__abbrevs_read(table, dwarf->sections[QMON__DEBUG_ABBREV], unit->abbrev_offset, unit->encoding, 0)) {
        qmon__abbrevs_clear(table);
        free(table);
        return NULL;
    }
    table->next = *bucket;
    *bucket = table;
    return unit->abbrevs = table;
}

void qmon__die_skip(const struct qmon__abbrevs *table, const struct qmon__abbrev *abbrev, struct qmon__cursor *cursor) {
    for (uint32_t i = 0; i < abbrev->skip_count; i++) {
        struct qmon__skip skip = table->skips[abbrev->first_skip + i];
        if (skip.kind == QMON__SKIP_FIXED)
            qmon__cursor_skip(cursor, skip.bytes);
        else
            qmon__skip_value(skip, table->encoding, cursor);
    }
}

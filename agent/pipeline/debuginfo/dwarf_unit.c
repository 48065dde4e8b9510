/* dwarf_unit.c: the units of a debug file: where they are, and which addresses are theirs. */
#include <dwarf.h>
#include <stdlib.h>

#include "dwarf_unit.h"

#define UNITS_MAX 4000000u
#define UNIT_RANGES_MAX 64000000u
#define RANGELESS_MAX 64u
#define QUESTIONS_MAX 64u /* then it pays to sort the ranges */

/* What follows the length of a unit: 0 to go on, 1 for a unit that we cannot read. */
static int read_header(struct qmon__unit *unit, struct qmon__cursor *cursor) {
    unit->encoding.version = (uint8_t) qmon__cursor_u16(cursor);
    if (unit->encoding.version < 2 || unit->encoding.version > 5)
        return 1;
    unit->type = DW_UT_compile;
    if (unit->encoding.version >= 5) {
        unit->type = qmon__cursor_u8(cursor);
        unit->encoding.address_bytes = qmon__cursor_u8(cursor);
        unit->abbrev_offset = qmon__cursor_number(cursor, unit->encoding.offset_bytes);
    } else {
        unit->abbrev_offset = qmon__cursor_number(cursor, unit->encoding.offset_bytes);
        unit->encoding.address_bytes = qmon__cursor_u8(cursor);
    }
    if (unit->type == DW_UT_skeleton || unit->type == DW_UT_split_compile)
        unit->split_id = qmon__cursor_u64(cursor);
    else if (unit->type == DW_UT_type || unit->type == DW_UT_split_type)
        qmon__cursor_skip(cursor, 8 + unit->encoding.offset_bytes);
    return cursor->bad || (unit->encoding.address_bytes != 4 && unit->encoding.address_bytes != 8);
}

static bool find_units(struct qmon__dwarf *dwarf) {
    struct qmon__bytes info = dwarf->sections[QMON__DEBUG_INFO];
    struct qmon__cursor cursor = qmon__cursor_at(info, 0);
    while (qmon__cursor_left(&cursor) > 4) {
        struct qmon__unit unit = {
            .dwarf = dwarf, .offset = (uint64_t) (cursor.at - info.at), .encoding = {.offset_bytes = 4}};
        uint64_t length = qmon__cursor_u32(&cursor);
        if (length == UINT32_MAX) {
            length = qmon__cursor_u64(&cursor);
            unit.encoding.offset_bytes = 8;
        }
        if (cursor.bad || length > qmon__cursor_left(&cursor))
            break;
        struct qmon__cursor inside = {cursor.at, cursor.at + length, false};
        unit.end = (uint64_t) (inside.end - info.at);
        if (length && !read_header(&unit, &inside)) {
            unit.first_die = (uint64_t) (inside.at - info.at);
            if (!QMON__GROW(dwarf->units, dwarf->unit_room, dwarf->unit_count, UNITS_MAX))
                return false;
            dwarf->units[dwarf->unit_count++] = unit;
        }
        qmon__cursor_skip(&cursor, length);
    }
    return dwarf->unit_count != 0;
}

struct qmon__dwarf *qmon__dwarf_new(const struct qmon__bytes sections[QMON__DEBUG_SECTIONS],
                                    struct qmon__dwarf *alternate) {
    struct qmon__dwarf *dwarf = calloc(1, sizeof *dwarf);
    if (!dwarf)
        return NULL;
    memcpy(dwarf->sections, sections, sizeof dwarf->sections);
    dwarf->alternate = alternate;
    if (!find_units(dwarf)) {
        qmon__dwarf_free(dwarf);
        return NULL;
    }
    return dwarf;
}

void qmon__dwarf_free(struct qmon__dwarf *dwarf) {
    if (!dwarf)
        return;
    for (size_t i = 0; i < dwarf->unit_count; i++) {
        free(dwarf->units[i].functions);
        free(dwarf->units[i].function_ranges);
        free(dwarf->units[i].inlines);
        free(dwarf->units[i].ranges);
        free(dwarf->units[i].tops);
        qmon__lines_clear(&dwarf->units[i].lines);
    }
    for (size_t i = 0; i < QMON__ABBREV_BUCKETS; i++)
        for (struct qmon__abbrevs *table = dwarf->abbrevs[i], *next; table; table = next) {
            next = table->next;
            qmon__abbrevs_clear(table);
            free(table);
        }
    for (size_t i = 0; i < dwarf->name_count; i++)
        free(dwarf->names[i].name);
    free(dwarf->names);
    free(dwarf->units);
    free(dwarf->ranges);
    free(dwarf->rangeless);
    free(dwarf);
}

struct qmon__unit *qmon__unit_at(struct qmon__dwarf *dwarf, uint64_t die_offset) {
    size_t low = 0, high = dwarf->unit_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dwarf->units[middle].offset <= die_offset)
            low = middle + 1;
        else
            high = middle;
    }
    struct qmon__unit *unit = low ? &dwarf->units[low - 1] : NULL;
    return unit && die_offset >= unit->first_die && die_offset < unit->end && qmon__unit_root(unit) ? unit : NULL;
}

/* The bases that values of this unit are relative to. In split units they are fixed by where the unit came from. */
static void take_bases(struct qmon__unit *unit) {
    const struct qmon__value *root = unit->root;
    uint64_t header_bytes = unit->encoding.offset_bytes == 8 ? 16 : 8;
    unit->str_offsets_base = root[QMON__SLOT_STR_OFFSETS_BASE].number;
    if (!root[QMON__SLOT_STR_OFFSETS_BASE].form && unit->encoding.version >= 5)
        unit->str_offsets_base = header_bytes;
    unit->addr_base = root[QMON__SLOT_ADDR_BASE].number;
    unit->rnglists_base = root[QMON__SLOT_RNGLISTS_BASE].number;
    if (!root[QMON__SLOT_RNGLISTS_BASE].form)
        unit->rnglists_base = header_bytes + 4;
    unit->ranges_base = root[QMON__SLOT_GNU_RANGES_BASE].number;
    unit->has_lines = root[QMON__SLOT_STMT_LIST].form != 0;
    unit->line_offset = root[QMON__SLOT_STMT_LIST].number;
    unit->name = qmon__value_text(unit, &root[QMON__SLOT_NAME]);
    unit->directory = qmon__value_text(unit, &root[QMON__SLOT_COMP_DIR]);
    qmon__value_address(unit, &root[QMON__SLOT_LOW_PC], &unit->base);
}

bool qmon__unit_root(struct qmon__unit *unit) {
    if (unit->has_root)
        return true;
    const struct qmon__bytes *sections = unit->dwarf->sections;
    struct qmon__bytes inside = {sections[QMON__DEBUG_INFO].at, unit->end};
    struct qmon__cursor cursor = qmon__cursor_at(inside, unit->first_die);
    uint64_t code = qmon__cursor_uleb(&cursor);
    struct qmon__abbrevs table = {0};
    const struct qmon__abbrev *abbrev = NULL;
    if (code && qmon__abbrevs_read(&table, sections[QMON__DEBUG_ABBREV], unit->abbrev_offset, unit->encoding, code))
        abbrev = qmon__abbrev_find(&table, code);
    if (abbrev) {
        qmon__die_read(&table, abbrev, unit->encoding, &cursor, unit->root);
        if (abbrev->tag == DW_TAG_partial_unit)
            unit->type = DW_UT_partial;
    }
    qmon__abbrevs_clear(&table);
    if (!abbrev || cursor.bad)
        return false;
    unit->has_root = true;
    take_bases(unit);
    return true;
}

struct adding {
    struct qmon__dwarf *dwarf;
    uint32_t unit;
    bool any, failed;
};

static bool add_range(void *context, uint64_t low, uint64_t high) {
    struct adding *adding = context;
    struct qmon__dwarf *dwarf = adding->dwarf;
    adding->any = true;
    if (!QMON__GROW(dwarf->ranges, dwarf->range_room, dwarf->range_count, UNIT_RANGES_MAX)) {
        adding->failed = true;
        return false;
    }
    dwarf->ranges[dwarf->range_count++] = (struct qmon__unit_range){low, high, adding->unit};
    return true;
}

static int by_low(const void *left, const void *right) {
    const struct qmon__unit_range *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return (a->unit > b->unit) - (a->unit < b->unit);
}

static bool build_ranges(struct qmon__dwarf *dwarf, struct qmon__budget *budget) {
    for (size_t i = 0; i < dwarf->unit_count; i++) {
        struct qmon__unit *unit = &dwarf->units[i];
        if (unit->type == DW_UT_type || unit->type == DW_UT_split_type || unit->type == DW_UT_partial)
            continue;
        if (!qmon__unit_root(unit) || unit->type == DW_UT_partial)
            continue;
        struct adding adding = {.dwarf = dwarf, .unit = (uint32_t) i};
        qmon__ranges_visit(unit, unit->root, budget, add_range, &adding);
        bool says = unit->root[QMON__SLOT_RANGES].form || unit->root[QMON__SLOT_HIGH_PC].form;
        if (!says && QMON__GROW(dwarf->rangeless, dwarf->rangeless_room, dwarf->rangeless_count, RANGELESS_MAX))
            dwarf->rangeless[dwarf->rangeless_count++] = (uint32_t) i;
        if (adding.failed || qmon__budget_tick(budget)) {
            dwarf->range_count = dwarf->rangeless_count = 0;
            return false;
        }
    }
    dwarf->ranges_built = true;
    return true;
}

static void add_around(struct qmon__dwarf *dwarf, const struct qmon__unit_range *range) {
    if (dwarf->around_count < QMON__OVERLAPS_MAX)
        dwarf->around[dwarf->around_count++] = *range;
}

static void find_sorted(struct qmon__dwarf *dwarf, uint64_t address) {
    size_t low = 0, high = dwarf->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dwarf->ranges[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t back = 1; back <= QMON__OVERLAPS_MAX && back <= low; back++)
        if (address < dwarf->ranges[low - back].high)
            add_around(dwarf, &dwarf->ranges[low - back]);
}

static int by_low_down(const void *left, const void *right) {
    return by_low(right, left);
}

/* The ranges that hold an address, the one that begins last comes first. A trace has few addresses: for these all ranges are looked at,
 * which takes a fiftieth of the time to sort them. */
static void find_around(struct qmon__dwarf *dwarf, uint64_t address) {
    if (dwarf->around_address == address)
        return;
    dwarf->around_address = address;
    dwarf->around_count = 0;
    if (!dwarf->ranges_sorted && dwarf->questions++ >= QUESTIONS_MAX) {
        qsort(dwarf->ranges, dwarf->range_count, sizeof *dwarf->ranges, by_low);
        dwarf->ranges_sorted = true;
    }
    if (dwarf->ranges_sorted) {
        find_sorted(dwarf, address);
        return;
    }
    for (size_t i = 0; i < dwarf->range_count; i++)
        if (address - dwarf->ranges[i].low < dwarf->ranges[i].high - dwarf->ranges[i].low)
            add_around(dwarf, &dwarf->ranges[i]);
    if (dwarf->around_count > 1)
        qsort(dwarf->around, dwarf->around_count, sizeof *dwarf->around, by_low_down);
}

uint64_t qmon__unit_piece(const struct qmon__unit *unit, uint64_t address) {
    struct qmon__dwarf *dwarf = unit->dwarf;
    find_around(dwarf, address);
    for (size_t i = 0; i < dwarf->around_count; i++)
        if (&dwarf->units[dwarf->around[i].unit] == unit)
            return dwarf->around[i].low;
    return 0;
}

struct qmon__unit *qmon__unit_next(struct qmon__dwarf *dwarf, uint64_t address, struct qmon__budget *budget,
                                   size_t *position) {
    if (!dwarf->ranges_built && !build_ranges(dwarf, budget))
        return NULL;
    find_around(dwarf, address);
    const size_t at = (*position)++;
    if (at < dwarf->around_count)
        return &dwarf->units[dwarf->around[at].unit];
    const size_t rangeless = at - dwarf->around_count;
    return rangeless < dwarf->rangeless_count ? &dwarf->units[dwarf->rangeless[rangeless]] : NULL;
}

/*
 * dwarf_seek.c: the function at an address without a walk over its unit. Where its code begins and ends is known otherwise
 * (elf_extent.c), so that the bytes which say so in its DIE are known, too, and can be searched for. A place where they are found
 * counts if a DIE that has them there, by the table of abbreviations, begins where it should and ends where it should; and
 * only if there is exactly one such place. Else the unit is walked (dwarf_functions.c).
 *
 * WHY. A walk takes 2 ns a byte: for 14 units of 4 MB, a tenth of a second. Searching is ten times as fast.
 */
#include <dwarf.h>

#include "byte_search.h"
#include "dwarf_unit.h"

#define SEEKS_MAX 24u       /* in one unit: then the walk is cheaper */
#define SEEKS_MAX_JUMPED 3u /* the same where it jumps over bodies */
#define WINDOW_BYTES (1u << 20)
#define NEEDLES_MAX 4u
#define SHORT_NAME_MAX 8u /* a name in place, longer ones are in a section of their own */
#define CODE_BYTES_MAX 3u

struct extent {
    uint64_t low, high;
};

/* How the attributes of an abbreviation lie before the ones that say where the code is. */
struct layout {
    uint16_t forms[2];       /* of DW_AT_low_pc and DW_AT_high_pc; of DW_AT_ranges and 0 */
    uint32_t before, behind; /* bytes before the name that stands in place, and behind it */
    bool named;              /* there is one */
};

struct seek {
    struct qmon__unit *unit;
    struct qmon__budget *budget;
    struct extent extent;
    const struct qmon__abbrevs *table;
    uint64_t found; /* a DIE */
    unsigned matches;
};

static bool read_layout(const struct qmon__abbrevs *table, const struct qmon__abbrev *abbrev,
                        struct layout *ret_layout) {
    const struct qmon__abbrev_attribute *attributes = table->attributes + abbrev->first_attribute;
    struct layout layout = {0};
    if (abbrev->tag != DW_TAG_subprogram || !abbrev->has_code)
        return false;
    for (uint32_t i = 0; i < abbrev->attribute_count; i++) {
        const bool low = attributes[i].slot == QMON__SLOT_LOW_PC;
        if (low || attributes[i].slot == QMON__SLOT_RANGES) {
            if (low && (i + 1 == abbrev->attribute_count || attributes[i + 1].slot != QMON__SLOT_HIGH_PC))
                return false;
            layout.forms[0] = attributes[i].form;
            layout.forms[1] = low ? attributes[i + 1].form : 0;
            *ret_layout = layout;
            return true;
        }
        if (attributes[i].skip.kind == QMON__SKIP_FIXED)
            *(layout.named ? &layout.behind : &layout.before) += attributes[i].skip.bytes;
        else if (attributes[i].skip.kind == QMON__SKIP_STRING && !layout.named)
            layout.named = true;
        else
            return false;
    }
    return false;
}

/* --- what to search for */

static void add_number(struct qmon__needle *needle, uint64_t number, unsigned bytes) {
    memcpy(needle->bytes + needle->count, &number, bytes);
    needle->count += bytes;
}

static void add_uleb(struct qmon__needle *needle, uint64_t number) {
    do {
        needle->bytes[needle->count++] = (unsigned char) ((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
        number >>= 7;
    } while (number);
}

/* The place of an address in the unit's part of .debug_addr; false: none, or several. */
static bool find_index(const struct qmon__unit *unit, uint64_t address, uint64_t *ret_index) {
    const struct qmon__bytes section = unit->dwarf->sections[QMON__DEBUG_ADDR];
    uint64_t end = section.count, found = 0;
    if (unit->encoding.address_bytes != 8 || unit->addr_base > section.count)
        return false;
    if (unit->encoding.version >= 5 && unit->addr_base >= 8) {
        struct qmon__cursor head = qmon__cursor_at(section, unit->addr_base - 8);
        const uint64_t length = qmon__cursor_u32(&head);
        if (length >= 4 && length - 4 <= end - unit->addr_base)
            end = unit->addr_base + length - 4;
    }
    for (uint64_t at = unit->addr_base; at + 8 <= end; at += 8) {
        uint64_t this;
        memcpy(&this, section.at + at, sizeof this);
        if (this != address)
            continue;
        *ret_index = (at - unit->addr_base) / 8;
        if (found++)
            return false;
    }
    return found != 0;
}

static bool add_low(const struct qmon__unit *unit, uint16_t form, uint64_t low, struct qmon__needle *needle) {
    uint64_t index;
    if (form == DW_FORM_addr) {
        add_number(needle, low, unit->encoding.address_bytes);
        return true;
    }
    if (!find_index(unit, low, &index))
        return false;
    if (form == DW_FORM_addrx || form == DW_FORM_GNU_addr_index)
        add_uleb(needle, index);
    else if (form == DW_FORM_addrx1 || form == DW_FORM_addrx2)
        add_number(needle, index, form == DW_FORM_addrx1 ? 1 : 2);
    else if (form == DW_FORM_addrx4)
        add_number(needle, index, 4);
    else
        return false;
    return true;
}

static bool add_high(const struct qmon__unit *unit, uint16_t form, const struct extent *extent,
                     struct qmon__needle *needle) {
    const struct qmon__skip skip = qmon__form_skip(form, unit->encoding);
    if (form == DW_FORM_addr)
        add_number(needle, extent->high, unit->encoding.address_bytes);
    else if (form == DW_FORM_udata)
        add_uleb(needle, extent->high - extent->low);
    else if (skip.kind == QMON__SKIP_FIXED && skip.bytes && skip.bytes <= 8)
        add_number(needle, extent->high - extent->low, skip.bytes);
    else
        return false;
    return true;
}

/* Lists of ranges of which the extent is the first or the second (the code of a function, then what was moved away from it). */
static size_t find_lists(const struct qmon__unit *unit, const struct extent *extent, uint64_t lists[2]) {
    const bool pairs = unit->encoding.version < 5;
    const struct qmon__bytes section = unit->dwarf->sections[pairs ? QMON__DEBUG_RANGES : QMON__DEBUG_RNGLISTS];
    struct qmon__needle needle = {.count = 0};
    if (pairs) {
        add_number(&needle, extent->low - unit->base, unit->encoding.address_bytes);
        add_number(&needle, extent->high - unit->base, unit->encoding.address_bytes);
    } else {
        needle.bytes[needle.count++] = DW_RLE_start_length;
        add_number(&needle, extent->low, unit->encoding.address_bytes);
        add_uleb(&needle, extent->high - extent->low);
    }
    size_t count = 0;
    const size_t at = qmon__bytes_find(section, 0, &needle);
    if (at == SIZE_MAX || qmon__bytes_find(section, at + 1, &needle) != SIZE_MAX)
        return 0;
    lists[count++] = at;
    const size_t pair = 2u * unit->encoding.address_bytes, least = 2u + unit->encoding.address_bytes;
    if (pairs && lists[0] >= pair)
        lists[count++] = lists[0] - pair;
    for (size_t bytes = least; !pairs && count < 2 && bytes < least + 5 && bytes <= lists[0]; bytes++) {
        struct qmon__cursor before = qmon__cursor_at(section, lists[0] - bytes);
        if (qmon__cursor_u8(&before) != DW_RLE_start_length)
            continue;
        qmon__cursor_skip(&before, unit->encoding.address_bytes);
        qmon__cursor_skip_leb(&before);
        if (before.at == section.at + at)
            lists[count++] = lists[0] - bytes;
    }
    return count;
}

static size_t make_needles(const struct seek *seek, const uint16_t forms[2], struct qmon__needle needles[2]) {
    const struct qmon__unit *unit = seek->unit;
    needles[0].count = needles[1].count = 0;
    if (forms[1])
        return add_low(unit, forms[0], seek->extent.low, &needles[0]) &&
               add_high(unit, forms[1], &seek->extent, &needles[0]);
    uint64_t lists[2];
    const size_t count = forms[0] == DW_FORM_sec_offset && !unit->ranges_base && unit->type != DW_UT_split_compile
                             ? find_lists(unit, &seek->extent, lists)
                             : 0;
    for (size_t i = 0; i < count; i++)
        add_number(&needles[i], lists[i], unit->encoding.offset_bytes);
    return count;
}

/* --- what was found */

static bool has_extent(void *context, uint64_t low, uint64_t high) {
    struct extent *wanted = context;
    if (low == wanted->low && high == wanted->high)
        wanted->low = wanted->high = 0;
    return wanted->high != 0;
}

/* Does it begin here, have the extent, and end where it says? */
static bool is_function(const struct seek *seek, uint64_t die, const struct qmon__abbrev *abbrev) {
    struct qmon__value values[QMON__SLOTS];
    struct extent wanted = seek->extent;
    struct qmon__dies dies;
    if (!qmon__dies_begin(&dies, seek->unit, die) || qmon__dies_next(&dies) != abbrev)
        return false;
    qmon__die_read(dies.table, abbrev, seek->unit->encoding, &dies.cursor, values);
    qmon__ranges_visit(seek->unit, values, seek->budget, has_extent, &wanted);
    if (wanted.high || dies.cursor.bad)
        return false;
    const uint64_t sibling = qmon__dies_sibling(&dies, seek->unit, abbrev);
    if (abbrev->children && abbrev->sibling_bytes && !sibling)
        return false;
    qmon__dies_enter(&dies, abbrev);
    while ((abbrev = qmon__dies_next(&dies)) && !qmon__budget_tick(seek->budget)) {
        qmon__die_skip(dies.table, abbrev, &dies.cursor);
        qmon__dies_enter(&dies, abbrev);
    }
    const uint64_t end = (uint64_t) (dies.cursor.at - dies.info);
    return !dies.depth && !dies.cursor.bad && (!sibling || end == sibling);
}

static void try_at(struct seek *seek, uint64_t die, const struct qmon__abbrev *abbrev) {
    const struct qmon__bytes info = {seek->unit->dwarf->sections[QMON__DEBUG_INFO].at, seek->unit->end};
    struct qmon__needle code = {.count = 0};
    add_uleb(&code, abbrev->code);
    if (code.count > CODE_BYTES_MAX || die < seek->unit->first_die + code.count)
        return;
    die -= code.count;
    if (memcmp(info.at + die, code.bytes, code.count) || (seek->matches && seek->found == die) ||
        !is_function(seek, die, abbrev))
        return;
    seek->found = die;
    seek->matches++;
}

/* The needle is at `at`: is it in a DIE of this abbreviation? */
static void try_abbrev(struct seek *seek, uint64_t at, const struct qmon__abbrev *abbrev, const struct layout *layout) {
    const unsigned char *info = seek->unit->dwarf->sections[QMON__DEBUG_INFO].at;
    const uint64_t lowest = seek->unit->first_die + layout->before + layout->behind;
    if (at < lowest)
        return;
    at -= layout->behind;
    if (!layout->named) {
        try_at(seek, at - layout->before, abbrev);
        return;
    }
    if (at <= lowest || info[--at])
        return;
    for (unsigned length = 0; length <= SHORT_NAME_MAX && at > lowest; length++, at--) {
        try_at(seek, at - layout->before, abbrev);
        if (!info[at - 1])
            return;
    }
}

static void try_hit(struct seek *seek, uint64_t at, const uint16_t forms[2]) {
    struct layout layout;
    for (size_t i = 0; i < seek->table->count; i++)
        if (read_layout(seek->table, &seek->table->items[i], &layout) &&
            !memcmp(layout.forms, forms, sizeof layout.forms))
            try_abbrev(seek, at, &seek->table->items[i], &layout);
}

static void search(struct seek *seek, const struct qmon__needle *needle, const uint16_t forms[2]) {
    const struct qmon__unit *unit = seek->unit;
    const unsigned char *info = unit->dwarf->sections[QMON__DEBUG_INFO].at;
    uint64_t at = unit->first_die;
    while (at < unit->end && seek->matches < 2 && !qmon__budget_check(seek->budget)) {
        const uint64_t end = unit->end - at < WINDOW_BYTES ? unit->end : at + WINDOW_BYTES;
        const size_t hit = qmon__bytes_find((struct qmon__bytes){info, end}, at, needle);
        if (hit != SIZE_MAX)
            try_hit(seek, hit, forms);
        else if (end == unit->end)
            return;
        at = hit != SIZE_MAX ? hit + 1 : end - needle->count + 1;
    }
}

/* Every pair of forms that the table has, once. */
static void search_all(struct seek *seek) {
    uint16_t tried[NEEDLES_MAX][2];
    size_t tried_count = 0;
    for (size_t i = 0; i < seek->table->count; i++) {
        struct qmon__needle needles[2];
        struct layout layout;
        size_t known = 0;
        if (!read_layout(seek->table, &seek->table->items[i], &layout))
            continue;
        while (known < tried_count && memcmp(tried[known], layout.forms, sizeof layout.forms))
            known++;
        if (known < tried_count || tried_count == NEEDLES_MAX)
            continue;
        memcpy(tried[tried_count++], layout.forms, sizeof layout.forms);
        const size_t count = make_needles(seek, layout.forms, needles);
        for (size_t n = 0; n < count; n++)
            search(seek, &needles[n], layout.forms);
    }
}

static bool tells_siblings(const struct qmon__abbrevs *table) {
    for (size_t i = 0; i < table->count; i++)
        if (table->items[i].tag == DW_TAG_subprogram && table->items[i].sibling_bytes)
            return true;
    return false;
}

bool qmon__function_seek(struct qmon__unit *unit, uint64_t address, struct qmon__budget *budget) {
    const struct qmon__dwarf *dwarf = unit->dwarf;
    struct seek seek = {.unit = unit, .budget = budget};
    if (unit->seeks >= SEEKS_MAX || !dwarf->find_extent ||
        !dwarf->find_extent(dwarf->extent_context, address, &seek.extent.low, &seek.extent.high))
        return false;
    seek.table = qmon__abbrevs_get(unit);
    if (!seek.table || (unit->seeks >= SEEKS_MAX_JUMPED && tells_siblings(seek.table)))
        return false;
    unit->seeks++;
    search_all(&seek);
    return seek.matches == 1 && !budget->spent && qmon__function_add(unit, seek.found, budget);
}

void qmon__dwarf_set_extents(struct qmon__dwarf *dwarf, qmon__extent_find *find, void *context) {
    dwarf->find_extent = find;
    dwarf->extent_context = context;
}

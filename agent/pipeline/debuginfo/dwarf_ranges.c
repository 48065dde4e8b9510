/*
 * dwarf_ranges.c: the addresses that a DIE covers. Linkers leave the entries of functions that they threw away in place, at
 * address 0, or -1, -2: those are left out.
 */
#include <dwarf.h>

#include "dwarf_unit.h"

#define ENTRIES_MAX 4000000u

struct ranging {
    struct qmon__unit *unit;
    struct qmon__budget *budget;
    qmon__range_visit *visit;
    void *context;
    uint64_t base;
    bool base_dead;
};

static uint64_t highest_address(const struct qmon__unit *unit) {
    return unit->encoding.address_bytes == 8 ? UINT64_MAX : UINT32_MAX;
}

static bool is_dead(const struct qmon__unit *unit, uint64_t address) {
    return address >= highest_address(unit) - 1;
}

static bool give(struct ranging *ranging, uint64_t low, uint64_t high) {
    if (!low || low >= high || is_dead(ranging->unit, low))
        return true;
    return ranging->visit(ranging->context, low, high);
}

static bool give_from_base(struct ranging *ranging, uint64_t low, uint64_t high) {
    return ranging->base_dead || give(ranging, ranging->base + low, ranging->base + high);
}

static void set_base(struct ranging *ranging, uint64_t base) {
    ranging->base = base;
    ranging->base_dead = is_dead(ranging->unit, base);
}

/* .debug_ranges, DWARF 2 to 4 */
static void visit_pairs(struct ranging *ranging, uint64_t offset) {
    struct qmon__unit *unit = ranging->unit;
    struct qmon__cursor cursor = qmon__cursor_at(unit->dwarf->sections[QMON__DEBUG_RANGES], offset);
    unsigned bytes = unit->encoding.address_bytes;
    for (size_t i = 0; i < ENTRIES_MAX && !qmon__budget_tick(ranging->budget); i++) {
        uint64_t low = qmon__cursor_number(&cursor, bytes), high = qmon__cursor_number(&cursor, bytes);
        if (cursor.bad || (!low && !high))
            return;
        if (low == highest_address(unit))
            set_base(ranging, high);
        else if (!is_dead(unit, low) && !give_from_base(ranging, low, high))
            return;
    }
}

/* One entry of .debug_rnglists; false at the end of the list. */
static bool visit_entry(struct ranging *ranging, struct qmon__cursor *cursor) {
    struct qmon__unit *unit = ranging->unit;
    unsigned bytes = unit->encoding.address_bytes;
    uint64_t first = 0, second = 0;
    switch (qmon__cursor_u8(cursor)) {
    case DW_RLE_base_addressx:
        if (!qmon__address_at(unit, qmon__cursor_uleb(cursor), &first))
            return false;
        set_base(ranging, first);
        return true;
    case DW_RLE_startx_endx:
        if (!qmon__address_at(unit, qmon__cursor_uleb(cursor), &first) ||
            !qmon__address_at(unit, qmon__cursor_uleb(cursor), &second))
            return false;
        return give(ranging, first, second);
    case DW_RLE_startx_length:
        if (!qmon__address_at(unit, qmon__cursor_uleb(cursor), &first))
            return false;
        return give(ranging, first, first + qmon__cursor_uleb(cursor));
    case DW_RLE_offset_pair:
        first = qmon__cursor_uleb(cursor);
        second = qmon__cursor_uleb(cursor);
        return give_from_base(ranging, first, second);
    case DW_RLE_base_address:
        set_base(ranging, qmon__cursor_number(cursor, bytes));
        return true;
    case DW_RLE_start_end:
        first = qmon__cursor_number(cursor, bytes);
        second = qmon__cursor_number(cursor, bytes);
        return give(ranging, first, second);
    case DW_RLE_start_length:
        first = qmon__cursor_number(cursor, bytes);
        return give(ranging, first, first + qmon__cursor_uleb(cursor));
    default: /* DW_RLE_end_of_list, and what nobody has defined */
        return false;
    }
}

static void visit_list(struct ranging *ranging, uint64_t offset) {
    struct qmon__cursor cursor = qmon__cursor_at(ranging->unit->dwarf->sections[QMON__DEBUG_RNGLISTS], offset);
    for (size_t i = 0; i < ENTRIES_MAX && !cursor.bad && !qmon__budget_tick(ranging->budget); i++)
        if (!visit_entry(ranging, &cursor))
            return;
}

/* The offset behind a DW_FORM_rnglistx. */
static bool list_offset(const struct qmon__unit *unit, uint64_t index, uint64_t *ret_offset) {
    uint64_t offset;
    if (__builtin_mul_overflow(index, (uint64_t) unit->encoding.offset_bytes, &offset) ||
        __builtin_add_overflow(offset, unit->rnglists_base, &offset))
        return false;
    struct qmon__cursor cursor = qmon__cursor_at(unit->dwarf->sections[QMON__DEBUG_RNGLISTS], offset);
    offset = qmon__cursor_number(&cursor, unit->encoding.offset_bytes);
    *ret_offset = unit->rnglists_base + offset;
    return !cursor.bad;
}

void qmon__ranges_visit(struct qmon__unit *unit, const struct qmon__value values[QMON__SLOTS],
                        struct qmon__budget *budget, qmon__range_visit *visit, void *context) {
    struct ranging ranging = {.unit = unit, .budget = budget, .visit = visit, .context = context};
    const struct qmon__value *ranges = &values[QMON__SLOT_RANGES], *top = &values[QMON__SLOT_HIGH_PC];
    uint64_t low, high, offset = ranges->number;
    if (ranges->form) {
        set_base(&ranging, unit->base);
        if (ranges->form == DW_FORM_rnglistx && !list_offset(unit, offset, &offset))
            return;
        if (unit->encoding.version >= 5)
            visit_list(&ranging, offset);
        else
            visit_pairs(&ranging, offset + (values == unit->root ? 0 : unit->ranges_base));
        return;
    }
    if (!top->form || !qmon__value_address(unit, &values[QMON__SLOT_LOW_PC], &low))
        return;
    if (!qmon__value_address(unit, top, &high) && __builtin_add_overflow(low, top->number, &high))
        return;
    give(&ranging, low, high);
}

/* dwarf_inlines.c: what was inlined into a function, found when the function is first asked about. */
#include <dwarf.h>

#include "dwarf_unit.h"

#define INLINES_MAX 16000000u
#define RANGES_MAX 32000000u
#define OPEN_MAX 512

struct expansion {
    struct qmon__unit *unit;
    struct {
        uint32_t depth, item;
    } open[OPEN_MAX];
    size_t open_count;
    bool failed;
};

static bool add_range(void *context, uint64_t low, uint64_t high) {
    struct expansion *expansion = context;
    struct qmon__unit *unit = expansion->unit;
    if (!QMON__GROW(unit->ranges, unit->range_room, unit->range_count, RANGES_MAX)) {
        expansion->failed = true;
        return false;
    }
    unit->ranges[unit->range_count++] = (struct qmon__range){low, high};
    return true;
}

static void add_inline(struct expansion *expansion, struct qmon__budget *budget, const struct qmon__dies *dies,
                       bool children, const struct qmon__value values[QMON__SLOTS]) {
    struct qmon__unit *unit = expansion->unit;
    size_t first_range = unit->range_count;
    if (expansion->open_count == OPEN_MAX)
        return;
    qmon__ranges_visit(unit, values, budget, add_range, expansion);
    if (unit->range_count == first_range)
        return;
    if (!QMON__GROW(unit->inlines, unit->inline_room, unit->inline_count, INLINES_MAX)) {
        expansion->failed = true;
        return;
    }
    uint32_t item = (uint32_t) unit->inline_count++;
    unit->inlines[item] = (struct qmon__inline){
        .die = dies->die,
        .end = item + 1,
        .first_range = (uint32_t) first_range,
        .range_count = (uint32_t) (unit->range_count - first_range),
        .call_file = (uint32_t) values[QMON__SLOT_CALL_FILE].number,
        .call_line = (uint32_t) values[QMON__SLOT_CALL_LINE].number,
        .call_column = (uint32_t) values[QMON__SLOT_CALL_COLUMN].number,
    };
    if (children) {
        expansion->open[expansion->open_count].depth = dies->depth;
        expansion->open[expansion->open_count++].item = item;
    }
}

static void close_inlines(struct expansion *expansion, uint32_t depth) {
    while (expansion->open_count && expansion->open[expansion->open_count - 1].depth >= depth) {
        expansion->open_count--;
        expansion->unit->inlines[expansion->open[expansion->open_count].item].end =
            (uint32_t) expansion->unit->inline_count;
    }
}

bool qmon__function_expand(struct qmon__unit *unit, struct qmon__function *function, struct qmon__budget *budget) {
    struct expansion expansion = {.unit = unit};
    struct qmon__value values[QMON__SLOTS];
    struct qmon__dies dies;
    const struct qmon__abbrev *abbrev;
    size_t inline_count = unit->inline_count, range_count = unit->range_count;
    uint32_t nested = 0; /* depth of a function inside this one, whose inlines are its own; 0: in none */

    if (function->expanded || !qmon__dies_begin(&dies, unit, function->die))
        return function->expanded = true;
    function->first_inline = (uint32_t) inline_count;
    while ((abbrev = qmon__dies_next(&dies)) && !expansion.failed && !qmon__budget_tick(budget)) {
        close_inlines(&expansion, dies.depth);
        if (nested && dies.depth <= nested)
            nested = 0;
        if (abbrev->tag == DW_TAG_inlined_subroutine && abbrev->has_code && !nested) {
            qmon__die_read(dies.table, abbrev, unit->encoding, &dies.cursor, values);
            add_inline(&expansion, budget, &dies, abbrev->children, values);
        } else {
            qmon__die_skip(dies.table, abbrev, &dies.cursor);
            if (abbrev->tag == DW_TAG_subprogram && dies.depth && !nested)
                nested = dies.depth;
        }
        qmon__dies_enter(&dies, abbrev);
    }
    close_inlines(&expansion, 0);
    if (expansion.failed || budget->spent) {
        unit->inline_count = inline_count;
        unit->range_count = range_count;
        return false;
    }
    function->inline_end = (uint32_t) unit->inline_count;
    return function->expanded = true;
}

static bool covers(const struct qmon__unit *unit, const struct qmon__inline *item, uint64_t address) {
    const struct qmon__range *range = unit->ranges + item->first_range;
    for (uint32_t i = 0; i < item->range_count; i++)
        if (range[i].low <= address && address < range[i].high)
            return true;
    return false;
}

size_t qmon__inline_chain(const struct qmon__unit *unit, const struct qmon__function *function, uint64_t address,
                          struct qmon__budget *budget, const struct qmon__inline **chain, size_t room) {
    size_t count = 0;
    uint32_t end = function->inline_end;
    for (uint32_t i = function->first_inline; i < end && count < room && !qmon__budget_tick(budget);) {
        const struct qmon__inline *item = &unit->inlines[i];
        if (covers(unit, item, address)) {
            chain[count++] = item;
            end = item->end;
            i++;
        } else {
            i = item->end;
        }
    }
    return count;
}

/*
 * dwarf_functions.c: the functions of a unit, found in one walk over its DIEs. Bodies of functions and types are jumped over
 * where the compiler says how far they reach (GCC does): nearly all functions stand outside of them. For an address that
 * is then in no function the unit is walked once more, all of it: Rust keeps methods inside types, GNU C functions inside
 * functions.
 */
#include <dwarf.h>
#include <stdlib.h>

#include "dwarf_unit.h"

#define FUNCTIONS_MAX 16000000u
#define TOPS_MAX 16000000u
#define STEPS_A_TOP 32u
#define OVERLAPS_MAX 16u
#define QUESTIONS_MAX 64u /* then it pays to sort the functions */

struct walk {
    struct qmon__unit *unit;
    struct qmon__budget *budget;
    struct qmon__unit found; /* only its arrays of functions and tops are used */
    uint32_t steps;          /* since the last top */
    bool all, failed;
};

bool qmon__dies_begin(struct qmon__dies *dies, struct qmon__unit *unit, uint64_t first_die) {
    struct qmon__bytes inside = {unit->dwarf->sections[QMON__DEBUG_INFO].at, unit->end};
    *dies = (struct qmon__dies){
        .cursor = qmon__cursor_at(inside, first_die), .info = inside.at, .table = qmon__abbrevs_get(unit)};
    return dies->table && !dies->cursor.bad;
}

uint64_t qmon__dies_sibling(const struct qmon__dies *dies, const struct qmon__unit *unit,
                            const struct qmon__abbrev *abbrev) {
    if (!abbrev->sibling_bytes || dies->cursor.bad)
        return 0;
    struct qmon__cursor value = {dies->cursor.at - abbrev->sibling_bytes, dies->cursor.at, false};
    uint64_t sibling = qmon__cursor_number(&value, abbrev->sibling_bytes) + unit->offset;
    return sibling > (uint64_t) (dies->cursor.at - dies->info) && sibling < unit->end ? sibling : 0;
}

void qmon__dies_jump(struct qmon__dies *dies, uint64_t die) {
    dies->cursor.at = dies->info + die;
}

static bool add_range(void *context, uint64_t low, uint64_t high) {
    struct walk *walk = context;
    struct qmon__unit *found = &walk->found;
    if (!QMON__GROW(found->function_ranges, found->function_range_room, found->function_range_count, FUNCTIONS_MAX)) {
        walk->failed = true;
        return false;
    }
    found->function_ranges[found->function_range_count++] =
        (struct qmon__function_range){low, high, (uint32_t) found->function_count};
    return true;
}

static void add_function(struct walk *walk, uint64_t die, const struct qmon__value values[QMON__SLOTS]) {
    struct qmon__unit *found = &walk->found;
    size_t first_range = found->function_range_count;
    qmon__ranges_visit(walk->unit, values, walk->budget, add_range, walk);
    if (found->function_range_count == first_range)
        return;
    if (!QMON__GROW(found->functions, found->function_room, found->function_count, FUNCTIONS_MAX)) {
        walk->failed = true;
        return;
    }
    found->functions[found->function_count++] =
        (struct qmon__function){.die = die, .entry = found->function_ranges[first_range].low};
}

static void add_top(struct walk *walk, uint64_t die) {
    struct qmon__unit *found = &walk->found;
    if (!QMON__GROW(found->tops, found->top_room, found->top_count, TOPS_MAX)) {
        walk->failed = true;
        return;
    }
    found->tops[found->top_count++] = die;
    walk->steps = 0;
}

static void visit(struct walk *walk, struct qmon__dies *dies, const struct qmon__abbrev *abbrev) {
    struct qmon__value values[QMON__SLOTS];
    bool function = abbrev->tag == DW_TAG_subprogram && abbrev->has_code;
    if (dies->depth == 1 && (walk->steps >= STEPS_A_TOP || !walk->found.top_count))
        add_top(walk, dies->die);
    walk->steps++;
    if (function) {
        qmon__die_read(dies->table, abbrev, walk->unit->encoding, &dies->cursor, values);
        add_function(walk, dies->die, values);
    } else {
        qmon__die_skip(dies->table, abbrev, &dies->cursor);
    }
    uint64_t sibling = 0;
    if (abbrev->children && abbrev->sibling_bytes && abbrev->tag != DW_TAG_namespace)
        sibling = qmon__dies_sibling(dies, walk->unit, abbrev);
    if (sibling && !walk->all)
        qmon__dies_jump(dies, sibling);
    else
        qmon__dies_enter(dies, abbrev);
}

static int by_low(const void *left, const void *right) {
    const struct qmon__function_range *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return (a->function > b->function) - (a->function < b->function);
}

static void clear(struct qmon__unit *unit) {
    free(unit->functions);
    free(unit->function_ranges);
    free(unit->inlines);
    free(unit->ranges);
    free(unit->tops);
}

/* Takes what was found, in place of what was known before. */
static void take(struct qmon__unit *unit, struct qmon__unit *found) {
    clear(unit);
    unit->functions = found->functions;
    unit->function_count = found->function_count;
    unit->function_room = found->function_room;
    unit->function_ranges = found->function_ranges;
    unit->function_range_count = found->function_range_count;
    unit->function_range_room = found->function_range_room;
    unit->tops = found->tops;
    unit->top_count = found->top_count;
    unit->inlines = NULL;
    unit->ranges = NULL;
    unit->inline_count = unit->inline_room = unit->range_count = unit->range_room = 0;
    unit->sorted = false;
}

bool qmon__functions_read(struct qmon__unit *unit, bool all, struct qmon__budget *budget) {
    struct walk walk = {.unit = unit, .budget = budget, .all = all};
    struct qmon__dies dies;
    const struct qmon__abbrev *abbrev;
    if (!qmon__dies_begin(&dies, unit, unit->first_die))
        return true; /* nothing to be had here, now or later */
    while ((abbrev = qmon__dies_next(&dies)) && !walk.failed && !qmon__budget_tick(budget))
        visit(&walk, &dies, abbrev);
    if (walk.failed || budget->spent) {
        clear(&walk.found);
        return false;
    }
    take(unit, &walk.found);
    return true;
}

bool qmon__function_add(struct qmon__unit *unit, uint64_t die, struct qmon__budget *budget) {
    struct walk walk = {.unit = unit, .budget = budget, .found = *unit};
    struct qmon__value values[QMON__SLOTS];
    struct qmon__dies dies;
    const struct qmon__abbrev *abbrev = qmon__dies_begin(&dies, unit, die) ? qmon__dies_next(&dies) : NULL;
    if (!abbrev)
        return false;
    qmon__die_read(dies.table, abbrev, unit->encoding, &dies.cursor, values);
    add_function(&walk, die, values);
    const bool added = walk.found.function_count > unit->function_count;
    unit->functions = walk.found.functions;
    unit->function_room = walk.found.function_room;
    unit->function_ranges = walk.found.function_ranges;
    unit->function_range_room = walk.found.function_range_room;
    if (!added)
        return false;
    unit->function_count = walk.found.function_count;
    unit->function_range_count = walk.found.function_range_count;
    unit->sorted = false;
    return true;
}

static const struct qmon__function_range *find_sorted(const struct qmon__unit *unit, uint64_t address) {
    const struct qmon__function_range *ranges = unit->function_ranges;
    size_t low = 0, high = unit->function_range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t back = 1; back <= OVERLAPS_MAX && back <= low; back++)
        if (address < ranges[low - back].high)
            return &ranges[low - back];
    return NULL;
}

/* The same where they are in no order, for the few addresses of a trace: to sort 60,000 takes as long as to find them. */
static const struct qmon__function_range *find_unsorted(const struct qmon__unit *unit, uint64_t address) {
    const struct qmon__function_range *best = NULL, *range = unit->function_ranges;
    for (size_t i = 0; i < unit->function_range_count; i++, range++)
        if (address - range->low < range->high - range->low && (!best || by_low(best, range) < 0))
            best = range;
    return best;
}

size_t qmon__function_find(struct qmon__unit *unit, uint64_t address, uint64_t *ret_range_low) {
    if (!unit->sorted && unit->function_range_count && ++unit->questions > QUESTIONS_MAX) {
        qsort(unit->function_ranges, unit->function_range_count, sizeof *unit->function_ranges, by_low);
        unit->sorted = true;
        unit->questions = 0;
    }
    const struct qmon__function_range *found = unit->sorted ? find_sorted(unit, address) : find_unsorted(unit, address);
    if (!found)
        return SIZE_MAX;
    *ret_range_low = found->low;
    return found->function;
}

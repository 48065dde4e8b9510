/*
 * dwarf_tail.c: functions whose last act was a call. Their frames are gone from the stack when something goes wrong further
 * down, but debug information tells of each call what is called, and whether it was such a one. Where the function that a
 * caller called is not the one that is there, and exactly one way of such calls leads from the one to the other, that is
 * the way it went. Where a call on the way may lead anywhere (through a pointer), nothing is said.
 */
#include <dwarf.h>

#include "dwarf_unit.h"

#define WALKS_MAX 48u /* functions looked through for one question */

struct spot {
    struct qmon__unit *unit;
    uint64_t die; /* of a function */
};

struct site {
    uint64_t returns_to;
    bool tail, known; /* known: `callee` is set */
    struct spot callee;
};

typedef bool visit_site(void *context, const struct site *site); /* false: enough */

static void read_site(struct qmon__unit *unit, const struct qmon__value values[QMON__SLOTS], struct site *ret_site) {
    struct qmon__dwarf *dwarf;
    *ret_site = (struct site){.tail = values[QMON__SLOT_TAIL_CALL].number != 0};
    if (!qmon__value_address(unit, &values[QMON__SLOT_CALL_RETURN_PC], &ret_site->returns_to) &&
        !qmon__value_address(unit, &values[QMON__SLOT_LOW_PC], &ret_site->returns_to) &&
        qmon__value_address(unit, &values[QMON__SLOT_CALL_PC], &ret_site->returns_to))
        ret_site->returns_to++; /* of the call itself: anywhere behind it will do */
    if (qmon__value_reference(unit, &values[QMON__SLOT_ORIGIN], &dwarf, &ret_site->callee.die))
        ret_site->callee.unit = qmon__unit_at(dwarf, ret_site->callee.die);
    ret_site->known = ret_site->callee.unit != NULL;
}

/* The calls in a function, those of what was inlined into it included. */
static void visit_sites(const struct spot *function, struct qmon__budget *budget, visit_site *visit, void *context) {
    struct qmon__unit *unit = function->unit;
    struct qmon__value values[QMON__SLOTS];
    struct qmon__dies dies;
    const struct qmon__abbrev *abbrev;
    uint32_t nested = 0;
    if (!qmon__dies_begin(&dies, unit, function->die))
        return;
    while ((abbrev = qmon__dies_next(&dies)) && !qmon__budget_tick(budget)) {
        struct site site;
        if (nested && dies.depth <= nested)
            nested = 0;
        if (!nested && (abbrev->tag == DW_TAG_call_site || abbrev->tag == DW_TAG_GNU_call_site)) {
            qmon__die_read(dies.table, abbrev, unit->encoding, &dies.cursor, values);
            read_site(unit, values, &site);
            if (!visit(context, &site))
                return;
        } else {
            qmon__die_skip(dies.table, abbrev, &dies.cursor);
            if (abbrev->tag == DW_TAG_subprogram && dies.depth && !nested)
                nested = dies.depth;
        }
        qmon__dies_enter(&dies, abbrev);
    }
}

static bool same_spot(const struct spot *one, const struct spot *other) {
    return one->unit == other->unit && one->die == other->die;
}

/* Functions are known by their names: what a call names is often another mention of one. */
static bool same_function(const struct spot *one, const struct spot *other, struct qmon__budget *budget) {
    bool linkage;
    if (same_spot(one, other))
        return true;
    const char *left = qmon__function_name(one->unit, one->die, budget, &linkage);
    const char *right = qmon__function_name(other->unit, other->die, budget, &linkage);
    return left && right && !strcmp(left, right);
}

void qmon__dwarf_set_names(struct qmon__dwarf *dwarf, qmon__name_find *find, void *context) {
    dwarf->find_name = find;
    dwarf->name_context = context;
}

static bool find_elsewhere(const struct spot *named, struct qmon__budget *budget, struct spot *ret_code) {
    struct qmon__dwarf *dwarf = named->unit->dwarf;
    uint64_t address;
    bool linkage;
    const char *name = qmon__function_name(named->unit, named->die, budget, &linkage);
    if (!name || !dwarf->find_name || !dwarf->find_name(dwarf->name_context, name, budget, &address))
        return false;
    ret_code->unit = qmon__dwarf_function_at(dwarf, address, budget, &ret_code->die);
    return ret_code->unit != NULL;
}

static bool find_here(const struct spot *named, struct qmon__budget *budget, struct spot *ret_code) {
    struct qmon__unit *unit = named->unit;
    for (size_t i = 0; i < unit->function_count && !qmon__budget_tick(budget); i++) {
        *ret_code = (struct spot){unit, unit->functions[i].die};
        if (ret_code->die == named->die || qmon__die_origin(unit, ret_code->die) == named->die)
            return true;
    }
    return false;
}

/* The function with code that a call names: it, or the one made of it, in the same unit or another. */
static bool find_code(const struct spot *named, struct qmon__budget *budget, struct spot *ret_code) {
    struct qmon__unit *unit = named->unit;
    if (find_here(named, budget, ret_code))
        return true;
    if (find_elsewhere(named, budget, ret_code))
        return true;
    if (unit->has_functions || budget->spent)
        return false;
    unit->has_functions = qmon__functions_read(unit, false, budget);
    return unit->has_functions && find_here(named, budget, ret_code);
}

struct search {
    struct qmon__budget *budget;
    struct spot goal;
    uint64_t way[QMON__TAIL_CALLS_MAX], found[QMON__TAIL_CALLS_MAX];
    size_t depth, found_depth, ways, walks;
    bool unsure;
    uint64_t returns_to; /* of the first call */
    struct site first;
};

static void search_from(struct search *search, const struct spot *function);

static bool follow(void *context, const struct site *site) {
    struct search *search = context;
    struct spot next;
    if (!site->tail)
        return true;
    if (!site->known || !site->returns_to) {
        search->unsure = true;
        return false;
    }
    search->way[search->depth++] = site->returns_to;
    if (same_function(&site->callee, &search->goal, search->budget)) {
        if (!search->ways || search->found_depth != search->depth ||
            memcmp(search->found, search->way, search->depth * sizeof *search->way))
            search->ways++;
        memcpy(search->found, search->way, sizeof search->found);
        search->found_depth = search->depth;
    } else if (search->depth < QMON__TAIL_CALLS_MAX && find_code(&site->callee, search->budget, &next)) {
        search_from(search, &next);
    }
    search->depth--;
    return !search->unsure && search->ways < 2;
}

/* Recursive, and never deeper than QMON__TAIL_CALLS_MAX. */
static void search_from(struct search *search, const struct spot *function) {
    if (++search->walks > WALKS_MAX)
        search->unsure = true;
    else
        visit_sites(function, search->budget, follow, search);
}

static bool is_first(void *context, const struct site *site) {
    struct search *search = context;
    if (site->returns_to != search->returns_to)
        return true;
    search->first = *site;
    return false;
}

/* The one way from a function that was called to the goal. */
static size_t take_way(struct search *search, const struct spot *first, uint64_t ret_returns[QMON__TAIL_CALLS_MAX]) {
    search_from(search, first);
    if (search->unsure || search->ways != 1 || search->budget->spent)
        return 0;
    for (size_t i = 0; i < search->found_depth; i++) /* the innermost first, as in traces */
        ret_returns[i] = search->found[search->found_depth - 1 - i];
    return search->found_depth;
}

size_t qmon__dwarf_tail_calls(struct qmon__dwarf *dwarf, uint64_t returns_to, uint64_t inside,
                              struct qmon__budget *budget, uint64_t ret_returns[QMON__TAIL_CALLS_MAX]) {
    struct search search = {.budget = budget, .returns_to = returns_to};
    struct spot caller, first;
    caller.unit = qmon__dwarf_function_at(dwarf, returns_to - 1, budget, &caller.die);
    search.goal.unit = qmon__dwarf_function_at(dwarf, inside, budget, &search.goal.die);
    if (!caller.unit || !search.goal.unit)
        return 0;
    visit_sites(&caller, budget, is_first, &search);
    if (!search.first.known || search.first.tail || same_function(&search.first.callee, &search.goal, budget) ||
        !find_code(&search.first.callee, budget, &first))
        return 0;
    return take_way(&search, &first, ret_returns);
}

size_t qmon__dwarf_tail_calls_from(struct qmon__dwarf *dwarf, uint64_t called, uint64_t inside,
                                   struct qmon__budget *budget, uint64_t ret_returns[QMON__TAIL_CALLS_MAX]) {
    struct search search = {.budget = budget};
    struct spot first;
    first.unit = qmon__dwarf_function_at(dwarf, called, budget, &first.die);
    search.goal.unit = qmon__dwarf_function_at(dwarf, inside, budget, &search.goal.die);
    if (!first.unit || !search.goal.unit || same_function(&first, &search.goal, budget))
        return 0;
    return take_way(&search, &first, ret_returns);
}

bool qmon__dwarf_is_called(struct qmon__dwarf *dwarf, uint64_t entry, const char *name, struct qmon__budget *budget) {
    struct spot function;
    bool linkage;
    function.unit = qmon__dwarf_function_at(dwarf, entry, budget, &function.die);
    const char *known = function.unit ? qmon__function_name(function.unit, function.die, budget, &linkage) : NULL;
    return known && !strcmp(known, name);
}

/* dwarf_find.c: the question that the decoder is there for. */
#include "dwarf_unit.h"

/* Where the functions are: of a skeleton in another file. */
static struct qmon__unit *code_of(struct qmon__unit *unit, struct qmon__budget *budget) {
    struct qmon__unit *split = qmon__unit_split(unit, budget);
    return split ? split : unit;
}

/* Reads the unit on first use. False: not now. */
static bool prepare(struct qmon__unit *unit, struct qmon__budget *budget) {
    if (unit->indexed)
        return true;
    struct qmon__unit *code = code_of(unit, budget);
    unit->indexed = !budget->spent && qmon__lines_read(unit, budget);
    if (unit->indexed && code != unit && code->has_lines && !qmon__lines_read(code, budget))
        unit->indexed = false;
    return unit->indexed;
}

static struct qmon__function *find_function(struct qmon__unit *unit, uint64_t address, struct qmon__budget *budget,
                                            uint64_t *ret_range_low) {
    size_t found = qmon__function_find(unit, address, ret_range_low);
    if (found == SIZE_MAX && !unit->has_all_functions && qmon__function_seek(unit, address, budget))
        found = qmon__function_find(unit, address, ret_range_low);
    if (found == SIZE_MAX && !unit->has_functions) {
        unit->has_functions = !budget->spent && qmon__functions_read(unit, false, budget);
        found = qmon__function_find(unit, address, ret_range_low);
    }
    if (found == SIZE_MAX && !unit->has_all_functions && !budget->spent && qmon__functions_read(unit, true, budget)) {
        unit->has_all_functions = true;
        found = qmon__function_find(unit, address, ret_range_low);
    }
    return found == SIZE_MAX ? NULL : &unit->functions[found];
}

static size_t find_in_unit(struct qmon__unit *unit, uint64_t address, struct qmon__budget *budget,
                           struct qmon__place places[QMON__PLACES_MAX]) {
    const struct qmon__inline *chain[QMON__PLACES_MAX - 1];
    uint64_t range_low = 0;
    size_t inlines = 0;
    struct qmon__row row = {0};
    bool has_row = qmon__line_find(&unit->lines, qmon__unit_piece(unit, address), address, budget, &row);
    struct qmon__unit *code = code_of(unit, budget);
    struct qmon__unit *files = code->has_lines ? code : unit; /* whose numbers calls are told with */
    struct qmon__function *function = find_function(code, address, budget, &range_low);
    if (!has_row && !function)
        return 0;

    places[0] = (struct qmon__place){0};
    if (has_row) {
        places[0].file = qmon__line_path(unit, row.file);
        places[0].line = row.line;
        places[0].column = row.column;
    }
    if (!function)
        return 1;
    if (qmon__function_expand(code, function, budget))
        inlines = qmon__inline_chain(code, function, address, budget, chain, QMON__PLACES_MAX - 1);
    for (size_t i = 0; i < inlines; i++) {
        const struct qmon__inline *item = chain[inlines - 1 - i];
        places[i].function = qmon__function_name(code, item->die, budget, &places[i].linkage);
        places[i + 1] = (struct qmon__place){
            .file = qmon__line_path(files, item->call_file), .line = item->call_line, .column = item->call_column};
    }
    struct qmon__place *last = &places[inlines];
    last->function = qmon__function_name(code, function->die, budget, &last->linkage);
    last->entry = function->entry <= address ? function->entry : range_low; /* else a part moved to before its start */
    return inlines + 1;
}

size_t qmon__dwarf_find(struct qmon__dwarf *dwarf, uint64_t address, struct qmon__budget *budget,
                        struct qmon__place places[QMON__PLACES_MAX]) {
    struct qmon__unit *unit, *with_line = NULL;
    size_t position = 0;
    while ((unit = qmon__unit_next(dwarf, address, budget, &position))) {
        if (!prepare(unit, budget))
            continue;
        size_t count = find_in_unit(unit, address, budget, places);
        if (count && places[count - 1].function)
            return count;
        if (count && !with_line)
            with_line = unit;
    }
    return with_line ? find_in_unit(with_line, address, budget, places) : 0;
}

struct qmon__unit *qmon__dwarf_function_at(struct qmon__dwarf *dwarf, uint64_t address, struct qmon__budget *budget,
                                           uint64_t *ret_die) {
    struct qmon__unit *unit;
    size_t position = 0;
    while ((unit = qmon__unit_next(dwarf, address, budget, &position))) {
        uint64_t range_low;
        struct qmon__unit *code = prepare(unit, budget) ? code_of(unit, budget) : NULL;
        const struct qmon__function *function = code ? find_function(code, address, budget, &range_low) : NULL;
        if (function) {
            *ret_die = function->die;
            return code;
        }
    }
    return NULL;
}

/*
 * dwarf_split.c: units of which only a skeleton is in the program, with addresses and lines; functions and what was inlined
 * are in another file (-gsplit-dwarf). The two belong together when they have the same id. Addresses, and in DWARF 4 ranges,
 * are looked up in the sections of the skeleton's file.
 */
#include <dwarf.h>

#include "dwarf_unit.h"

void qmon__dwarf_set_splits(struct qmon__dwarf *dwarf, qmon__split_open *open, void *context) {
    dwarf->open_split = open;
    dwarf->split_context = context;
}

static uint64_t id_of(const struct qmon__unit *unit) {
    return unit->encoding.version >= 5 ? unit->split_id : unit->root[QMON__SLOT_DWO_ID].number;
}

static struct qmon__unit *find_unit(struct qmon__dwarf *split, uint64_t id) {
    for (size_t i = 0; i < split->unit_count; i++) {
        struct qmon__unit *unit = &split->units[i];
        if ((unit->type == DW_UT_split_compile || unit->type == DW_UT_compile) && qmon__unit_root(unit) &&
            id_of(unit) == id)
            return unit;
    }
    return NULL;
}

static void join(struct qmon__unit *unit, struct qmon__unit *skeleton) {
    static const enum qmon__section borrowed[] = {QMON__DEBUG_ADDR, QMON__DEBUG_RANGES, QMON__DEBUG_LINE_STR};
    struct qmon__bytes *sections = unit->dwarf->sections;
    for (size_t i = 0; i < sizeof borrowed / sizeof borrowed[0]; i++)
        if (!sections[borrowed[i]].count)
            sections[borrowed[i]] = skeleton->dwarf->sections[borrowed[i]];
    unit->has_lines = unit->has_lines && sections[QMON__DEBUG_LINE].count;
    unit->addr_base = skeleton->addr_base;
    unit->ranges_base = skeleton->ranges_base;
    unit->base = skeleton->base;
    if (!unit->directory)
        unit->directory = skeleton->directory;
}

struct qmon__unit *qmon__unit_split(struct qmon__unit *unit, struct qmon__budget *budget) {
    struct qmon__dwarf *dwarf = unit->dwarf;
    if (unit->split_sought)
        return unit->split;
    if (budget->spent || !qmon__unit_root(unit))
        return NULL;
    unit->split_sought = true;
    const struct qmon__split_wanted wanted = {
        .name = qmon__value_text(unit, &unit->root[QMON__SLOT_DWO_NAME]),
        .directory = unit->directory,
        .id = id_of(unit),
        .version = unit->encoding.version,
    };
    struct qmon__dwarf *split = wanted.name && *wanted.name && dwarf->open_split
                                    ? dwarf->open_split(dwarf->split_context, &wanted, budget)
                                    : NULL;
    unit->split = split ? find_unit(split, wanted.id) : NULL;
    if (unit->split)
        join(unit->split, unit);
    return unit->split;
}

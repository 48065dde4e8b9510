/*
 * dwarf_name.c: what functions are called. The linker's name is the best: it is complete, and the same for every compiler. GCC
 * gives none to functions that the linker never sees (static ones, lambdas); their names are put together from those of
 * the namespaces, types and functions around them.
 */
#include <dwarf.h>
#include <stdlib.h>

#include "dwarf_unit.h"
#include "text_buffer.h"

#define HOPS_MAX 16
#define AROUND_MAX 16
#define NAMES_MAX 65536u
#define PART_BYTES_MAX 8192u
#define NESTING_MAX 3 /* functions in functions */

static bool read_die(struct qmon__unit *unit, uint64_t die, struct qmon__value values[QMON__SLOTS], uint16_t *ret_tag) {
    struct qmon__dies dies;
    const struct qmon__abbrev *abbrev = qmon__dies_begin(&dies, unit, die) ? qmon__dies_next(&dies) : NULL;
    if (!abbrev)
        return false;
    qmon__die_read(dies.table, abbrev, unit->encoding, &dies.cursor, values);
    *ret_tag = abbrev->tag;
    return true;
}

uint64_t qmon__die_origin(struct qmon__unit *unit, uint64_t die) {
    struct qmon__value values[QMON__SLOTS];
    struct qmon__dwarf *dwarf;
    uint64_t origin;
    uint16_t tag;
    if (!read_die(unit, die, values, &tag) ||
        (!qmon__value_reference(unit, &values[QMON__SLOT_ORIGIN], &dwarf, &origin) &&
         !qmon__value_reference(unit, &values[QMON__SLOT_SPECIFICATION], &dwarf, &origin)))
        return 0;
    return dwarf == unit->dwarf ? origin : 0;
}

/* Begins a walk with the last DIE below the root that is known to begin at or before this one; with the root itself where the
 * unit has not been walked over. */
static bool begin_before(struct qmon__dies *dies, struct qmon__unit *unit, uint64_t die) {
    size_t low = 0, high = unit->top_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (unit->tops[middle] <= die)
            low = middle + 1;
        else
            high = middle;
    }
    if (!qmon__dies_begin(dies, unit, low ? unit->tops[low - 1] : unit->first_die))
        return false;
    dies->depth = low != 0;
    return true;
}

struct around {
    uint64_t die;
    uint32_t depth;
};

/* The DIEs from below the root down to the one around `die`. */
static size_t find_around(struct qmon__unit *unit, uint64_t die, struct qmon__budget *budget,
                          struct around around[AROUND_MAX]) {
    struct qmon__dies dies;
    const struct qmon__abbrev *abbrev;
    size_t count = 0;
    if (!begin_before(&dies, unit, die))
        return 0;
    while ((abbrev = qmon__dies_next(&dies)) && dies.die < die && !qmon__budget_tick(budget)) {
        while (count && around[count - 1].depth >= dies.depth)
            count--;
        if (!abbrev->children) {
            qmon__die_skip(dies.table, abbrev, &dies.cursor);
            continue;
        }
        struct around this = {dies.die, dies.depth};
        qmon__die_skip(dies.table, abbrev, &dies.cursor);
        uint64_t sibling = qmon__dies_sibling(&dies, unit, abbrev);
        if (sibling && sibling <= die) {
            qmon__dies_jump(&dies, sibling);
            continue;
        }
        const bool is_root = !dies.depth;
        qmon__dies_enter(&dies, abbrev);
        if (count < AROUND_MAX && !is_root)
            around[count++] = this;
    }
    while (count && around[count - 1].depth >= dies.depth)
        count--;
    return abbrev && dies.die == die ? count : 0;
}

static const char *name_of(struct qmon__unit *unit, uint64_t die, struct qmon__budget *budget, int nesting,
                           bool *ret_linkage);

/* What stands around contributes its name; a function around, its whole name without those of its arguments. */
static void add_part(struct qmon__buffer *name, struct qmon__unit *unit, uint64_t die, struct qmon__budget *budget,
                     int nesting) {
    struct qmon__value values[QMON__SLOTS];
    uint16_t tag;
    bool linkage = false;
    if (!read_die(unit, die, values, &tag))
        return;
    const char *part = qmon__value_text(unit, &values[QMON__SLOT_NAME]);
    if (tag == DW_TAG_subprogram && !(part && *part) && nesting)
        part = name_of(unit, die, budget, nesting - 1, &linkage);
    else if (tag == DW_TAG_namespace && !(part && *part))
        part = "(anonymous namespace)";
    else if (tag == DW_TAG_structure_type && !(part && *part))
        part = "{lambda}";
    if (!part || !*part)
        return;
    qmon__buffer_add(name, part, strnlen(part, PART_BYTES_MAX));
    qmon__buffer_string(name, "::");
}

/* `plain` with what stands around the DIE that has it. Made once for each DIE. */
static const char *qualified(struct qmon__unit *unit, uint64_t die, const char *plain, struct qmon__budget *budget,
                             int nesting) {
    struct qmon__dwarf *dwarf = unit->dwarf;
    struct around around[AROUND_MAX];
    for (size_t i = 0; i < dwarf->name_count; i++)
        if (dwarf->names[i].die == die)
            return dwarf->names[i].name;
    size_t count = strcmp(plain, "main") ? find_around(unit, die, budget, around) : 0;
    if (!count || !QMON__GROW(dwarf->names, dwarf->name_room, dwarf->name_count, NAMES_MAX))
        return plain;
    struct qmon__buffer name = {0};
    for (size_t i = 0; i < count; i++)
        add_part(&name, unit, around[i].die, budget, nesting);
    qmon__buffer_string(&name, plain);
    char *text = qmon__buffer_take(&name);
    if (!text)
        return plain;
    if (!QMON__GROW(dwarf->names, dwarf->name_room, dwarf->name_count, NAMES_MAX)) {
        free(text);
        return plain;
    }
    dwarf->names[dwarf->name_count++] = (struct qmon__made_name){die, text};
    return text;
}

/* Is this more than the name in the source? glibc's "__GI_raise" for "raise" is less. */
static bool is_mangled(const char *name) {
    static const char *const beginnings[] = {"_Z", "_R", "__Z", "_D", "$s", "_$s"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (!strncmp(name, beginnings[i], strlen(beginnings[i])))
            return true;
    return false;
}

/* For a function around another one (nesting below NESTING_MAX) the linker's name is passed over. */
static const char *name_of(struct qmon__unit *unit, uint64_t die, struct qmon__budget *budget, int nesting,
                           bool *ret_linkage) {
    const char *plain = NULL, *unmangled = NULL;
    struct qmon__unit *plain_unit = NULL;
    uint64_t plain_die = 0;
    bool is_around = nesting < NESTING_MAX;
    for (int hop = 0; hop < HOPS_MAX && unit; hop++) {
        struct qmon__value values[QMON__SLOTS];
        struct qmon__dwarf *dwarf;
        uint16_t tag;
        if (!read_die(unit, die, values, &tag))
            break;
        const char *linkage = qmon__value_text(unit, &values[QMON__SLOT_LINKAGE_NAME]);
        if (linkage && !is_around && is_mangled(linkage)) {
            *ret_linkage = true;
            return linkage;
        }
        unmangled = linkage && *linkage ? linkage : unmangled;
        const char *name = qmon__value_text(unit, &values[QMON__SLOT_NAME]);
        if (name && *name) {
            plain = name;
            plain_unit = unit;
            plain_die = die;
        }
        if (!qmon__value_reference(unit, &values[QMON__SLOT_ORIGIN], &dwarf, &die) &&
            !qmon__value_reference(unit, &values[QMON__SLOT_SPECIFICATION], &dwarf, &die))
            break;
        unit = qmon__unit_at(dwarf, die);
    }
    return plain ? qualified(plain_unit, plain_die, plain, budget, nesting) : unmangled;
}

const char *qmon__function_name(struct qmon__unit *unit, uint64_t die, struct qmon__budget *budget, bool *ret_linkage) {
    *ret_linkage = false;
    return name_of(unit, die, budget, NESTING_MAX, ret_linkage);
}

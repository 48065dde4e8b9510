/*
 * binary_lookup.c: what is at an address of a module: debug information first, the symbol tables where there is none. Debug
 * files, tables and units are read when an address is first asked for that needs them, and every answer is kept.
 */
#include <stdio.h>
#include <stdlib.h>

#include "binary.h"
#include "binary_split.h"
#include "demangle.h"
#include "role.h"

#define LOOKUPS_MAX 65536u
#define NAMES_MAX 262144u
#define INFLATED_BYTES_A_MS 50000u /* on a slow machine */

const char *const qmon__debug_names[QMON__DEBUG_SECTIONS] = {
    [QMON__DEBUG_INFO] = ".debug_info",         [QMON__DEBUG_ABBREV] = ".debug_abbrev",
    [QMON__DEBUG_STR] = ".debug_str",           [QMON__DEBUG_LINE] = ".debug_line",
    [QMON__DEBUG_LINE_STR] = ".debug_line_str", [QMON__DEBUG_STR_OFFSETS] = ".debug_str_offsets",
    [QMON__DEBUG_ADDR] = ".debug_addr",         [QMON__DEBUG_RANGES] = ".debug_ranges",
    [QMON__DEBUG_RNGLISTS] = ".debug_rnglists",
};

static struct qmon__dwarf *open_dwarf(struct qmon__elf *elf, struct qmon__dwarf *alternate) {
    struct qmon__bytes sections[QMON__DEBUG_SECTIONS];
    for (size_t i = 0; i < QMON__DEBUG_SECTIONS; i++) {
        sections[i] = qmon__elf_section(elf, qmon__debug_names[i]);
        if (i <= QMON__DEBUG_ABBREV && !sections[i].count)
            return NULL;
    }
    return qmon__dwarf_new(sections, alternate);
}

/* The file with the debug information: nothing of it is read yet. */
static void seek_debug(struct qmon__binary *binary) {
    const char *prefix = binary->prefix ? binary->prefix : "";
    struct qmon__places_to_look where = {.path = binary->path, .prefix = prefix};
    binary->debug_sought = true;
    if (!qmon__elf_has_section(binary->elf, ".debug_info"))
        binary->debug = qmon__debug_file_open(binary->elf, &where, binary->debug_path, sizeof binary->debug_path);
}

/* Inflating cannot be interrupted: what would take more than half of the time that is left is not begun. */
static void limit_inflating(struct qmon__elf *elf, struct qmon__budget *budget) {
    uint64_t left_ms = qmon__budget_left_ms(budget);
    if (left_ms / 2 < elf->inflate_max / INFLATED_BYTES_A_MS)
        elf->inflate_max = left_ms / 2 * INFLATED_BYTES_A_MS;
}

/* The last resort. Symbols that were read already are read again: the file that came has more. */
static void fetch_debug(struct qmon__binary *binary, const struct qmon__budget *budget) {
    if (binary->debug || qmon__elf_has_section(binary->elf, ".debug_info"))
        return;
    binary->debug = qmon__debug_file_fetch(binary->elf, budget, binary->debug_path, sizeof binary->debug_path);
    if (!binary->debug)
        return;
    qmon__symbols_free(binary->symbols);
    binary->symbols = NULL;
}

bool qmon__binary_extent(void *context, uint64_t address, uint64_t *ret_low, uint64_t *ret_high) {
    const struct qmon__binary *binary = context;
    return qmon__elf_extent(binary->elf, address, ret_low, ret_high);
}

static void open_debug(struct qmon__binary *binary, struct qmon__budget *budget) {
    fetch_debug(binary, budget);
    struct qmon__elf *elf = binary->debug ? binary->debug : binary->elf;
    binary->dwarf_tried = true;
    limit_inflating(elf, budget);
    binary->alternate = qmon__debug_alternate_open(elf, binary->debug ? binary->debug_path : binary->path,
                                                   binary->prefix ? binary->prefix : "");
    if (binary->alternate) {
        limit_inflating(binary->alternate, budget);
        binary->alternate_dwarf = open_dwarf(binary->alternate, NULL);
    }
    binary->dwarf = open_dwarf(elf, binary->alternate_dwarf);
    if (binary->dwarf)
        qmon__dwarf_set_extents(binary->dwarf, qmon__binary_extent, binary);
    qmon__binary_use_splits(binary);
    binary->debug_too_large = elf->too_large;
    binary->unreadable = elf->unreadable || !binary->alternate ? elf->unreadable : binary->alternate->unreadable;
}

struct qmon__symbols *qmon__binary_symbols(struct qmon__binary *binary, struct qmon__budget *budget) {
    if (binary->symbols)
        return binary->symbols;
    if (!binary->mini && !qmon__elf_section_of_type(binary->elf, SHT_SYMTAB) && !binary->debug)
        binary->mini = qmon__debug_mini_open(binary->elf);
    struct qmon__elf *const files[] = {binary->elf, binary->debug, binary->mini};
    return binary->symbols = qmon__symbols_new(files, sizeof files / sizeof *files, budget);
}

/* The readable form of a name in the file, made once. */
static const char *readable(struct qmon__binary *binary, const char *name) {
    char text[QMON__FUNCTION_BYTES];
    if (!name || !*name)
        return NULL;
    char *made = qmon__map_get(&binary->names, (uintptr_t) name);
    if (made)
        return made;
    made = binary->names.count < NAMES_MAX ? strdup(qmon__demangle(name, text, sizeof text)) : NULL;
    if (made && !qmon__map_put(&binary->names, (uintptr_t) name, made)) {
        free(made);
        made = NULL;
    }
    return made;
}

/* "strtol@plt": the stub that a call to another library goes through. */
static const char *stub_name(struct qmon__binary *binary, uint64_t address, uint64_t *ret_entry) {
    char name[QMON__FUNCTION_BYTES], text[QMON__FUNCTION_BYTES];
    uint64_t start;
    if (!qmon__plt_name(binary->elf, address, &start, name, sizeof name))
        return NULL;
    char *made = qmon__map_get(&binary->stubs, start);
    if (!made && asprintf(&made, "%s@plt", qmon__demangle(name, text, sizeof text)) < 0)
        return NULL;
    if (!qmon__map_get(&binary->stubs, start) && !qmon__map_put(&binary->stubs, start, made)) {
        free(made);
        return NULL;
    }
    *ret_entry = start;
    return made;
}

/* Where debug information knows no name, or only the short one of a C++ function, the symbol table may know better. */
static void ask_symbols(struct qmon__binary *binary, uint64_t address, struct qmon__budget *budget,
                        struct qmon__place *place) {
    if (place->function && (place->linkage || !strstr(place->function, "::")))
        return;
    struct qmon__symbols *symbols = qmon__binary_symbols(binary, budget);
    uint64_t entry = 0;
    const char *name = symbols ? qmon__symbol_find(symbols, address, &entry) : NULL;
    if (!name && !place->function)
        name = stub_name(binary, address, &entry);
    if (!name || (place->function && (entry != place->entry || strncmp(name, "_Z", 2))))
        return;
    place->function = name;
    place->entry = entry;
}

/* The loader's and libc's debug information is large, often compressed, and of frames that are folded: while somebody waits for
 * an alert, the symbol tables have to do for these. `thorough`, which is for readers, reads it. */
static const char *name_of_system(struct qmon__binary *binary, uint64_t address, struct qmon__budget *budget,
                                  uint64_t *ret_entry) {
    if (qmon__role_of(binary->path, NULL, NULL) != QMON_ROLE_LIBC)
        return NULL;
    struct qmon__symbols *symbols = qmon__binary_symbols(binary, budget);
    return symbols ? qmon__symbol_find(symbols, address, ret_entry) : NULL;
}

/* Fills places with the functions at an address, and returns how many. */
static size_t find_places(struct qmon__binary *binary, uint64_t address, struct qmon__budget *budget,
                          struct qmon__place places[QMON__PLACES_MAX]) {
    size_t count = 0;
    if (!binary->debug_sought)
        seek_debug(binary);
    places[0] = (struct qmon__place){0};
    if (!binary->thorough)
        places[0].function = name_of_system(binary, address, budget, &places[0].entry);
    if (places[0].function)
        return 1;
    if (!binary->dwarf_tried)
        open_debug(binary, budget);
    if (binary->dwarf)
        count = qmon__dwarf_find(binary->dwarf, address, budget, places);
    if (!count)
        places[0] = (struct qmon__place){0};
    struct qmon__place *outermost = &places[count ? count - 1 : 0];
    ask_symbols(binary, address, budget, outermost);
    return count || !outermost->function ? count : 1;
}

static struct qmon__lookup *find(struct qmon__binary *binary, uint64_t address, struct qmon__budget *budget) {
    struct qmon__place places[QMON__PLACES_MAX];
    size_t count = find_places(binary, address, budget, places);
    if (budget->spent)
        return NULL;
    struct qmon__lookup *lookup = calloc(1, sizeof *lookup + count * sizeof *lookup->places);
    if (!lookup)
        return NULL;
    lookup->entry = count ? places[count - 1].entry : 0;
    lookup->count = count;
    for (size_t i = 0; i < count; i++)
        lookup->places[i] = (struct qmon__lookup_place){
            .function = readable(binary, places[i].function),
            .file = places[i].file,
            .line = places[i].line,
            .column = places[i].column,
        };
    for (size_t i = 0; i < count; i++)
        lookup->places[i].role = qmon__role_of(binary->path, lookup->places[i].function, lookup->places[i].file);
    return lookup;
}

struct qmon__lookup *qmon__binary_lookup(struct qmon__binary *binary, uint64_t address, struct qmon__budget *budget) {
    struct qmon__lookup *lookup = qmon__map_get(&binary->lookups, address);
    if (lookup)
        return lookup;
    if (qmon__budget_check(budget))
        return NULL;
    if (binary->lookups.count >= LOOKUPS_MAX)
        qmon__map_clear(&binary->lookups);
    lookup = find(binary, address, budget);
    if (lookup && !qmon__map_put(&binary->lookups, address, lookup)) {
        free(lookup);
        return NULL;
    }
    return lookup;
}

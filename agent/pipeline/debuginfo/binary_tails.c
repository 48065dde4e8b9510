/* binary_tails.c: the functions that ended in a call, between a caller and the function that is there (dwarf_tail.c). */
#include <stdlib.h>

#include "binary.h"
#include "demangle.h"

static bool find_named(void *context, const char *name, struct qmon__budget *budget, uint64_t *ret_address) {
    struct qmon__symbols *symbols = qmon__binary_symbols(context, budget);
    return symbols && qmon__symbol_named(symbols, name, ret_address);
}

void qmon__binary_find_tails(struct qmon__binary *binary, struct qmon__lookup *caller, uint64_t returns_to,
                             uint64_t entry, struct qmon__budget *budget) {
    if (!binary->dwarf || !entry || (caller->tails_sought && caller->tail_entry == entry))
        return;
    qmon__dwarf_set_names(binary->dwarf, find_named, binary);
    caller->tail_count = qmon__dwarf_tail_calls(binary->dwarf, returns_to, entry, budget, caller->tails);
    caller->tail_entry = entry;
    caller->tails_sought = true;
}

/* An answer, kept: threads that wait in one place ask the same. */
struct crossing {
    const struct qmon__binary *caller;
    uint64_t returns_to, entry;
    struct qmon__tails tails;
};

static void find_crossing(struct qmon__binary *callee, struct qmon__binary *caller, struct qmon__budget *budget,
                          struct crossing *crossing) {
    char name[QMON__FUNCTION_BYTES];
    uint64_t called;
    if (!caller->elf || !qmon__called_name(caller->elf, crossing->returns_to, name, sizeof name) ||
        qmon__dwarf_is_called(callee->dwarf, crossing->entry, name, budget) || /* nearly always; no table is searched */
        !find_named(callee, name, budget, &called) || called == crossing->entry)
        return;
    qmon__dwarf_set_names(callee->dwarf, find_named, callee);
    crossing->tails.count =
        qmon__dwarf_tail_calls_from(callee->dwarf, called, crossing->entry, budget, crossing->tails.returns);
}

struct qmon__tails qmon__binary_find_tails_across(struct qmon__binary *caller, uint64_t returns_to,
                                                  struct qmon__binary *callee, uint64_t entry,
                                                  struct qmon__budget *budget) {
    struct crossing found = {caller, returns_to, entry, {0}};
    if (!callee->dwarf || !entry)
        return found.tails;
    const uint64_t key = returns_to ^ entry << 20 ^ (uintptr_t) caller << 3;
    struct crossing *kept = qmon__map_get(&callee->crossings, key);
    if (kept && kept->caller == caller && kept->returns_to == returns_to && kept->entry == entry)
        return kept->tails;
    find_crossing(callee, caller, budget, &found);
    if (!kept && (kept = malloc(sizeof *kept)) != NULL) {
        *kept = found;
        if (!qmon__map_put(&callee->crossings, key, kept))
            free(kept);
    }
    return found.tails;
}

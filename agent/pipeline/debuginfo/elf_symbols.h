/* elf_symbols.h: the symbols of a module, from all its tables, sorted once. */
#ifndef QMON_PIPELINE_ELF_SYMBOLS_H
#define QMON_PIPELINE_ELF_SYMBOLS_H

#include "budget.h"
#include "elf_file.h"

struct qmon__symbols;
/* files: those that may have tables (the module, its debug file, its mini debug file), NULLs skipped; borrowed, and must
 * live as long as the symbols. NULL: out of memory, or the budget is spent. */
struct qmon__symbols *qmon__symbols_new(struct qmon__elf *const *files, size_t file_count, struct qmon__budget *budget);
void qmon__symbols_free(struct qmon__symbols *symbols);

/* The function at an address: its name (borrowed) and where it begins. NULL: none; better no name than a wrong one. */
const char *qmon__symbol_find(const struct qmon__symbols *symbols, uint64_t address, uint64_t *ret_entry);

/* Where the function of this name begins. False: there is none, or there are several. Looks at all. */
bool qmon__symbol_named(const struct qmon__symbols *symbols, const char *name, uint64_t *ret_entry);

#endif

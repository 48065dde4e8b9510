/*
 * elf_symbols.c: see elf_symbols.h. Sorting is the cost of a large table, so it is done in two steps: into buckets by address,
 * all in two passes, then within each bucket, where little is left to do.
 */
#include "elf_symbols.h"

#include <gelf.h>
#include <stdlib.h>

#define SYMBOLS_MAX 16000000u
#define BACK_MAX 64u /* how many symbols before an address are looked at */

struct symbol {
    uint64_t value;
    uint32_t name;
    uint32_t bytes;   /* UINT32_MAX: that or more */
    uint16_t section; /* in its file */
    uint8_t table;
    uint8_t rank; /* of several at one address the higher is the name we want */
};

struct table {
    const unsigned char *symbols;
    size_t count;
    struct qmon__bytes names;
    struct qmon__elf *file;
    bool full; /* .symtab: what is not in it is not there */
};

#define TABLES_MAX 8

struct qmon__symbols {
    struct symbol *items;
    size_t count;
    struct table tables[TABLES_MAX];
    size_t table_count;
};

static void add_table(struct qmon__symbols *symbols, struct qmon__elf *file, uint32_t type) {
    Elf_Scn *section = qmon__elf_section_of_type(file, type);
    GElf_Shdr header, names_header;
    if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
        symbols->table_count == TABLES_MAX)
        return;
    if ((header.sh_flags & SHF_COMPRESSED) != 0)
        return;
    Elf_Data *data = elf_rawdata(section, NULL);
    Elf_Scn *names = elf_getscn(file->elf, header.sh_link);
    if (!data || !data->d_buf || !names || !gelf_getshdr(names, &names_header) || names_header.sh_type != SHT_STRTAB)
        return;
    Elf_Data *texts = elf_rawdata(names, NULL);
    if (!texts || !texts->d_buf)
        return;
    size_t count = data->d_size / sizeof(Elf64_Sym);
    symbols->tables[symbols->table_count++] = (struct table){data->d_buf,
                                                             count < SYMBOLS_MAX ? count : SYMBOLS_MAX,
                                                             {texts->d_buf, texts->d_size},
                                                             file,
                                                             type == SHT_SYMTAB};
}

static Elf64_Sym symbol_at(const struct table *table, size_t index) {
    Elf64_Sym symbol;
    memcpy(&symbol, table->symbols + index * sizeof symbol, sizeof symbol);
    return symbol;
}

/* Functions, and labels of assembly code; not those that mark data in code ("$d", "$x"). */
static bool is_wanted(const struct table *table, const Elf64_Sym *symbol) {
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS || !symbol->st_value || !symbol->st_name)
        return false;
    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
        return false;
    if (symbol->st_name >= table->names.count || table->names.at[symbol->st_name] == '$')
        return false;
    return type != STT_NOTYPE || qmon__elf_executable_at(table->file, symbol->st_value);
}

static uint8_t rank_of(const Elf64_Sym *symbol) {
    unsigned type = ELF64_ST_TYPE(symbol->st_info), binding = ELF64_ST_BIND(symbol->st_info);
    unsigned by_binding = binding == STB_GLOBAL || binding == STB_GNU_UNIQUE ? 2 : binding == STB_WEAK ? 1 : 0;
    return (uint8_t) ((type != STT_NOTYPE) * 8 + (symbol->st_size != 0) * 4 + by_binding);
}

static const char *name_of(const struct qmon__symbols *symbols, const struct symbol *symbol) {
    return qmon__string_at(symbols->tables[symbol->table].names, symbol->name);
}

static _Thread_local const struct qmon__symbols *sorting; /* qsort has no context */

static int by_value(const void *left, const void *right) {
    const struct symbol *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    const char *first = name_of(sorting, a), *second = name_of(sorting, b);
    if (!first || !second)
        return !second - !first;
    size_t dashes_a = strspn(first, "_"), dashes_b = strspn(second, "_");
    if (dashes_a != dashes_b)
        return dashes_a > dashes_b ? -1 : 1;
    return -strcmp(first, second);
}

struct bounds {
    uint64_t low, high;
    size_t count;
};

static struct bounds measure(const struct qmon__symbols *symbols, struct qmon__budget *budget) {
    struct bounds bounds = {.low = UINT64_MAX};
    for (size_t t = 0; t < symbols->table_count; t++)
        for (size_t i = 0; i < symbols->tables[t].count && !qmon__budget_tick(budget); i++) {
            Elf64_Sym symbol = symbol_at(&symbols->tables[t], i);
            if (!is_wanted(&symbols->tables[t], &symbol))
                continue;
            bounds.low = symbol.st_value < bounds.low ? symbol.st_value : bounds.low;
            bounds.high = symbol.st_value > bounds.high ? symbol.st_value : bounds.high;
            bounds.count++;
        }
    return bounds;
}

/* So many low bits of a distance are left out that there are about as many buckets as symbols. */
static unsigned bucket_shift(const struct bounds *bounds) {
    unsigned shift = 0;
    while (((bounds->high - bounds->low) >> shift) > bounds->count)
        shift++;
    return shift;
}

static void fill(struct qmon__symbols *symbols, const struct bounds *bounds, unsigned shift, uint32_t *starts) {
    size_t buckets = (size_t) ((bounds->high - bounds->low) >> shift) + 1;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t t = 0; t < symbols->table_count; t++)
            for (size_t i = 0; i < symbols->tables[t].count; i++) {
                Elf64_Sym symbol = symbol_at(&symbols->tables[t], i);
                if (!is_wanted(&symbols->tables[t], &symbol) || symbol.st_value < bounds->low ||
                    symbol.st_value > bounds->high)
                    continue; /* the file may change under us */
                size_t bucket = (size_t) ((symbol.st_value - bounds->low) >> shift);
                if (pass == 0) {
                    starts[bucket + 1]++;
                    continue;
                }
                symbols->items[starts[bucket]++] = (struct symbol){
                    .value = symbol.st_value,
                    .name = symbol.st_name,
                    .bytes = symbol.st_size < UINT32_MAX ? (uint32_t) symbol.st_size : UINT32_MAX,
                    .section = symbol.st_shndx,
                    .table = (uint8_t) t,
                    .rank = rank_of(&symbol),
                };
            }
        for (size_t i = 1; pass == 0 && i <= buckets; i++)
            starts[i] += starts[i - 1];
    }
    sorting = symbols;
    for (size_t i = 0, from = 0; i < buckets; from = starts[i], i++)
        if (starts[i] > from + 1)
            qsort(symbols->items + from, starts[i] - from, sizeof *symbols->items, by_value);
    sorting = NULL;
}

struct qmon__symbols *qmon__symbols_new(struct qmon__elf *const *files, size_t file_count,
                                        struct qmon__budget *budget) {
    struct qmon__symbols *symbols = calloc(1, sizeof *symbols);
    if (!symbols)
        return NULL;
    for (size_t i = 0; i < file_count; i++)
        if (files[i]) {
            add_table(symbols, files[i], SHT_SYMTAB);
            add_table(symbols, files[i], SHT_DYNSYM);
        }
    struct bounds bounds = measure(symbols, budget);
    if (budget->spent)
        goto fail;
    if (!bounds.count)
        return symbols;
    unsigned shift = bucket_shift(&bounds);
    size_t buckets = (size_t) ((bounds.high - bounds.low) >> shift) + 1;
    uint32_t *starts = calloc(buckets + 1, sizeof *starts);
    symbols->items = malloc(bounds.count * sizeof *symbols->items);
    if (!starts || !symbols->items) {
        free(starts);
        goto fail;
    }
    fill(symbols, &bounds, shift, starts);
    symbols->count = bounds.count;
    free(starts);
    return symbols;
fail:
    qmon__symbols_free(symbols);
    return NULL;
}

void qmon__symbols_free(struct qmon__symbols *symbols) {
    if (!symbols)
        return;
    free(symbols->items);
    free(symbols);
}

/* A symbol without a size reaches to the next one, in a table that leaves none out, and not beyond its section. */
static bool reaches(const struct qmon__symbols *symbols, const struct symbol *symbol, uint64_t address, bool nearest) {
    const struct table *table = &symbols->tables[symbol->table];
    uint64_t distance = address - symbol->value;
    GElf_Shdr section;
    if (symbol->bytes)
        return distance < symbol->bytes;
    if (!nearest || !table->full || !gelf_getshdr(elf_getscn(table->file->elf, symbol->section), &section))
        return false;
    return address >= section.sh_addr && address - section.sh_addr < section.sh_size;
}

const char *qmon__symbol_find(const struct qmon__symbols *symbols, uint64_t address, uint64_t *ret_entry) {
    size_t low = 0, high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->items[middle].value <= address)
            low = middle + 1;
        else
            high = middle;
    }
    const struct symbol *best = NULL; /* one that says how far it reaches goes before a mere label */
    for (size_t back = 1; back <= low && back <= BACK_MAX && !(best && best->bytes); back++) {
        const struct symbol *symbol = &symbols->items[low - back];
        const char *name = (symbol->bytes || !best) ? name_of(symbols, symbol) : NULL;
        if (name && *name && reaches(symbols, symbol, address, symbol->value == symbols->items[low - 1].value))
            best = symbol;
    }
    if (!best)
        return NULL;
    *ret_entry = best->value;
    return name_of(symbols, best);
}

bool qmon__symbol_named(const struct qmon__symbols *symbols, const char *name, uint64_t *ret_entry) {
    uint64_t entry = 0;
    for (size_t i = 0; i < symbols->count; i++) {
        const char *this = name_of(symbols, &symbols->items[i]);
        if (!this || strcmp(this, name) != 0 || symbols->items[i].value == entry)
            continue;
        if (entry)
            return false;
        entry = symbols->items[i].value;
    }
    *ret_entry = entry;
    return entry != 0;
}

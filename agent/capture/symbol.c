/*
 * Looking a symbol up in a loaded image without the loader: its locks may be held, and what we look for includes libc's
 * private symbols. Every read is of memory that the image itself describes, so all of it runs under a guard.
 */
#include <link.h>
#include <string.h>

#include "guard.h"
#include "modules.h"
#include "text.h"

struct tables {
    uintptr_t base;
    const uint32_t *hash;
    const ElfW(Sym) * symbols;
    const char *names;
    const ElfW(Half) * versions;
};

struct search {
    const struct qmon__image *image;
    const char *name;
    uintptr_t found;
    size_t bytes;
    bool unsure; /* what was found is a function that tells the address */
};

/* The loader has relocated these addresses in place, but for the vdso's. */
static uintptr_t relocated(uintptr_t bias, ElfW(Addr) value) {
    return value >= bias ? value : value + bias;
}

static bool read_tables(const ElfW(Dyn) * entry, uintptr_t bias, struct tables *ret_tables) {
    memset(ret_tables, 0, sizeof *ret_tables);
    ret_tables->base = bias;
    for (; entry->d_tag != DT_NULL; entry++) {
        const uintptr_t address = relocated(bias, entry->d_un.d_ptr);
        if (entry->d_tag == DT_GNU_HASH)
            ret_tables->hash = (const uint32_t *) address;
        else if (entry->d_tag == DT_SYMTAB)
            ret_tables->symbols = (const ElfW(Sym) *) address;
        else if (entry->d_tag == DT_STRTAB)
            ret_tables->names = (const char *) address;
        else if (entry->d_tag == DT_VERSYM)
            ret_tables->versions = (const ElfW(Half) *) address;
    }
    return ret_tables->hash != NULL && ret_tables->symbols != NULL && ret_tables->names != NULL;
}

static bool find_tables(const struct qmon__image *image, struct tables *ret_tables) {
    for (unsigned i = 0; i < image->header_count; i++)
        if (image->headers[i].p_type == PT_DYNAMIC)
            return read_tables((const ElfW(Dyn) *) (image->bias + image->headers[i].p_vaddr), image->bias, ret_tables);
    return false;
}

static uint32_t gnu_hash(const char *name) {
    uint32_t hash = 5381;
    for (; *name != '\0'; name++)
        hash = hash * 33 + (unsigned char) *name;
    return hash;
}

/* Layout of DT_GNU_HASH: bucket count, first symbol, bloom words, bloom shift; bloom; buckets; chains. */
static void search_tables(const struct tables *tables, struct search *search) {
    const uint32_t buckets = tables->hash[0], first = tables->hash[1], bloom_words = tables->hash[2];
    const uint32_t *bucket = (const uint32_t *) ((const ElfW(Addr) *) (tables->hash + 4) + bloom_words);
    const uint32_t hash = gnu_hash(search->name);
    uint32_t at = buckets != 0 ? bucket[hash % buckets] : 0;
    for (; at >= first && at != 0; at++) {
        const uint32_t chained = bucket[buckets + at - first];
        const ElfW(Sym) *symbol = &tables->symbols[at];
        if ((chained | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
            strcmp(tables->names + symbol->st_name, search->name) == 0) {
            const bool hidden = tables->versions != NULL && (tables->versions[at] & 0x8000) != 0;
            if (search->found == 0 || !hidden) {
                search->found = tables->base + symbol->st_value;
                search->bytes = symbol->st_size;
                search->unsure = ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC;
            }
        }
        if (chained & 1)
            break;
    }
}

static void search_now(void *argument) {
    struct search *search = argument;
    struct tables tables;
    if (find_tables(search->image, &tables))
        search_tables(&tables, search);
}

uintptr_t qmon__symbol_in(const struct qmon__image *image, const char *name, size_t *ret_bytes) {
    struct search search = {.image = image, .name = name};
    if (!qmon__guarded(search_now, &search, 0) || search.found == 0)
        return 0;
    if (ret_bytes != NULL)
        *ret_bytes = search.bytes;
    return search.found;
}

uintptr_t qmon__symbol(const char *prefix, const char *name, size_t *ret_bytes) {
    const size_t prefix_bytes = strlen(prefix);
    for (size_t i = 0; i < qmon__image_count(); i++) {
        const struct qmon__image *image = qmon__image_at(i);
        if (strncmp(qmon__base_name(qmon__image_path(image)), prefix, prefix_bytes) != 0)
            continue;
        const uintptr_t found = qmon__symbol_in(image, name, ret_bytes);
        if (found != 0)
            return found;
    }
    return 0;
}

uintptr_t qmon__symbol_of(const struct link_map *object, const char *name, bool *ret_unsure) {
    struct search search = {.name = name};
    struct tables tables;
    *ret_unsure = !read_tables(object->l_ld, object->l_addr, &tables);
    if (*ret_unsure)
        return 0;
    search_tables(&tables, &search);
    *ret_unsure = search.unsure;
    return search.found;
}

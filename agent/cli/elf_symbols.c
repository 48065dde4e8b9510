/*
 * Looks a few names up in a symbol table of any size, in fixed memory: first the places in the string table where a name
 * stands (a linker may let it share the tail of a longer one), then the symbols that point at such a place.
 */
#include "elf_facts.h"

#include <elf.h>
#include <string.h>

#define CHUNK_BYTES (64u * 1024u)
#define CHUNK_SYMBOLS 1024u
#define NAME_BYTES 32u /* longer names are not looked for */
#define PLACES 16u
#define MOST_TEXT_BYTES (512u * 1024u * 1024u)
#define MOST_SYMBOLS (16u * 1024u * 1024u)

struct places {
    uint32_t at[PLACES];
    uint8_t name[PLACES];
    unsigned count;
};

static void find_in_chunk(const char *chunk, size_t bytes, uint64_t base, const char *const *names, unsigned count,
                          struct places *places) {
    for (unsigned i = 0; i < count; i++) {
        size_t length = strlen(names[i]) + 1;
        const char *from = chunk, *hit;

        if (length > NAME_BYTES)
            continue;
        while (places->count < PLACES && (hit = memmem(from, bytes - (size_t) (from - chunk), names[i], length))) {
            places->at[places->count] = (uint32_t) (base + (uint64_t) (hit - chunk));
            places->name[places->count++] = (uint8_t) i;
            from = hit + 1;
        }
    }
}

static void find_places(const struct qmon__cli_bytes *source, uint64_t offset, uint64_t bytes, const char *const *names,
                        unsigned count, struct places *places) {
    char chunk[CHUNK_BYTES + NAME_BYTES];

    if (bytes > MOST_TEXT_BYTES)
        bytes = MOST_TEXT_BYTES;
    for (uint64_t base = 0; base < bytes; base += CHUNK_BYTES) {
        /* What lies in the overlap alone is found again as part of the next chunk; a name is shorter than the overlap. */
        size_t take = bytes - base < sizeof chunk ? (size_t) (bytes - base) : sizeof chunk;
        if (!source->read(source, offset + base, chunk, take))
            return;
        find_in_chunk(chunk, take, base, names, count, places);
    }
}

static uint32_t match(const Elf64_Sym *symbol, const struct places *places) {
    uint32_t found = 0;

    for (unsigned i = 0; i < places->count; i++)
        if (symbol->st_name == places->at[i])
            found |= 1u << (places->name[i] + (symbol->st_shndx == SHN_UNDEF ? 8 : 0));
    return found;
}

uint32_t qmon__cli_elf_symbols(const struct qmon__cli_bytes *source, uint64_t offset, uint64_t bytes,
                               uint64_t text_offset, uint64_t text_bytes, const char *const *names, unsigned count) {
    Elf64_Sym symbols[CHUNK_SYMBOLS];
    struct places places = {.count = 0};
    uint64_t total = bytes / sizeof *symbols;
    uint32_t found = 0;

    find_places(source, text_offset, text_bytes, names, count, &places);
    if (places.count == 0)
        return 0;
    if (total > MOST_SYMBOLS)
        total = MOST_SYMBOLS;
    for (uint64_t first = 0; first < total; first += CHUNK_SYMBOLS) {
        size_t take = total - first < CHUNK_SYMBOLS ? (size_t) (total - first) : CHUNK_SYMBOLS;
        if (!source->read(source, offset + first * sizeof *symbols, symbols, take * sizeof *symbols))
            break;
        for (size_t i = 0; i < take; i++)
            found |= match(&symbols[i], &places);
    }
    return found;
}

#include "unwind_table.h"

#include <elf.h>
#include <string.h>

#define MAPPINGS_BACK 32u /* a module's code begins not further than so many mappings behind its header */
#define HEADERS_MAX 64u
#define ENTRIES_MAX (64u << 20)

/* Of .eh_frame_hdr. */
enum {
    ENCODING_OMITTED = 0xff,
    ENCODING_SIZE = 0x0f,
    SORTED_TABLE = 0x3b /* signed 4 bytes, relative to the header */
};

static size_t encoded_bytes(unsigned char encoding) {
    switch (encoding == ENCODING_OMITTED ? ENCODING_OMITTED : encoding & ENCODING_SIZE) {
    case 0x00: /* an address */
    case 0x04:
    case 0x0c:
        return 8;
    case 0x03:
    case 0x0b:
        return 4;
    case 0x02:
    case 0x0a:
        return 2;
    default:
        return 0;
    }
}

static bool read_table(struct qmon__memory *memory, uint64_t header, uint64_t bytes,
                       struct qmon__unwind_table *ret_table) {
    unsigned char start[4]; /* version, encodings of: the pointer to .eh_frame, the count, the table */
    uint64_t count = 0;
    if (bytes < sizeof start || !qmon__memory_read(memory, header, start, sizeof start))
        return false;
    const size_t pointer = encoded_bytes(start[1]), number = encoded_bytes(start[2]);
    if (start[0] != 1 || pointer == 0 || number == 0 || start[3] != SORTED_TABLE ||
        !qmon__memory_read(memory, header + sizeof start + pointer, &count, number))
        return false;
    const uint64_t before = sizeof start + pointer + number;
    if (count > ENTRIES_MAX || before + count * 8 > bytes)
        return false;
    ret_table->header = header;
    ret_table->entries = header + before;
    ret_table->count = count;
    return true;
}

/* Whether the module whose header stands at `base` has code at the address, and with which table. */
static bool try_module(struct qmon__memory *memory, uint64_t base, uint64_t address,
                       struct qmon__unwind_table *ret_table) {
    Elf64_Ehdr header;
    Elf64_Phdr segments[HEADERS_MAX], *code = NULL, *table = NULL;
    uint64_t bias = 0;
    bool has_bias = false;
    if (!qmon__memory_read(memory, base, &header, sizeof header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof *segments ||
        header.e_phnum > HEADERS_MAX ||
        !qmon__memory_read(memory, base + header.e_phoff, segments, header.e_phnum * sizeof *segments))
        return false;
    for (size_t i = 0; i < header.e_phnum && !has_bias; i++)
        if (segments[i].p_type == PT_LOAD && segments[i].p_offset == 0) {
            bias = base - segments[i].p_vaddr;
            has_bias = true;
        }
    for (size_t i = 0; i < header.e_phnum; i++) {
        if (segments[i].p_type == PT_LOAD && (segments[i].p_flags & PF_X) != 0 &&
            address - bias - segments[i].p_vaddr < segments[i].p_memsz)
            code = &segments[i];
        if (segments[i].p_type == PT_GNU_EH_FRAME)
            table = &segments[i];
    }
    if (!has_bias || code == NULL)
        return false;
    *ret_table = (struct qmon__unwind_table){.code_start = bias + code->p_vaddr,
                                             .code_end = bias + code->p_vaddr + code->p_memsz};
    if (table != NULL)
        read_table(memory, bias + table->p_vaddr, table->p_memsz, ret_table);
    return true;
}

bool qmon__unwind_table_find(struct qmon__memory *memory, uint64_t address, struct qmon__unwind_table *ret_table) {
    uint64_t start = qmon__memory_start(memory, address);
    for (unsigned i = 0; i < MAPPINGS_BACK && start != 0; i++) {
        unsigned char magic[SELFMAG];
        if (qmon__memory_read(memory, start, magic, sizeof magic) && memcmp(magic, ELFMAG, SELFMAG) == 0)
            return try_module(memory, start, address, ret_table);
        start = qmon__memory_start_before(memory, start);
    }
    return false;
}

/*
 * elf_plt.c: the stubs through which a file calls other libraries. They have no symbols; each jumps to what a slot holds, and
 * the relocation of that slot says for which function it is.
 */
#include <gelf.h>
#include <stdio.h>

#include "elf_file.h"

#define STUB_BYTES 16u
#define RELOCATIONS_MAX 1000000u

/* The bytes of the stub that holds an address; empty: it is in none. */
static struct qmon__bytes find_stub(struct qmon__elf *elf, uint64_t address, uint64_t *ret_start) {
    size_t names;
    Elf_Scn *section = NULL;
    if (elf->machine != EM_X86_64 || elf_getshdrstrndx(elf->elf, &names))
        return (struct qmon__bytes){0};
    while ((section = elf_nextscn(elf->elf, section))) {
        GElf_Shdr header;
        const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf->elf, names, header.sh_name) : NULL;
        if (!name || strncmp(name, ".plt", 4) || header.sh_type != SHT_PROGBITS || address < header.sh_addr ||
            address - header.sh_addr >= header.sh_size)
            continue;
        const uint64_t bytes =
            header.sh_entsize >= 8 && header.sh_entsize <= STUB_BYTES ? header.sh_entsize : STUB_BYTES;
        const uint64_t offset = (address - header.sh_addr) / bytes * bytes;
        Elf_Data *data = elf_rawdata(section, NULL);
        if (!data || !data->d_buf || offset > data->d_size || bytes > data->d_size - offset)
            break;
        *ret_start = header.sh_addr + offset;
        return (struct qmon__bytes){(const unsigned char *) data->d_buf + offset, bytes};
    }
    return (struct qmon__bytes){0};
}

/* Where `jmp *slot(%rip)` takes its target from. */
static bool find_slot(struct qmon__bytes stub, uint64_t start, uint64_t *ret_slot) {
    for (size_t i = 0; i + 6 <= stub.count; i++) {
        int32_t distance;
        if (stub.at[i] != 0xff || stub.at[i + 1] != 0x25)
            continue;
        memcpy(&distance, stub.at + i + 2, sizeof distance);
        *ret_slot = start + i + 6 + (uint64_t) (int64_t) distance;
        return true;
    }
    return false;
}

static const char *symbol_name(struct qmon__elf *elf, const GElf_Shdr *relocations, uint64_t index) {
    Elf_Scn *symbols = elf_getscn(elf->elf, relocations->sh_link);
    GElf_Shdr header;
    GElf_Sym symbol;
    Elf_Data *data = symbols && gelf_getshdr(symbols, &header) ? elf_getdata(symbols, NULL) : NULL;
    if (!data || index > INT32_MAX || !gelf_getsym(data, (int) index, &symbol))
        return NULL;
    return elf_strptr(elf->elf, header.sh_link, symbol.st_name);
}

/* The function whose address the loader puts into a slot. */
static bool slot_name(struct qmon__elf *elf, uint64_t slot, char *ret_name, size_t bytes) {
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf->elf, section))) {
        GElf_Shdr header;
        Elf_Data *data = NULL;
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_RELA && header.sh_entsize == sizeof(Elf64_Rela))
            data = elf_getdata(section, NULL);
        for (size_t i = 0; data && i < data->d_size / sizeof(Elf64_Rela) && i < RELOCATIONS_MAX; i++) {
            GElf_Rela relocation;
            if (!gelf_getrela(data, (int) i, &relocation) || relocation.r_offset != slot)
                continue;
            const char *name = symbol_name(elf, &header, GELF_R_SYM(relocation.r_info));
            const int length = name && *name ? snprintf(ret_name, bytes, "%s", name) : 0;
            return length > 0 && (size_t) length < bytes;
        }
    }
    return false;
}

bool qmon__plt_name(struct qmon__elf *elf, uint64_t address, uint64_t *ret_start, char *ret_name, size_t bytes) {
    uint64_t slot;
    struct qmon__bytes stub = find_stub(elf, address, ret_start);
    return stub.count && find_slot(stub, *ret_start, &slot) && slot_name(elf, slot, ret_name, bytes);
}

/* The bytes before an address. */
static const unsigned char *code_before(const struct qmon__elf *elf, uint64_t address, size_t bytes) {
    for (size_t i = 0; i < elf->load_count; i++) {
        const Elf64_Phdr *load = &elf->loads[i];
        uint64_t distance = address - bytes - load->p_vaddr, end;
        if ((load->p_flags & PF_X) && distance <= load->p_filesz && load->p_filesz - distance >= bytes &&
            !__builtin_add_overflow(load->p_offset, distance, &end) && end <= elf->bytes && elf->bytes - end >= bytes)
            return (const unsigned char *) elf->image + end;
    }
    return NULL;
}

bool qmon__called_name(struct qmon__elf *elf, uint64_t returns_to, char *ret_name, size_t bytes) {
    const unsigned char *code = elf->machine == EM_X86_64 ? code_before(elf, returns_to, 6) : NULL;
    uint64_t start;
    int32_t distance;
    if (!code)
        return false;
    memcpy(&distance, code + 2, sizeof distance);
    uint64_t target = returns_to + (uint64_t) (int64_t) distance;
    if (code[0] == 0xff && code[1] == 0x15) /* call *slot(%rip) */
        return slot_name(elf, target, ret_name, bytes);
    return code[1] == 0xe8 && qmon__plt_name(elf, target, &start, ret_name, bytes);
}

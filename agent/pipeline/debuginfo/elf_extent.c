/*
 * elf_extent.c: where the code of a function begins and ends, from the table that the unwinder searches (.eh_frame_hdr): it is
 * sorted, and in every program that can throw or be unwound, stripped or not. A part that the compiler moved away (".cold") has
 * an entry of its own.
 */
#include <gelf.h>

#include "elf_file.h"

#define TABLE_ENCODING 0x3b /* DW_EH_PE_datarel | DW_EH_PE_sdata4: the only one that can be searched */
#define NEAR_ENCODING 0x1b  /* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
#define OMITTED 0xff
#define ENTRY_BYTES 8u

/* What the file has of memory from an address on, to the end of the segment. */
static struct qmon__bytes bytes_from(const struct qmon__elf *elf, uint64_t address) {
    for (size_t i = 0; i < elf->load_count; i++) {
        const Elf64_Phdr *load = &elf->loads[i];
        uint64_t distance = address - load->p_vaddr;
        if (address < load->p_vaddr || distance >= load->p_filesz || load->p_offset > elf->bytes ||
            load->p_filesz > elf->bytes - load->p_offset)
            continue;
        return (struct qmon__bytes){(const unsigned char *) elf->image + load->p_offset + distance,
                                    load->p_filesz - distance};
    }
    return (struct qmon__bytes){0};
}

static int64_t signed_four(struct qmon__cursor *cursor) {
    return (int32_t) qmon__cursor_u32(cursor);
}

static uint64_t find_table(const struct qmon__elf *elf) {
    size_t count = 0;
    GElf_Phdr segment;
    if (elf_getphdrnum(elf->elf, &count))
        return 0;
    for (size_t i = 0; i < count && i < UINT16_MAX && gelf_getphdr(elf->elf, (int) i, &segment); i++)
        if (segment.p_type == PT_GNU_EH_FRAME)
            return segment.p_vaddr;
    return 0;
}

/* The address of the entry (FDE) of the function at an address; 0: there is none. */
static uint64_t find_entry(const struct qmon__elf *elf, uint64_t address) {
    const uint64_t head = find_table(elf);
    const struct qmon__bytes bytes = head ? bytes_from(elf, head) : (struct qmon__bytes){0};
    struct qmon__cursor cursor = qmon__cursor_at(bytes, 0);
    const bool known = qmon__cursor_u8(&cursor) == 1 && qmon__cursor_u8(&cursor) == NEAR_ENCODING &&
                       qmon__cursor_u8(&cursor) == 3 /* DW_EH_PE_udata4 */ &&
                       qmon__cursor_u8(&cursor) == TABLE_ENCODING;
    qmon__cursor_skip(&cursor, 4);
    size_t low = 0, high = qmon__cursor_u32(&cursor);
    if (!known || cursor.bad || high > qmon__cursor_left(&cursor) / ENTRY_BYTES)
        return 0;
    const size_t first = bytes.count - qmon__cursor_left(&cursor);
    const int64_t wanted = (int64_t) (address - head);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        cursor = qmon__cursor_at(bytes, first + middle * ENTRY_BYTES);
        if (signed_four(&cursor) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return 0;
    cursor = qmon__cursor_at(bytes, first + (low - 1) * ENTRY_BYTES + 4);
    return head + (uint64_t) signed_four(&cursor);
}

static void skip_pointer(struct qmon__cursor *cursor, uint8_t encoding) {
    static const uint8_t sizes[8] = {8, 0, 2, 4, 8, 0, 0, 0};
    if (sizes[encoding & 7])
        qmon__cursor_skip(cursor, sizes[encoding & 7]);
    else
        qmon__cursor_skip_leb(cursor);
}

/* Does the description that entries share (CIE) say that their addresses are 4 bytes, and relative? */
static bool has_near_addresses(const struct qmon__elf *elf, uint64_t address) {
    struct qmon__cursor cursor = qmon__cursor_at(bytes_from(elf, address), 0);
    const uint32_t length = qmon__cursor_u32(&cursor), id = qmon__cursor_u32(&cursor);
    const uint8_t version = qmon__cursor_u8(&cursor);
    const char *augmentation = qmon__cursor_string(&cursor);
    if (!length || length == UINT32_MAX || id || (version != 1 && version != 3) || !augmentation ||
        *augmentation++ != 'z')
        return false;
    qmon__cursor_skip_leb(&cursor); /* alignment of code, of data, the return address, the length of what follows */
    qmon__cursor_skip_leb(&cursor);
    if (version == 1)
        qmon__cursor_skip(&cursor, 1);
    else
        qmon__cursor_skip_leb(&cursor);
    qmon__cursor_skip_leb(&cursor);
    for (; *augmentation; augmentation++) {
        if (*augmentation == 'R')
            return qmon__cursor_u8(&cursor) == NEAR_ENCODING;
        const uint8_t encoding = *augmentation == 'P' || *augmentation == 'L' ? qmon__cursor_u8(&cursor) : OMITTED;
        if (*augmentation == 'P')
            skip_pointer(&cursor, encoding);
    }
    return false;
}

bool qmon__elf_extent(const struct qmon__elf *elf, uint64_t address, uint64_t *ret_low, uint64_t *ret_high) {
    const uint64_t entry = find_entry(elf, address);
    struct qmon__cursor cursor = qmon__cursor_at(entry ? bytes_from(elf, entry) : (struct qmon__bytes){0}, 0);
    const uint32_t length = qmon__cursor_u32(&cursor), back = qmon__cursor_u32(&cursor);
    const uint64_t low = entry + 8 + (uint64_t) signed_four(&cursor), bytes = qmon__cursor_u32(&cursor);
    if (cursor.bad || !length || length == UINT32_MAX || !back || !has_near_addresses(elf, entry + 4 - back))
        return false;
    if (address < low || address - low >= bytes)
        return false;
    *ret_low = low;
    *ret_high = low + bytes;
    return true;
}

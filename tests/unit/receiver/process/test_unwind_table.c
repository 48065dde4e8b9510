#include <criterion/criterion.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind_table.h"

struct wanted {
    uint64_t address, header;
};

static int find_header(struct dl_phdr_info *info, size_t bytes, void *context) {
    struct wanted *wanted = context;
    uint64_t header = 0;
    bool has = false;
    (void) bytes;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_GNU_EH_FRAME)
            header = info->dlpi_addr + segment->p_vaddr;
        has |= segment->p_type == PT_LOAD && wanted->address - info->dlpi_addr - segment->p_vaddr < segment->p_memsz;
    }
    if (has)
        wanted->header = header;
    return has;
}

static void expect_table(const void *code) {
    struct wanted wanted = {.address = (uintptr_t) code};
    struct qmon__memory *memory = qmon__memory_open((uint32_t) getpid());
    struct qmon__unwind_table table;
    dl_iterate_phdr(find_header, &wanted);
    cr_assert(qmon__unwind_table_find(memory, wanted.address, &table));
    cr_expect_eq(table.header, wanted.header);
    cr_expect(table.count > 10 && table.code_start <= wanted.address && wanted.address < table.code_end);
    /* sorted, relative to the header: the first functions of the table */
    const int32_t *entries = (const int32_t *) (uintptr_t) table.entries;
    cr_expect_lt(entries[0], entries[2]);
    cr_expect_geq(table.header + (uint64_t) (int64_t) entries[0], table.code_start - 4096);
    qmon__memory_close(memory);
}

Test(unwind_table, of_a_library_is_the_one_that_the_loader_knows, .timeout = 10) {
    void *(*code)(size_t) = malloc;
    expect_table(*(const void **) &code);
}

Test(unwind_table, of_the_program_is_the_one_that_the_loader_knows, .timeout = 10) {
    void (*code)(const void *) = expect_table;
    expect_table(*(const void **) &code);
}

Test(unwind_table, there_is_none_outside_of_modules, .timeout = 10) {
    struct qmon__memory *memory = qmon__memory_open((uint32_t) getpid());
    struct qmon__unwind_table table;
    char *heap = malloc(64);
    cr_expect_not(qmon__unwind_table_find(memory, (uintptr_t) heap, &table));
    cr_expect_not(qmon__unwind_table_find(memory, 16, &table));
    free(heap);
    qmon__memory_close(memory);
}

Test(unwind_table, a_header_that_lies_is_not_believed, .timeout = 10) {
    const size_t bytes = 8192;
    unsigned char *fake = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    Elf64_Ehdr header = {.e_phoff = sizeof header, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
    Elf64_Phdr segments[2] = {
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_memsz = bytes},
        {.p_type = PT_GNU_EH_FRAME, .p_vaddr = 4096, .p_memsz = 64},
    };
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    memcpy(fake, &header, sizeof header);
    memcpy(fake + sizeof header, segments, sizeof segments);
    memcpy(fake + 4096, (const unsigned char[]){1, 0x1b, 3, 0x3b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f}, 12);
    struct qmon__memory *memory = qmon__memory_open((uint32_t) getpid());
    struct qmon__unwind_table table;
    cr_assert(qmon__unwind_table_find(memory, (uintptr_t) fake + 100, &table));
    cr_expect_eq(table.count, 0, "more entries than there is room for");
    fake[8 + 4096] = 2;
    memset(fake + 4096 + 9, 0, 3);
    qmon__memory_close(memory);
    memory = qmon__memory_open((uint32_t) getpid());
    cr_assert(qmon__unwind_table_find(memory, (uintptr_t) fake + 100, &table));
    cr_expect_eq(table.count, 2);
    qmon__memory_close(memory);
    munmap(fake, bytes);
}

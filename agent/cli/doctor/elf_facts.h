/*
 * elf_facts.h: what a program's ELF file says about whether the agent can be loaded into it, and what it would see there. The
 * file is untrusted: every offset and count is checked against its size, every loop is bounded.
 */
#ifndef QMON_CLI_ELF_FACTS_H
#define QMON_CLI_ELF_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMON_ELF_NAME_BYTES 256u

/* Where the bytes come from: a file, or memory. */
struct qmon__cli_bytes {
    /* Fills buffer with exactly `bytes` bytes from `offset`; false when that is not possible. Offsets are within size. */
    bool (*read)(const struct qmon__cli_bytes *source, uint64_t offset, void *buffer, size_t bytes);
    uint64_t size;
    const void *memory; /* qmon__cli_bytes_of_memory */
    int fd;             /* qmon__cli_bytes_of_file */
};

struct qmon__cli_bytes qmon__cli_bytes_of_memory(const void *memory, size_t bytes);
struct qmon__cli_bytes qmon__cli_bytes_of_file(int fd, uint64_t size);

struct qmon__cli_elf {
    unsigned bits; /* 32 or 64 */
    bool big_endian;
    uint16_t machine;                      /* EM_... */
    uint16_t type;                         /* ET_... */
    char interpreter[QMON_ELF_NAME_BYTES]; /* the dynamic loader; empty: statically linked */
    bool sanitizer;                        /* built with one, in whichever way it is linked */
    bool musl;
    bool go;
    bool own_report; /* defines qmon_report itself */
    bool symbols;    /* has .symtab */
    bool lines;      /* has DWARF, or says where it is kept apart */
};

/* 0 and *ret_elf; -ENOEXEC: not an ELF file; -EBADMSG: damaged, *ret_problem (static) says where. A file for another
 * machine, class or byte order is 0, with only bits, big_endian, machine and type filled. */
int qmon__cli_elf_inspect(const struct qmon__cli_bytes *source, struct qmon__cli_elf *ret_elf,
                          const char **ret_problem);

/* EM_... and bits of the machine that this was built for. */
uint16_t qmon__cli_elf_native_machine(void);
/* "x86-64", "AArch64", "i386", ...; NULL for one it has no name for. */
const char *qmon__cli_elf_machine_name(uint16_t machine);

/* --- elf_symbols.c --- */
/* Which of `names` (up to 8) the symbol table at [offset, offset + bytes) with the string table at [text_offset, +text_bytes)
 * has: bit i of the result for a defined names[i], bit 8 + i for an undefined one. */
uint32_t qmon__cli_elf_symbols(const struct qmon__cli_bytes *source, uint64_t offset, uint64_t bytes,
                               uint64_t text_offset, uint64_t text_bytes, const char *const *names, unsigned count);

#endif

/*
 * elf_file.h: one ELF file, mapped and read with care: sizes and offsets in it are believed only where the file bears them
 * out. 64-bit little-endian files: those are what a preloaded agent can be inside of.
 */
#ifndef QMON_PIPELINE_ELF_FILE_H
#define QMON_PIPELINE_ELF_FILE_H

#include <elf.h>
#include <libelf.h>
#include <stdbool.h>
#include <sys/types.h>

#include "budget.h"
#include "dwarf_cursor.h"

#define QMON__BUILD_ID_TEXT 65 /* 32 bytes in hexadecimal, and NUL */
#define QMON__SECTION_BYTES_MAX (4ull << 30)

struct qmon__elf {
    Elf *elf;
    void *image; /* mapped, or allocated; owned */
    size_t bytes;
    bool mapped;
    Elf64_Phdr *loads; /* PT_LOAD segments */
    size_t load_count;
    uint16_t type, machine;
    char build_id[QMON__BUILD_ID_TEXT]; /* "" none */
    uint64_t inflate_max;               /* a compressed section that is larger is not read */
    bool too_large;                     /* there was one */
    const char *unreadable;             /* static: why a compressed section could not be read; NULL they could */
    struct qmon__inflated *inflated;    /* elf_inflate.c */
    dev_t device;
    ino_t inode;
};

/* Opens a regular file; O_NONBLOCK, so that no device or pipe holds us up. 0, or negative errno: -ENOEXEC it is no ELF file
 * of ours. */
int qmon__elf_open(const char *path, struct qmon__elf **ret_elf);
/* The same of an image in memory, allocated with malloc, which is taken over (and freed when it fails). */
int qmon__elf_open_image(void *image, size_t bytes, struct qmon__elf **ret_elf);
void qmon__elf_close(struct qmon__elf *elf);

/* The address that the file gives to the byte at this offset of it. */
bool qmon__elf_address(const struct qmon__elf *elf, uint64_t file_offset, uint64_t *ret_address);
bool qmon__elf_executable_at(const struct qmon__elf *elf, uint64_t address);

/* --- elf_extent.c: the code of the function at an address, or the part of it that is there, as the unwinder's table says. False:
 * it does not. */
bool qmon__elf_extent(const struct qmon__elf *elf, uint64_t address, uint64_t *ret_low, uint64_t *ret_high);

/* A section's bytes, decompressed where need be (".zdebug_" too); empty when it is not there or damaged. Lives as long as
 * the file. */
struct qmon__bytes qmon__elf_section(struct qmon__elf *elf, const char *name);
bool qmon__elf_has_section(struct qmon__elf *elf, const char *name); /* compressed or not */
Elf_Scn *qmon__elf_section_of_type(struct qmon__elf *elf, uint32_t type);

/* --- elf_inflate.c: what a compressed section holds, by zlib or zstd; made once, and kept as long as the file. Empty: it
 * is damaged, larger than inflate_max, or compressed in a way that is not at hand (`unreadable`). `was_renamed`: in the old
 * way, as ".zdebug_". */
struct qmon__bytes qmon__elf_inflate(struct qmon__elf *elf, struct qmon__bytes packed, bool was_renamed);
void qmon__elf_free_inflated(struct qmon__elf *elf);

/* --- elf_plt.c: the function that the stub at this address calls, as the linker says it; *ret_start: where the stub begins.
 * False: there is no stub, or it cannot be told. */
bool qmon__plt_name(struct qmon__elf *elf, uint64_t address, uint64_t *ret_start, char *ret_name, size_t bytes);
/* The function of another library that the call before this address goes to, in the same way. */
bool qmon__called_name(struct qmon__elf *elf, uint64_t returns_to, char *ret_name, size_t bytes);

/* --- elf_debug.c: the files that hold what was taken out of this one. */
struct qmon__places_to_look {
    const char *path;   /* of the module, as the process sees it */
    const char *prefix; /* put before every path: "" or "/proc/PID/root" */
};
/* NULL: none that belongs to this file. ret_path is where it was found. */
struct qmon__elf *qmon__debug_file_open(struct qmon__elf *elf, const struct qmon__places_to_look *where, char *ret_path,
                                        size_t path_bytes);
/* From a debuginfod server, where one is configured. */
struct qmon__elf *qmon__debug_file_fetch(struct qmon__elf *elf, const struct qmon__budget *budget, char *ret_path,
                                         size_t path_bytes);
/* The supplementary file that several debug files share (made by dwz). */
struct qmon__elf *qmon__debug_alternate_open(struct qmon__elf *debug, const char *debug_path, const char *prefix);
/* The symbols in .gnu_debugdata. */
struct qmon__elf *qmon__debug_mini_open(struct qmon__elf *elf);

#endif

#include "elf_facts.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MOST_PROGRAM_HEADERS 1024u
#define MOST_SECTIONS 65535u
#define MOST_DYNAMIC 4096u
#define MOST_SYMBOL_TABLES 4u

static bool read_memory(const struct qmon__cli_bytes *source, uint64_t offset, void *buffer, size_t bytes) {
    memcpy(buffer, (const char *) source->memory + offset, bytes);
    return true;
}

static bool read_fd(const struct qmon__cli_bytes *source, uint64_t offset, void *buffer, size_t bytes) {
    for (size_t got = 0; got < bytes;) {
        ssize_t n = pread(source->fd, (char *) buffer + got, bytes - got, (off_t) (offset + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        got += (size_t) n;
    }
    return true;
}

struct qmon__cli_bytes qmon__cli_bytes_of_memory(const void *memory, size_t bytes) {
    return (struct qmon__cli_bytes){.read = read_memory, .size = bytes, .memory = memory, .fd = -1};
}

struct qmon__cli_bytes qmon__cli_bytes_of_file(int fd, uint64_t size) {
    return (struct qmon__cli_bytes){.read = read_fd, .size = size, .fd = fd};
}

static bool within(uint64_t size, uint64_t offset, uint64_t bytes) {
    return offset <= size && bytes <= size - offset;
}

static bool read_at(const struct qmon__cli_bytes *source, uint64_t offset, void *buffer, size_t bytes) {
    return within(source->size, offset, bytes) && source->read(source, offset, buffer, bytes);
}

/* A string in [offset, end), cut to the buffer. */
static bool read_name(const struct qmon__cli_bytes *source, uint64_t offset, uint64_t end, char *ret_name,
                      size_t bytes) {
    if (end > source->size)
        end = source->size;
    if (offset >= end)
        return false;
    if (bytes - 1 > end - offset)
        bytes = (size_t) (end - offset) + 1;
    if (!read_at(source, offset, ret_name, bytes - 1))
        return false;
    ret_name[bytes - 1] = '\0';
    return true;
}

static uint64_t file_offset_of(const struct qmon__cli_bytes *source, const Elf64_Ehdr *header, uint64_t address) {
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        if (read_at(source, header->e_phoff + (uint64_t) i * sizeof segment, &segment, sizeof segment) &&
            segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
            return segment.p_offset + (address - segment.p_vaddr);
    }
    return UINT64_MAX;
}

static bool is_sanitizer(const char *library) {
    static const char *const names[] = {"libasan.so",   "libtsan.so",       "libmsan.so",       "liblsan.so",
                                        "libhwasan.so", "libclang_rt.asan", "libclang_rt.tsan", "libclang_rt.hwasan"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(library, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void note_library(struct qmon__cli_elf *elf, const char *name) {
    if (strncmp(name, "libc.musl-", 10) == 0)
        elf->musl = true;
    elf->sanitizer |= is_sanitizer(name);
}

static void read_dynamic(const struct qmon__cli_bytes *source, const Elf64_Ehdr *header, const Elf64_Phdr *segment,
                         struct qmon__cli_elf *elf) {
    uint64_t count = segment->p_filesz / sizeof(Elf64_Dyn), text = 0, text_bytes = 0;

    if (count > MOST_DYNAMIC)
        count = MOST_DYNAMIC;
    for (int pass = 0; pass < 2; pass++) {
        for (uint64_t i = 0; i < count; i++) {
            Elf64_Dyn entry;
            char name[QMON_ELF_NAME_BYTES];

            if (!read_at(source, segment->p_offset + i * sizeof entry, &entry, sizeof entry) || entry.d_tag == DT_NULL)
                break;
            if (pass == 0 && entry.d_tag == DT_STRTAB)
                text = file_offset_of(source, header, entry.d_un.d_ptr);
            if (pass == 0 && entry.d_tag == DT_STRSZ)
                text_bytes = entry.d_un.d_val;
            if (pass == 1 && entry.d_tag == DT_NEEDED && entry.d_un.d_val < text_bytes &&
                read_name(source, text + entry.d_un.d_val, text + text_bytes, name, sizeof name))
                note_library(elf, name);
        }
        if (!within(source->size, text, text_bytes))
            return;
    }
}

static const char *read_segments(const struct qmon__cli_bytes *source, const Elf64_Ehdr *header,
                                 struct qmon__cli_elf *elf) {
    if (header->e_phnum > MOST_PROGRAM_HEADERS || header->e_phentsize != sizeof(Elf64_Phdr) ||
        !within(source->size, header->e_phoff, (uint64_t) header->e_phnum * sizeof(Elf64_Phdr)))
        return "its program headers lie outside the file";
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        if (!read_at(source, header->e_phoff + (uint64_t) i * sizeof segment, &segment, sizeof segment))
            return "its program headers cannot be read";
        if (segment.p_type == PT_INTERP) {
            if (!within(source->size, segment.p_offset, segment.p_filesz) ||
                !read_name(source, segment.p_offset, segment.p_offset + segment.p_filesz, elf->interpreter,
                           sizeof elf->interpreter) ||
                !elf->interpreter[0])
                return "the name of its dynamic loader lies outside the file";
        }
        if (segment.p_type == PT_DYNAMIC && within(source->size, segment.p_offset, segment.p_filesz))
            read_dynamic(source, header, &segment, elf);
    }
    if (strstr(elf->interpreter, "ld-musl"))
        elf->musl = true;
    return NULL;
}

static bool section_at(const struct qmon__cli_bytes *source, const Elf64_Ehdr *header, uint64_t index,
                       Elf64_Shdr *ret_section) {
    uint64_t offset;

    return header->e_shentsize == sizeof *ret_section && index < MOST_SECTIONS &&
           !__builtin_add_overflow(header->e_shoff, index * sizeof *ret_section, &offset) &&
           read_at(source, offset, ret_section, sizeof *ret_section);
}

static void read_symbols(const struct qmon__cli_bytes *source, const Elf64_Ehdr *header, const Elf64_Shdr *section,
                         struct qmon__cli_elf *elf) {
    static const char *const names[] = {"qmon_report", "__asan_init", "__tsan_init", "__msan_init", "__hwasan_init"};
    Elf64_Shdr text;
    uint32_t found;

    if (section->sh_entsize != sizeof(Elf64_Sym) || !section_at(source, header, section->sh_link, &text) ||
        !within(source->size, section->sh_offset, section->sh_size) ||
        !within(source->size, text.sh_offset, text.sh_size))
        return;
    found = qmon__cli_elf_symbols(source, section->sh_offset, section->sh_size, text.sh_offset, text.sh_size, names,
                                  sizeof names / sizeof *names);
    elf->own_report |= found & 1;
    elf->sanitizer |= (found & 0x1e1e) != 0;
}

static void note_section(const char *name, const Elf64_Shdr *section, struct qmon__cli_elf *elf) {
    if (section->sh_type == SHT_SYMTAB)
        elf->symbols = true;
    if (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0 || strcmp(name, ".gnu_debuglink") == 0)
        elf->lines = true;
    if (strcmp(name, ".go.buildinfo") == 0 || strcmp(name, ".note.go.buildid") == 0)
        elf->go = true;
}

static void read_sections(const struct qmon__cli_bytes *source, const Elf64_Ehdr *header, struct qmon__cli_elf *elf) {
    uint64_t count = header->e_shnum, names_index = header->e_shstrndx;
    Elf64_Shdr section, names = {0};
    unsigned tables = 0;

    if (header->e_shoff == 0 || !section_at(source, header, 0, &section))
        return;
    if (count == 0)
        count = section.sh_size;
    if (names_index == SHN_XINDEX)
        names_index = section.sh_link;
    if (count > MOST_SECTIONS)
        count = MOST_SECTIONS;
    if (!section_at(source, header, names_index, &names) || !within(source->size, names.sh_offset, names.sh_size))
        names.sh_size = 0;
    for (uint64_t i = 1; i < count && section_at(source, header, i, &section); i++) {
        char name[32] = "";
        if (section.sh_name < names.sh_size)
            read_name(source, names.sh_offset + section.sh_name, names.sh_offset + names.sh_size, name, sizeof name);
        note_section(name, &section, elf);
        if ((section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM) && tables++ < MOST_SYMBOL_TABLES)
            read_symbols(source, header, &section, elf);
    }
}

uint16_t qmon__cli_elf_native_machine(void) {
#if defined(__x86_64__)
    return EM_X86_64;
#else
    return EM_AARCH64;
#endif
}

const char *qmon__cli_elf_machine_name(uint16_t machine) {
    switch (machine) {
    case EM_X86_64:
        return "x86-64";
    case EM_AARCH64:
        return "AArch64";
    case EM_386:
        return "i386";
    case EM_ARM:
        return "ARM";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "PowerPC 64";
    case EM_S390:
        return "S/390";
    case EM_MIPS:
        return "MIPS";
    default:
        return NULL;
    }
}

int qmon__cli_elf_inspect(const struct qmon__cli_bytes *source, struct qmon__cli_elf *ret_elf,
                          const char **ret_problem) {
    struct qmon__cli_elf elf = {0};
    Elf64_Ehdr header;
    const char *problem = NULL;
    unsigned char ident[EI_NIDENT + 4];

    if (!read_at(source, 0, ident, sizeof ident) || memcmp(ident, ELFMAG, SELFMAG) != 0)
        return -ENOEXEC;
    elf.bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    elf.big_endian = ident[EI_DATA] == ELFDATA2MSB;
    elf.type = (uint16_t) (elf.big_endian ? ident[16] << 8 | ident[17] : ident[17] << 8 | ident[16]);
    elf.machine = (uint16_t) (elf.big_endian ? ident[18] << 8 | ident[19] : ident[19] << 8 | ident[18]);
    if (elf.bits == 64 && !elf.big_endian && elf.machine == qmon__cli_elf_native_machine()) {
        if (!read_at(source, 0, &header, sizeof header))
            problem = "it ends within its header";
        else
            problem = read_segments(source, &header, &elf);
        if (problem) {
            *ret_problem = problem;
            return -EBADMSG;
        }
        read_sections(source, &header, &elf);
    }
    *ret_elf = elf;
    return 0;
}

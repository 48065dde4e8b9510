/* elf_file.c: see elf_file.h. */
#include "elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOADS_MAX 1024u
#define PAGE_BYTES 4096u

static void take_notes(struct qmon__elf *elf, struct qmon__bytes notes) {
    struct qmon__cursor cursor = qmon__cursor_at(notes, 0);
    while (!cursor.bad && qmon__cursor_left(&cursor) >= sizeof(Elf64_Nhdr) && !*elf->build_id) {
        uint64_t name_bytes = qmon__cursor_u32(&cursor), bytes = qmon__cursor_u32(&cursor);
        uint32_t type = qmon__cursor_u32(&cursor);
        const unsigned char *name = cursor.at;
        qmon__cursor_skip(&cursor, (name_bytes + 3) & ~3ull);
        const unsigned char *id = cursor.at;
        qmon__cursor_skip(&cursor, bytes);
        if (cursor.bad)
            return;
        qmon__cursor_skip(&cursor, (4 - bytes % 4) % 4);
        if (type != NT_GNU_BUILD_ID || name_bytes != 4 || memcmp(name, "GNU", 4) || !bytes ||
            bytes > QMON__BUILD_ID_TEXT / 2)
            continue;
        for (uint64_t i = 0; i < bytes; i++)
            snprintf(elf->build_id + 2 * i, 3, "%02x", id[i]);
    }
}

static struct qmon__bytes file_bytes(const struct qmon__elf *elf, uint64_t offset, uint64_t bytes) {
    if (offset > elf->bytes || bytes > elf->bytes - offset)
        return (struct qmon__bytes){0};
    return (struct qmon__bytes){(const unsigned char *) elf->image + offset, bytes};
}

static int read_segments(struct qmon__elf *elf) {
    size_t count = 0;
    if (elf_getphdrnum(elf->elf, &count) || count > UINT16_MAX)
        return -ENOEXEC;
    elf->loads = calloc(count < LOADS_MAX ? count + 1 : LOADS_MAX, sizeof *elf->loads);
    if (!elf->loads)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (!gelf_getphdr(elf->elf, (int) i, &segment))
            break;
        if (segment.p_type == PT_LOAD && elf->load_count < LOADS_MAX)
            elf->loads[elf->load_count++] = segment;
        if (segment.p_type == PT_NOTE)
            take_notes(elf, file_bytes(elf, segment.p_offset, segment.p_filesz));
    }
    return 0;
}

/* Debug files keep their notes in sections only. */
static void read_note_sections(struct qmon__elf *elf) {
    Elf_Scn *section = NULL;
    while (!*elf->build_id && (section = elf_nextscn(elf->elf, section))) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE)
            take_notes(elf, file_bytes(elf, header.sh_offset, header.sh_size));
    }
}

static int begin(struct qmon__elf *elf) {
    GElf_Ehdr header;
    elf->inflate_max = QMON__SECTION_BYTES_MAX;
    if (elf_version(EV_CURRENT) == EV_NONE)
        return -ENOEXEC;
    elf->elf = elf_memory(elf->image, elf->bytes);
    if (!elf->elf || elf_kind(elf->elf) != ELF_K_ELF || !gelf_getehdr(elf->elf, &header) ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
        return -ENOEXEC;
    elf->type = header.e_type;
    elf->machine = header.e_machine;
    int result = read_segments(elf);
    if (!result && !*elf->build_id)
        read_note_sections(elf);
    return result;
}

static int map(int fd, struct qmon__elf *elf) {
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -ENOEXEC;
    if (status.st_size < (off_t) sizeof(Elf64_Ehdr))
        return -ENOEXEC;
    elf->bytes = (size_t) status.st_size;
    elf->device = status.st_dev;
    elf->inode = status.st_ino;
    /* Writable, but ours alone: libelf may put numbers into the order of this machine where they are. */
    void *image = mmap(NULL, elf->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (image == MAP_FAILED)
        return -errno;
    elf->image = image;
    elf->mapped = true;
    return 0;
}

int qmon__elf_open(const char *path, struct qmon__elf **ret_elf) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    struct qmon__elf *elf = calloc(1, sizeof *elf);
    int result = elf ? map(fd, elf) : -ENOMEM;
    close(fd);
    if (!result)
        result = begin(elf);
    if (result)
        qmon__elf_close(elf);
    else
        *ret_elf = elf;
    return result;
}

int qmon__elf_open_image(void *image, size_t bytes, struct qmon__elf **ret_elf) {
    struct qmon__elf *elf = calloc(1, sizeof *elf);
    if (!elf) {
        free(image);
        return -ENOMEM;
    }
    elf->image = image;
    elf->bytes = bytes;
    int result = begin(elf);
    if (result)
        qmon__elf_close(elf);
    else
        *ret_elf = elf;
    return result;
}

void qmon__elf_close(struct qmon__elf *elf) {
    if (!elf)
        return;
    elf_end(elf->elf);
    qmon__elf_free_inflated(elf);
    if (elf->mapped)
        munmap(elf->image, elf->bytes);
    else
        free(elf->image);
    free(elf->loads);
    free(elf);
}

static bool address_in(const Elf64_Phdr *load, uint64_t file_offset, uint64_t *ret_address) {
    uint64_t start = load->p_offset & ~(uint64_t) (PAGE_BYTES - 1), end;
    if (__builtin_add_overflow(load->p_offset, load->p_filesz, &end) || file_offset < start)
        return false;
    if (file_offset - start >= ((end - start + PAGE_BYTES - 1) & ~(uint64_t) (PAGE_BYTES - 1)))
        return false;
    *ret_address = file_offset - load->p_offset + load->p_vaddr;
    return true;
}

bool qmon__elf_address(const struct qmon__elf *elf, uint64_t file_offset, uint64_t *ret_address) {
    for (int executable = 1; executable >= 0; executable--)
        for (size_t i = 0; i < elf->load_count; i++)
            if (!(elf->loads[i].p_flags & PF_X) == !executable && address_in(&elf->loads[i], file_offset, ret_address))
                return true;
    return false;
}

bool qmon__elf_executable_at(const struct qmon__elf *elf, uint64_t address) {
    for (size_t i = 0; i < elf->load_count; i++)
        if ((elf->loads[i].p_flags & PF_X) && address >= elf->loads[i].p_vaddr &&
            address - elf->loads[i].p_vaddr < elf->loads[i].p_memsz)
            return true;
    return false;
}

Elf_Scn *qmon__elf_section_of_type(struct qmon__elf *elf, uint32_t type) {
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf->elf, section))) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == type)
            return section;
    }
    return NULL;
}

static Elf_Scn *find_section(struct qmon__elf *elf, const char *name, GElf_Shdr *ret_header) {
    size_t names;
    if (elf_getshdrstrndx(elf->elf, &names))
        return NULL;
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf->elf, section))) {
        const char *found = gelf_getshdr(section, ret_header) ? elf_strptr(elf->elf, names, ret_header->sh_name) : NULL;
        if (found && !strcmp(found, name) && ret_header->sh_type != SHT_NOBITS)
            return section;
    }
    return NULL;
}

static struct qmon__bytes section_bytes(Elf_Scn *section) {
    Elf_Data *data = elf_rawdata(section, NULL);
    if (!data || !data->d_buf)
        return (struct qmon__bytes){0};
    return (struct qmon__bytes){data->d_buf, data->d_size};
}

/* ".debug_info" compressed in the old way is ".zdebug_info". */
static bool old_name(const char *name, char *ret_old, size_t bytes) {
    return !strncmp(name, ".debug_", 7) && snprintf(ret_old, bytes, ".z%s", name + 1) < (int) bytes;
}

bool qmon__elf_has_section(struct qmon__elf *elf, const char *name) {
    GElf_Shdr header;
    char old[64];
    return find_section(elf, name, &header) || (old_name(name, old, sizeof old) && find_section(elf, old, &header));
}

struct qmon__bytes qmon__elf_section(struct qmon__elf *elf, const char *name) {
    GElf_Shdr header;
    char old[64];
    Elf_Scn *section = find_section(elf, name, &header);
    if (section && !(header.sh_flags & SHF_COMPRESSED))
        return section_bytes(section);
    const bool was_renamed = !section && old_name(name, old, sizeof old);
    if (was_renamed)
        section = find_section(elf, old, &header);
    if (!section)
        return (struct qmon__bytes){0};
    return qmon__elf_inflate(elf, file_bytes(elf, header.sh_offset, header.sh_size), was_renamed);
}

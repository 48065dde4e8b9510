/* binary.c: finds the file of a module: the one that was loaded, or none. */
#include "binary.h"

#include "binary_split.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#define PATH_BYTES 4200
#define VDSO_BYTES_MAX (64u * 1024)
#define DELETED " (deleted)"

void qmon__identify_file(const char *path, struct qmon__file_identity *ret_identity) {
    struct stat status;
    *ret_identity = (struct qmon__file_identity){0};
    if (stat(path, &status) == 0)
        *ret_identity = (struct qmon__file_identity){.device = status.st_dev,
                                                     .inode = status.st_ino,
                                                     .bytes = (uint64_t) status.st_size,
                                                     .changed_ns = (uint64_t) status.st_mtim.tv_sec * 1000000000u +
                                                                   (uint64_t) status.st_mtim.tv_nsec};
}

bool qmon__same_file(const struct qmon__file_identity *one, const struct qmon__file_identity *other) {
    return one->inode != 0 && one->device == other->device && one->inode == other->inode &&
           one->bytes == other->bytes && one->changed_ns == other->changed_ns;
}

/* Takes the file if it is the one that was loaded, as far as can be told. */
static bool try_file(struct qmon__binary *binary, const char *path) {
    struct qmon__elf *elf;
    int result = qmon__elf_open(path, &elf);
    if (result < 0) {
        if (!binary->problem)
            binary->problem = result == -ENOEXEC ? "is no ELF file" : "cannot be read";
        return false;
    }
    if (*binary->wanted_build_id && strcmp(binary->wanted_build_id, elf->build_id)) {
        binary->problem = "on disk is not the one that was loaded";
        qmon__elf_close(elf);
        return false;
    }
    binary->elf = elf;
    binary->problem = NULL;
    return true;
}

static bool try_process(struct qmon__binary *binary, const struct qmon__module_source *source,
                        const char *format_path) {
    char path[PATH_BYTES];
    int length = snprintf(path, sizeof path, "/proc/%u/%s", source->live_pid, format_path);
    return length > 0 && (size_t) length < sizeof path && try_file(binary, path);
}

static bool try_mapping(struct qmon__binary *binary, const struct qmon__module_source *source) {
    char path[64];
    snprintf(path, sizeof path, "map_files/%llx-%llx", (unsigned long long) source->start,
             (unsigned long long) source->end);
    return try_process(binary, source, path);
}

static bool try_root(struct qmon__binary *binary, const struct qmon__module_source *source, const char *module) {
    char path[PATH_BYTES], prefix[32];
    int length = snprintf(path, sizeof path, "root%s", module);
    if (length <= 0 || (size_t) length >= sizeof path || !try_process(binary, source, path))
        return false;
    snprintf(prefix, sizeof prefix, "/proc/%u/root", source->live_pid);
    binary->prefix = strdup(prefix);
    return binary->prefix != NULL;
}

/* The kernel gives every process the same code; ours is at hand. */
static void take_vdso(struct qmon__binary *binary) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *) getauxval(AT_SYSINFO_EHDR);
    binary->problem = "is not the one of this kernel";
    if (!header)
        return;
    size_t bytes = header->e_shoff + (size_t) header->e_shnum * header->e_shentsize;
    void *copy = bytes <= VDSO_BYTES_MAX ? malloc(bytes) : NULL;
    struct qmon__elf *elf;
    if (!copy)
        return;
    memcpy(copy, header, bytes);
    if (qmon__elf_open_image(copy, bytes, &elf) < 0)
        return;
    if (*binary->wanted_build_id && strcmp(binary->wanted_build_id, elf->build_id)) {
        qmon__elf_close(elf);
        return;
    }
    binary->elf = elf;
    binary->problem = NULL;
}

static void find_file(struct qmon__binary *binary, const struct qmon__module_source *source) {
    char module[PATH_BYTES];
    size_t length = strnlen(source->path, sizeof module - 1), deleted = strlen(DELETED);
    memcpy(module, source->path, length);
    module[length] = '\0';
    bool is_deleted = length > deleted && !strcmp(module + length - deleted, DELETED);
    if (is_deleted)
        module[length - deleted] = '\0';

    /* Only a build id tells that what lies at a path now is what lay there then. */
    bool by_path = *module == '/' && (!is_deleted || *binary->wanted_build_id);
    if (by_path && source->live_pid && try_root(binary, source, module))
        return;
    if (by_path && try_file(binary, module))
        return;
    if (source->live_pid && try_mapping(binary, source))
        return;
    if (source->live_pid && source->is_executable && try_process(binary, source, "exe"))
        return;
    if (!binary->problem)
        binary->problem = is_deleted ? "has been deleted" : "has no file";
}

struct qmon__binary *qmon__binary_open(const struct qmon__module_source *source) {
    struct qmon__binary *binary = calloc(1, sizeof *binary);
    if (!binary)
        return NULL;
    binary->path = strdup(source->path);
    if (!binary->path) {
        free(binary);
        return NULL;
    }
    if (source->build_id && strlen(source->build_id) < sizeof binary->wanted_build_id)
        strcpy(binary->wanted_build_id, source->build_id);
    if (!strcmp(source->path, "[vdso]"))
        take_vdso(binary);
    else
        find_file(binary, source);
    return binary;
}

void qmon__binary_close(struct qmon__binary *binary) {
    if (!binary)
        return;
    qmon__map_clear(&binary->lookups);
    qmon__map_clear(&binary->names);
    qmon__map_clear(&binary->stubs);
    qmon__map_clear(&binary->crossings);
    qmon__symbols_free(binary->symbols);
    qmon__dwarf_free(binary->dwarf);
    qmon__binary_close_splits(binary);
    qmon__dwarf_free(binary->alternate_dwarf);
    qmon__elf_close(binary->elf);
    qmon__elf_close(binary->debug);
    qmon__elf_close(binary->alternate);
    qmon__elf_close(binary->mini);
    free(binary->prefix);
    free(binary->path);
    free(binary);
}

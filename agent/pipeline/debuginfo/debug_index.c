#include "debug_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/text.h>

#define FILES_MAX 20000u
#define DEPTH_MAX 8u
#define PATH_BYTES 4096u
#define DEBUG_SUFFIX ".debug"

struct entry {
    char *path;
    char build_id[QMON__BUILD_ID_TEXT];
    bool has_code, has_debug; /* the program's instructions; debug information */
};

struct qmon__debug_index {
    struct entry *entries;
    size_t count, room;
    size_t files; /* looked at */
    bool cut;
};

static bool begins_as_elf(int directory, const char *name) {
    char magic[SELFMAG];
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool is = fd >= 0 && pread(fd, magic, sizeof magic, 0) == sizeof magic && memcmp(magic, ELFMAG, SELFMAG) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

static void add_file(struct qmon__debug_index *index, const char *path) {
    struct qmon__elf *elf;
    if (index->count == index->room) {
        size_t room = index->room ? index->room * 2 : 32;
        struct entry *entries = realloc(index->entries, room * sizeof *entries);
        if (!entries)
            return;
        index->entries = entries;
        index->room = room;
    }
    if (qmon__elf_open(path, &elf) < 0)
        return;
    struct entry *entry = &index->entries[index->count];
    *entry = (struct entry){.path = strdup(path),
                            .has_code = qmon__elf_has_section(elf, ".text"),
                            .has_debug = qmon__elf_has_section(elf, ".debug_info") ||
                                         qmon__elf_section_of_type(elf, SHT_SYMTAB) != NULL};
    strcpy(entry->build_id, elf->build_id);
    qmon__elf_close(elf);
    index->count += entry->path != NULL;
}

static void look_through(struct qmon__debug_index *index, const char *path, unsigned depth);

static void look_at(struct qmon__debug_index *index, int directory, const char *path, const char *name,
                    unsigned depth) {
    char joined[PATH_BYTES];
    struct stat status;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        snprintf(joined, sizeof joined, "%s/%s", path, name) >= (int) sizeof joined)
        return;
    if (++index->files > FILES_MAX) {
        index->cut = true;
        return;
    }
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (S_ISDIR(status.st_mode)) {
        look_through(index, joined, depth + 1);
        return;
    }
    if (S_ISLNK(status.st_mode) && (fstatat(directory, name, &status, 0) < 0 || !S_ISREG(status.st_mode)))
        return;
    if (S_ISREG(status.st_mode) && begins_as_elf(directory, name))
        add_file(index, joined);
}

static void look_through(struct qmon__debug_index *index, const char *path, unsigned depth) {
    if (depth > DEPTH_MAX) {
        index->cut = true;
        return;
    }
    DIR *directory = opendir(path);
    if (!directory)
        return;
    const struct dirent *entry;
    while (!index->cut && (entry = readdir(directory)))
        look_at(index, dirfd(directory), path, entry->d_name, depth);
    closedir(directory);
}

struct qmon__debug_index *qmon__debug_index_open(const char *path) {
    DIR *directory = opendir(path);
    struct qmon__debug_index *index = directory ? calloc(1, sizeof *index) : NULL;
    if (directory)
        closedir(directory);
    if (index)
        look_through(index, path, 0);
    return index;
}

void qmon__debug_index_close(struct qmon__debug_index *index) {
    for (size_t i = 0; index && i < index->count; i++)
        free(index->entries[i].path);
    if (index)
        free(index->entries);
    free(index);
}

size_t qmon__debug_index_count(const struct qmon__debug_index *index) {
    return index->count;
}

bool qmon__debug_index_is_cut(const struct qmon__debug_index *index) {
    return index->cut;
}

/* "libshop.so.1", "libshop.so.1.debug" */
static bool has_name(const struct entry *entry, const char *module) {
    const char *name = qmon_base_name(entry->path), *wanted = qmon_base_name(module);
    size_t length = strlen(wanted);
    return strncmp(name, wanted, length) == 0 && (!name[length] || strcmp(name + length, DEBUG_SUFFIX) == 0);
}

static bool belongs_to(const struct entry *entry, const struct qmon__binary *binary) {
    if (*binary->wanted_build_id)
        return strcmp(entry->build_id, binary->wanted_build_id) == 0;
    if (binary->elf && *binary->elf->build_id)
        return strcmp(entry->build_id, binary->elf->build_id) == 0;
    return has_name(entry, binary->path);
}

static struct qmon__elf *open_entry(const struct entry *entry) {
    struct qmon__elf *elf = NULL;
    return qmon__elf_open(entry->path, &elf) < 0 ? NULL : elf;
}

static const struct entry *find(const struct qmon__debug_index *index, const struct qmon__binary *binary, bool code) {
    for (size_t i = 0; i < index->count; i++)
        if ((code ? index->entries[i].has_code : index->entries[i].has_debug) && belongs_to(&index->entries[i], binary))
            return &index->entries[i];
    return NULL;
}

bool qmon__debug_index_fill(const struct qmon__debug_index *index, struct qmon__binary *binary) {
    const struct entry *code = find(index, binary, true), *debug = find(index, binary, false);
    const struct entry *main = code ? code : debug;
    if (!main)
        return false;
    if (!binary->elf) {
        binary->elf = open_entry(main);
        if (binary->elf)
            binary->problem = NULL;
    }
    if (!binary->elf)
        return false;
    if (debug && !qmon__elf_has_section(binary->elf, ".debug_info")) {
        binary->debug = open_entry(debug);
        snprintf(binary->debug_path, sizeof binary->debug_path, "%s", debug->path);
        binary->debug_sought = binary->debug != NULL;
    }
    return true;
}

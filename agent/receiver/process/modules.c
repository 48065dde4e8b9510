#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "identity.h"

#define MODULES_TAKEN 20000u

static const char *hex(struct qmon_event *event, const uint8_t *bytes, size_t count) {
    char text[2 * QMON_BUILD_ID_BYTES + 1];
    for (size_t i = 0; i < count; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return qmon_event_text(event, text);
}

void qmon__modules_of_record(struct qmon_event *event, const struct qmon_record_modules *modules) {
    event->module_count = 0;
    event->modules = qmon_event_alloc(event, (modules->count + 1u) * sizeof *event->modules);
    if (event->modules == NULL)
        return;
    for (uint32_t i = 0; i < modules->count; i++) {
        const struct qmon_record_module *from = &modules->entries[i];
        if (from->start >= from->end || from->path_bytes == 0)
            continue;
        const char *path = qmon_event_text_n(event, modules->paths + from->path, from->path_bytes);
        if (path == NULL)
            break;
        struct qmon_module *module = &event->modules[event->module_count++];
        *module = (struct qmon_module){
            .path = path, .start = from->start, .end = from->end, .file_offset = from->file_offset};
        if (from->build_id_bytes > 0)
            module->build_id = hex(event, from->build_id, from->build_id_bytes);
    }
    if (modules->dropped > 0)
        qmon_event_note(event, "%u of its modules found no room in the record: frames in them have an address only",
                        modules->dropped);
}

/* One line of a maps file: "START-END PERMS OFFSET MAJOR:MINOR INODE PATH". */
static bool parse_mapping(const char *line, size_t bytes, struct qmon_module *ret_module, const char **ret_path,
                          size_t *ret_path_bytes) {
    char numbers[160];
    size_t taken = bytes < sizeof numbers - 1 ? bytes : sizeof numbers - 1;
    memcpy(numbers, line, taken);
    numbers[taken] = '\0';
    unsigned long long start, end, offset;
    char permissions[8];
    int path_at = -1;
    if (sscanf(numbers, "%llx-%llx %4s %llx %*x:%*x %*u %n", &start, &end, permissions, &offset, &path_at) != 4 ||
        path_at < 0 || start >= end || (size_t) path_at >= bytes || strchr(permissions, 'x') == NULL)
        return false;
    *ret_module = (struct qmon_module){.start = start, .end = end, .file_offset = offset};
    *ret_path = line + path_at;
    *ret_path_bytes = bytes - (size_t) path_at;
    return **ret_path == '/' || (*ret_path_bytes == 6 && memcmp(*ret_path, "[vdso]", 6) == 0);
}

/* The kernel writes a newline in a name as \012. */
static size_t unescape(const char *from, size_t bytes, char *ret_path, size_t room) {
    size_t count = 0;
    for (size_t i = 0; i < bytes && count + 1 < room; i++) {
        if (bytes - i >= 4 && memcmp(from + i, "\\012", 4) == 0) {
            ret_path[count++] = '\n';
            i += 3;
        } else {
            ret_path[count++] = from[i];
        }
    }
    ret_path[count] = '\0';
    return count;
}

static size_t count_lines(const char *text) {
    size_t lines = 0;
    for (; *text != '\0' && lines < MODULES_TAKEN; lines++)
        text = strchrnul(text, '\n') + (strchr(text, '\n') != NULL);
    return lines;
}

void qmon__modules_of_maps(struct qmon_event *event, const char *maps) {
    event->module_count = 0;
    size_t lines = count_lines(maps);
    event->modules = qmon_event_alloc(event, (lines + 1) * sizeof *event->modules);
    if (event->modules == NULL)
        return;
    while (*maps != '\0' && event->module_count < lines) {
        size_t bytes = strcspn(maps, "\n");
        struct qmon_module module;
        const char *path;
        size_t path_bytes;
        if (parse_mapping(maps, bytes, &module, &path, &path_bytes)) {
            char unescaped[4096 + 16];
            unescape(path, path_bytes, unescaped, sizeof unescaped);
            module.path = qmon_event_text(event, unescaped);
            if (module.path == NULL)
                return;
            event->modules[event->module_count++] = module;
        }
        maps += bytes + (maps[bytes] == '\n');
    }
}

static const struct qmon_record_module *find_mapping(const struct qmon_record_modules *modules, uint64_t pc) {
    for (uint32_t i = 0; i < modules->count; i++)
        if (pc >= modules->entries[i].start && pc < modules->entries[i].end)
            return &modules->entries[i];
    return NULL;
}

static bool is_on_disk(const struct qmon_record_modules *modules, const struct qmon_record_module *module) {
    char path[4096];
    if (module->path_bytes == 0 || modules->paths[module->path] != '/' || module->inode == 0)
        return true; /* nothing that a file could tell */
    if (module->path_bytes >= sizeof path)
        return false;
    memcpy(path, modules->paths + module->path, module->path_bytes);
    path[module->path_bytes] = '\0';
    struct stat status;
    /* Devices are not compared: btrfs and overlayfs give maps and stat different ones for the same file. */
    return stat(path, &status) == 0 && (uint64_t) status.st_ino == module->inode;
}

bool qmon__modules_are_on_disk(const struct qmon_event *event, const struct qmon_record_modules *modules) {
    bool looked_at[QMON_RECORD_MODULES] = {false};
    for (size_t i = 0; i < event->thread_count; i++) {
        for (size_t j = 0; j < event->threads[i].frame_count; j++) {
            const struct qmon_record_module *module = find_mapping(modules, event->threads[i].frames[j].pc);
            if (module == NULL || looked_at[module - modules->entries])
                continue;
            looked_at[module - modules->entries] = true;
            if (!is_on_disk(modules, module))
                return false;
        }
    }
    return true;
}

#include "memory_map.h"

#include <stdlib.h>
#include <string.h>

#include "procfs.h"

#define MAPS_BYTES (4u << 20)

static char *skip_word(char *at) {
    at += strspn(at, " ");
    return at + strcspn(at, " ");
}

/* "START-END PERMS OFFSET MAJOR:MINOR INODE PATH", NUL-terminated. By hand: sscanf takes three times as long, and a process waits. */
static bool parse_line(char *line, struct qmon__mapping *ret_mapping) {
    char *at;
    const uint64_t start = strtoull(line, &at, 16);
    const uint64_t end = *at == '-' ? strtoull(at + 1, &at, 16) : 0;
    const char *const permissions = at + 1;
    if (start >= end || *at != ' ' || strnlen(at, 6) < 6 || at[5] != ' ')
        return false;
    const uint64_t offset = strtoull(at + 6, &at, 16);
    char *const device = at + strspn(at, " "), *const inode = skip_word(device);
    at = skip_word(inode);
    if (strchr(device, ':') == NULL || strchr(device, ':') > inode || at == inode)
        return false;
    at += strspn(at, " ");
    *ret_mapping = (struct qmon__mapping){
        .start = start,
        .end = end,
        .file_offset = offset,
        .readable = permissions[0] == 'r',
        .writable = permissions[1] == 'w',
        .executable = permissions[2] == 'x',
        .name = at,
    };
    return true;
}

bool qmon__memory_map_parse(struct qmon__memory_map *ret_map, char *text) {
    size_t lines = 1;
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    *ret_map = (struct qmon__memory_map){.text = text, .mappings = malloc(lines * sizeof *ret_map->mappings)};
    if (ret_map->mappings == NULL) {
        qmon__memory_map_free(ret_map);
        return false;
    }
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        ret_map->count += parse_line(line, &ret_map->mappings[ret_map->count]);
    return true;
}

void qmon__memory_map_read(struct qmon__memory_map *ret_map, uint32_t pid) {
    size_t bytes;
    char *text = pid != 0 ? qmon__proc_read_all(pid, "maps", MAPS_BYTES, &bytes) : NULL;
    *ret_map = (struct qmon__memory_map){0};
    if (text != NULL)
        qmon__memory_map_parse(ret_map, text);
}

void qmon__memory_map_free(struct qmon__memory_map *map) {
    free(map->mappings);
    free(map->text);
    *map = (struct qmon__memory_map){0};
}

const struct qmon__mapping *qmon__memory_map_find(const struct qmon__memory_map *map, uint64_t address) {
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (address >= map->mappings[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    return low < map->count && address >= map->mappings[low].start ? &map->mappings[low] : NULL;
}

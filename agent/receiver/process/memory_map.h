/*
 * memory_map.h: all mappings of a process, from its maps file; what lies at an address.
 */
#ifndef QMON_RECEIVER_MEMORY_MAP_H
#define QMON_RECEIVER_MEMORY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qmon__mapping {
    uint64_t start, end, file_offset;
    bool readable, writable, executable;
    const char *name; /* path, "[heap]", "[stack]", ... or ""; borrowed from the map's text */
};

struct qmon__memory_map {           /* zeroed: empty */
    struct qmon__mapping *mappings; /* by address */
    size_t count;
    char *text;
};

/* Takes over the text of a maps file (malloc), which is changed. Lines that are none are passed over. False: out of memory
 * (the text is freed). */
bool qmon__memory_map_parse(struct qmon__memory_map *ret_map, char *text);
/* Of a live process; an empty map when it cannot be read. */
void qmon__memory_map_read(struct qmon__memory_map *ret_map, uint32_t pid);
void qmon__memory_map_free(struct qmon__memory_map *map);

const struct qmon__mapping *qmon__memory_map_find(const struct qmon__memory_map *map, uint64_t address);

#endif

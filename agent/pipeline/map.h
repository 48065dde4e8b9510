/* map.h: from a number (an address, a pointer) to a pointer. Nothing is ever taken out but all of it. */
#ifndef QMON_PIPELINE_MAP_H
#define QMON_PIPELINE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qmon__map { /* zeroed: empty */
    uint64_t *keys;
    void **values; /* NULL: a free place */
    size_t room, count;
};

void *qmon__map_get(const struct qmon__map *map, uint64_t key); /* NULL: not there */
/* value is not NULL, and the key not there yet. False: out of memory. */
bool qmon__map_put(struct qmon__map *map, uint64_t key, void *value);
/* Frees the map, and with free() every value. */
void qmon__map_clear(struct qmon__map *map);

#endif

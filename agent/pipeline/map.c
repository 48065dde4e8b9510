/* map.c: see map.h. Open addressing, never more than half full. */
#include "map.h"

#include <stdlib.h>

#define FIRST_ROOM 64u

static size_t place_of(const struct qmon__map *map, uint64_t key) {
    uint64_t mixed = key * 0x9e3779b97f4a7c15u;
    size_t place = (size_t) (mixed ^ mixed >> 29) & (map->room - 1);
    while (map->values[place] && map->keys[place] != key)
        place = (place + 1) & (map->room - 1);
    return place;
}

void *qmon__map_get(const struct qmon__map *map, uint64_t key) {
    return map->room ? map->values[place_of(map, key)] : NULL;
}

static bool grow(struct qmon__map *map) {
    struct qmon__map larger = {.room = map->room ? map->room * 2 : FIRST_ROOM, .count = map->count};
    larger.keys = malloc(larger.room * sizeof *larger.keys);
    larger.values = calloc(larger.room, sizeof *larger.values);
    if (!larger.keys || !larger.values) {
        free(larger.keys);
        free(larger.values);
        return false;
    }
    for (size_t i = 0; i < map->room; i++)
        if (map->values[i]) {
            size_t place = place_of(&larger, map->keys[i]);
            larger.keys[place] = map->keys[i];
            larger.values[place] = map->values[i];
        }
    free(map->keys);
    free(map->values);
    *map = larger;
    return true;
}

bool qmon__map_put(struct qmon__map *map, uint64_t key, void *value) {
    if (map->count >= map->room / 2 && !grow(map))
        return false;
    size_t place = place_of(map, key);
    map->count += !map->values[place];
    map->keys[place] = key;
    map->values[place] = value;
    return true;
}

void qmon__map_clear(struct qmon__map *map) {
    for (size_t i = 0; i < map->room; i++)
        free(map->values[i]);
    free(map->keys);
    free(map->values);
    *map = (struct qmon__map){0};
}

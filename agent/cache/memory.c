/*
 * memory.c: what this process remembers, for when there is nothing better. A fixed number of keys; the one that was seen
 * longest ago gives way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/cache.h>

#define ENTRIES 1024

struct entry {
    char *key; /* NULL: free */
    uint64_t hash;
    struct qmon_window window;
};

struct memory {
    struct qmon_cache cache;
    struct entry entries[ENTRIES];
};

static uint64_t hash_of(const char *key) {
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char) *key) * 0x100000001b3u;
    return hash;
}

/* The key's entry, or the one it gets. */
static struct entry *entry_for(struct memory *memory, const char *key, uint64_t hash) {
    struct entry *oldest = &memory->entries[0];

    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *entry = &memory->entries[i];
        if (entry->key == NULL)
            return entry; /* they are taken in order and never given back */
        if (entry->hash == hash && strcmp(entry->key, key) == 0)
            return entry;
        if (entry->window.last_seen_ms < oldest->window.last_seen_ms)
            oldest = entry;
    }
    return oldest;
}

static int decide(struct qmon_cache *cache, const struct qmon_decision_request *request,
                  struct qmon_decision *ret_decision) {
    struct memory *memory = (struct memory *) cache;
    uint64_t hash = hash_of(request->key);
    struct entry *entry = entry_for(memory, request->key, hash);

    if (entry->key == NULL || entry->hash != hash || strcmp(entry->key, request->key) != 0) {
        char *key = strdup(request->key);
        if (key == NULL)
            return -ENOMEM;
        free(entry->key);
        *entry = (struct entry){.key = key, .hash = hash};
    }
    qmon_window_decide(&entry->window, request, ret_decision);
    ret_decision->source = "memory";
    return 0;
}

static const char *problem(struct qmon_cache *cache) {
    (void) cache;
    return NULL;
}

static void close_memory(struct qmon_cache *cache) {
    struct memory *memory = (struct memory *) cache;

    for (size_t i = 0; i < ENTRIES; i++)
        free(memory->entries[i].key);
    free(memory);
}

struct qmon_cache *qmon_cache_memory(void) {
    static const struct qmon_cache_class class = {
        .name = "memory", .decide = decide, .problem = problem, .close = close_memory};
    struct memory *memory = calloc(1, sizeof *memory);

    if (memory == NULL)
        return NULL;
    memory->cache.class = &class;
    return &memory->cache;
}

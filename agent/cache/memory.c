/*
 * memory.c: what this process remembers, for when there is nothing better. A fixed number of keys; the one that was seen
 * longest ago gives way.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/cache.h>

#include "expiry.h"

#define ENTRIES 1024

struct entry {
    char *key; /* NULL: free */
    uint64_t hash;
    struct qmon_window window;
};

struct value { /* key NULL: free */
    char *key, *text;
    uint64_t expires_ms, set_ms;
};

struct memory {
    struct qmon_cache cache;
    struct entry entries[ENTRIES];
    struct value values[ENTRIES];
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

static void forget(struct value *value) {
    free(value->key);
    free(value->text);
    *value = (struct value){0};
}

static bool is_over(const struct value *value, uint64_t now_ms) {
    return value->expires_ms > 0 && value->expires_ms <= now_ms;
}

/* NULL: it is not there. */
static struct value *value_of(struct memory *memory, const char *key) {
    for (size_t i = 0; i < ENTRIES; i++)
        if (memory->values[i].key != NULL && strcmp(memory->values[i].key, key) == 0)
            return &memory->values[i];
    return NULL;
}

static struct value *room_for(struct memory *memory, uint64_t now_ms) {
    struct value *oldest = &memory->values[0];

    for (size_t i = 0; i < ENTRIES; i++) {
        struct value *value = &memory->values[i];
        if (value->key == NULL || is_over(value, now_ms))
            return value;
        if (value->set_ms < oldest->set_ms)
            oldest = value;
    }
    return oldest;
}

static int get(struct qmon_cache *cache, const char *key, uint64_t now_ms, char **ret_value) {
    struct value *value = value_of((struct memory *) cache, key);
    char *copy;

    if (value == NULL || is_over(value, now_ms))
        return 1;
    copy = strdup(value->text);
    if (copy == NULL)
        return -ENOMEM;
    *ret_value = copy;
    return 0;
}

static int set(struct qmon_cache *cache, const char *key, const char *text, uint64_t ttl_s, uint64_t now_ms) {
    struct memory *memory = (struct memory *) cache;
    struct value *value = value_of(memory, key);
    struct value made = {strdup(key), strdup(text), qmon__expiry_ms(ttl_s, now_ms), now_ms};

    if (made.key == NULL || made.text == NULL) {
        forget(&made);
        return -ENOMEM;
    }
    if (value == NULL)
        value = room_for(memory, now_ms);
    forget(value);
    *value = made;
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
    for (size_t i = 0; i < ENTRIES; i++)
        forget(&memory->values[i]);
    free(memory);
}

struct qmon_cache *qmon_cache_memory(void) {
    static const struct qmon_cache_class class = {
        .name = "memory", .decide = decide, .problem = problem, .close = close_memory, .get = get, .set = set};
    struct memory *memory = calloc(1, sizeof *memory);

    if (memory == NULL)
        return NULL;
    memory->cache.class = &class;
    return &memory->cache;
}

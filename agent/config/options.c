/*
 * options.c: qmon/options.def as a table.
 */
#include "options.h"
#include "near.h"

#include <string.h>

#include <qmon/text.h>

#define OPTION(field, env, path, kind, fallback, flags, help)                                                          \
    {env, path, QMON_VALUE_##kind, flags, offsetof(struct qmon_config, field), fallback, help},
#define ALIAS(env, field)
const struct qmon_option qmon_options[QMON__OPTION_COUNT] = {
#include <qmon/options.def>
};
#undef OPTION
#undef ALIAS
const size_t qmon_option_count = QMON__OPTION_COUNT;

#define OPTION(field, env, path, kind, fallback, flags, help)
#define ALIAS(env, field) {env, offsetof(struct qmon_config, field)},
static const struct {
    const char *environment;
    size_t offset;
} aliases[] = {
#include <qmon/options.def>
};
#undef OPTION
#undef ALIAS
#define ALIAS_COUNT (sizeof aliases / sizeof aliases[0])

static const struct {
    size_t offset;
    struct qmon_option_range range;
} ranges[] = {
    {offsetof(struct qmon_config, redis_port), {1, 65535}},
    {offsetof(struct qmon_config, dedup_window_s), {0, 31536000}}, /* a year; 0: every event alerts */
    {offsetof(struct qmon_config, resolve_after_s), {0, 604800}},  /* a week: so long the store knows who was alerted */
    {offsetof(struct qmon_config, stderr_lines), {0, 50}},
    {offsetof(struct qmon_config, limit_window_s), {60, 604800}},
    {offsetof(struct qmon_config, crash_loop), {0, 1000}},
    {offsetof(struct qmon_config, dedup_limit), {1, 1000000}},
    {offsetof(struct qmon_config, deadline_ms), {10, 600000}},
};

const char *qmon_option_alias(const struct qmon_option *option, size_t index) {
    for (size_t i = 0; i < ALIAS_COUNT; i++)
        if (aliases[i].offset == option->offset && index-- == 0)
            return aliases[i].environment;
    return NULL;
}

struct qmon_option_range qmon_option_range(const struct qmon_option *option) {
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].offset == option->offset)
            return ranges[i].range;
    return (struct qmon_option_range){0, (uint64_t) 1 << 53};
}

const struct qmon_option *qmon__option_by_path(const char *path) {
    for (size_t i = 0; i < qmon_option_count; i++)
        if (path[0] != '\0' && strcmp(qmon_options[i].path, path) == 0)
            return &qmon_options[i];
    return NULL;
}

bool qmon__option_is_group(const char *path) {
    size_t bytes = strlen(path);

    for (size_t i = 0; i < qmon_option_count; i++)
        if (strncmp(qmon_options[i].path, path, bytes) == 0 && qmon_options[i].path[bytes] == '.')
            return bytes > 0;
    return false;
}

static bool is_named(const char *known, const char *name, size_t bytes) {
    return strlen(known) == bytes && memcmp(known, name, bytes) == 0;
}

bool qmon__option_knows_variable(const char *name, size_t bytes) {
    for (size_t i = 0; i < qmon_option_count; i++)
        if (is_named(qmon_options[i].environment, name, bytes))
            return true;
    for (size_t i = 0; i < ALIAS_COUNT; i++)
        if (is_named(aliases[i].environment, name, bytes))
            return true;
    return false;
}

static const char *nearest(const char *name, size_t field) {
    const char *best = NULL;
    unsigned fewest = QMON__NEAR_CHANGES + 1;

    for (size_t i = 0; i < qmon_option_count; i++) {
        const char *known = *(const char *const *) ((const char *) &qmon_options[i] + field);
        unsigned changes = known[0] == '\0' ? fewest : qmon_text_changes(name, known);
        if (changes < fewest) {
            fewest = changes;
            best = known;
        }
    }
    return best;
}

const char *qmon__option_near_variable(const char *name) {
    return nearest(name, offsetof(struct qmon_option, environment));
}

const char *qmon__option_near_path(const char *path) {
    return nearest(path, offsetof(struct qmon_option, path));
}

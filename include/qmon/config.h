/*
 * config.h: the configuration as the receiver and the command see it. Read once, from the environment and from the JSON
 * file named by QMON_CONFIG; the environment wins. Nothing here stops anybody: a bad value is replaced by the default
 * and described in `problems`.
 */
#ifndef QMON_CONFIG_H
#define QMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMON_OPTION_SECRET 0x1u
#define QMON_OPTION_HOST 0x2u
#define QMON_OPTION_PATH 0x4u

enum qmon_who { QMON_WHO_OFF, QMON_WHO_ROOT, QMON_WHO_ALL };

struct qmon_patterns {
    char **items;
    size_t count;
};

/* A row of the table of options, as help, `qmon doctor` and tests of the documentation read it. */
enum qmon_value_kind {
    QMON_VALUE_TEXT,
    QMON_VALUE_COUNT,
    QMON_VALUE_WHO,
    QMON_VALUE_SWITCH,
    QMON_VALUE_LIST,
};
struct qmon_option {
    const char *environment; /* "QMON_DEDUP_WINDOW" */
    const char *path;        /* in the JSON file, "dedup.window"; "" where it can be set by the environment alone */
    enum qmon_value_kind kind;
    unsigned flags;
    size_t offset; /* of the field in struct qmon_config */
    const char *fallback;
    const char *help;
};
extern const struct qmon_option qmon_options[];
extern const size_t qmon_option_count;

/* The other names of an option, in the order in which they count; NULL where `index` is past the last. */
const char *qmon_option_alias(const struct qmon_option *option, size_t index);

/* What a COUNT may be. */
struct qmon_option_range {
    uint64_t low, high;
};
struct qmon_option_range qmon_option_range(const struct qmon_option *option);

typedef char *qmon_option_TEXT;
typedef uint64_t qmon_option_COUNT;
typedef enum qmon_who qmon_option_WHO;
typedef bool qmon_option_SWITCH;
typedef struct qmon_patterns qmon_option_LIST;

struct qmon_routing;
struct qmon_templates;
struct qmon_config {
#define OPTION(field, env, path, kind, fallback, flags, help) qmon_option_##kind field;
#define ALIAS(env, field)
#include <qmon/options.def>
#undef OPTION
#undef ALIAS
    struct qmon_templates *templates; /* see qmon/template.h; NULL: none */
    struct qmon_routing *routing;     /* see qmon/routing.h; NULL: every event goes to every channel, at once */
    char **problems;                  /* one sentence each: what was wrong, where, and what is used instead */
    size_t problem_count;
    void
        *document; /* the parsed QMON_CONFIG (struct json_object *), for parts with options of their own; may be NULL */
};

/* Never fails but for memory (NULL). `environment` as envp; borrowed for the call only. A variable that is set to nothing
 * counts as not set. Relative paths are made absolute: those of the environment by the working directory, those of the file
 * by the file's own. No sentence of `problems` holds the value of a secret. */
struct qmon_config *qmon_config_load(char *const *environment);
void qmon_config_free(struct qmon_config *config); /* NULL is fine */

/* Where the value of an option comes from: the name of the environment variable that gave it, "QMON_CONFIG" for the JSON
 * file, NULL for the default. Static. */
const char *qmon_config_origin(const struct qmon_config *config, const struct qmon_option *option);

/* The state directory: made (0700) if it is not there. `wanted` is QMON_STATE_DIR or "". Tries, in this order: wanted;
 * else for root /var/lib/qmon, for others $XDG_STATE_HOME/qmon, $HOME/.local/state/qmon; last /tmp/qmon-UID (which must
 * belong to us and be 0700). Copies the first that can be written to ret_path; "can" is tried by making a file there.
 * Paths must be absolute. A full disk does not make a directory unusable. Returns 0; 1 when it is not the wanted one, or,
 * where none was wanted, not the first of the others (ret_path holds what is used); -errno when there is none. */
int qmon_state_dir(const char *wanted, char *const *environment, char *ret_path, size_t bytes);

#endif

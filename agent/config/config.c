/*
 * config.c: defaults, then the file, then the environment over both.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"
#include "environment.h"
#include "options.h"
#include "problems.h"
#include "routing_read.h"
#include "value.h"

struct whole_config {
    struct qmon_config config; /* first: what the others see of it */
    const char *origins[QMON__OPTION_COUNT];
};

static int set_defaults(struct qmon_config *config) {
    char why[QMON__WHY_BYTES];

    for (size_t i = 0; i < qmon_option_count; i++) {
        const char *fallback = qmon_options[i].fallback;
        int r = qmon__value_set(config, &qmon_options[i], fallback, strlen(fallback), why);
        if (r < 0)
            return r;
    }
    return 0;
}

static int refuse_variable(struct qmon_config *config, const struct qmon_option *option, const char *name,
                           const char *value, const char *why) {
    char quoted[QMON__QUOTED_BYTES], used[QMON__QUOTED_BYTES];

    qmon__value_show(config, option, used, sizeof used);
    if ((option->flags & QMON_OPTION_SECRET) || option->kind == QMON_VALUE_TEXT || option->kind == QMON_VALUE_LIST)
        return qmon__problem(config, "%s: the value %s; using %s", name, why, used);
    return qmon__problem(config, "%s: \"%s\" %s; using %s", name,
                         qmon__printable(value, strlen(value), quoted, sizeof quoted), why, used);
}

/* Tries the option's names in their order, down to the first that is set to something usable. What is said about the
 * others names the value that is used in the end, which is why it is said on the way back. */
static int apply_names(struct whole_config *whole, const struct qmon_option *option, char *const *environment,
                       size_t index) {
    const char *name = index == 0 ? option->environment : qmon_option_alias(option, index - 1);
    char why[QMON__WHY_BYTES];
    const char *value;
    int r, rest;

    if (name == NULL)
        return 0;
    value = qmon__environment_value(environment, name);
    if (value == NULL || value[0] == '\0')
        return apply_names(whole, option, environment, index + 1);
    r = qmon__value_set(&whole->config, option, value, strlen(value), why);
    if (r == 0)
        whole->origins[option - qmon_options] = name;
    if (r != -EINVAL)
        return r;
    rest = apply_names(whole, option, environment, index + 1);
    return rest < 0 ? rest : refuse_variable(&whole->config, option, name, value, why);
}

static int name_unknown_variables(struct qmon_config *config, char *const *environment) {
    static const char prefix[] = "QMON_";
    char name[QMON__QUOTED_BYTES];

    for (; *environment != NULL; environment++) {
        size_t bytes = strcspn(*environment, "=");
        const char *near;
        int r;
        if (strncmp(*environment, prefix, sizeof prefix - 1) != 0 || qmon__option_knows_variable(*environment, bytes))
            continue;
        qmon__printable(*environment, bytes, name, sizeof name);
        near = config->problem_count < QMON__PROBLEMS_MAX ? qmon__option_near_variable(name) : NULL;
        r = qmon__problem(config, "%s: there is no such option%s%s%s", name, near == NULL ? "" : "; did you mean ",
                          near == NULL ? "" : near, near == NULL ? "" : "?");
        if (r < 0)
            return r;
    }
    return 0;
}

static int parse_file(struct whole_config *whole, const char *path, const char *text, size_t bytes) {
    struct json_object *document;
    char why[QMON__WHY_BYTES];
    struct qmon__place place;
    int r = qmon__document_parse(text, bytes, &document, &place, why);

    if (r == -EINVAL)
        return qmon__problem(&whole->config, "%s:%u:%u: %s; the whole file is left out", path, place.line, place.column,
                             why);
    if (r < 0)
        return r;
    whole->config.document = document;
    r = qmon__document_apply(&whole->config, whole->origins, path, text, bytes, document);
    return r == 0 ? qmon__routing_read(&whole->config, path, text, bytes, document) : r;
}

static int apply_file(struct whole_config *whole, const char *path) {
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const size_t mark = sizeof byte_order_mark - 1;
    char why[QMON__WHY_BYTES];
    char *text;
    size_t bytes, skip;
    int r = qmon__document_read(path, &text, &bytes, why);

    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return qmon__problem(&whole->config, "QMON_CONFIG: %s: %s; the file is left out", path, why);
    skip = bytes >= mark && memcmp(text, byte_order_mark, mark) == 0 ? mark : 0;
    r = parse_file(whole, path, text + skip, bytes - skip);
    free(text);
    return r;
}

static bool is_path(const struct qmon_option *option, const char *text) {
    return (option->flags & QMON_OPTION_PATH) && strcmp(text, "stderr") != 0;
}

/* Relative paths in the environment are relative to the working directory, those in the file to where it stands. */
static int settle_path(struct whole_config *whole, const struct qmon_option *option) {
    char **field = (char **) ((char *) whole + option->offset);
    const char *origin = qmon_config_origin(&whole->config, option);
    const char *file = whole->config.config;
    const char *name = *field;
    char directory[PATH_MAX], *path;

    if (origin == NULL || name[0] == '/' || !is_path(option, name))
        return 0;
    if (strcmp(origin, "QMON_CONFIG") == 0 && option->path[0] != '\0' && strrchr(file, '/') != NULL)
        snprintf(directory, sizeof directory, "%.*s", (int) (strrchr(file, '/') - file), file);
    else if (getcwd(directory, sizeof directory) == NULL)
        return 0;
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return -ENOMEM;
    free(*field);
    *field = path;
    return 0;
}

static const struct qmon_option *option_of_the_file(void) {
    const struct qmon_option *option = qmon_options;

    while (option->offset != offsetof(struct qmon_config, config))
        option++;
    return option;
}

/* The file's own name first, since the environment comes over what the file says. */
static int load(struct whole_config *whole, char *const *environment) {
    const struct qmon_option *file = option_of_the_file();
    int r = set_defaults(&whole->config);

    if (r == 0)
        r = apply_names(whole, file, environment, 0);
    if (r == 0 && whole->config.config[0] != '\0')
        r = apply_file(whole, whole->config.config); /* messages have its name as it was given */
    if (r == 0)
        r = settle_path(whole, file);
    for (size_t i = 0; r == 0 && i < qmon_option_count; i++)
        if (&qmon_options[i] != file)
            r = apply_names(whole, &qmon_options[i], environment, 0);
    for (size_t i = 0; r == 0 && i < qmon_option_count; i++)
        if (qmon_options[i].kind == QMON_VALUE_TEXT)
            r = settle_path(whole, &qmon_options[i]);
    if (r == 0)
        r = qmon__routing_settle(&whole->config);
    return r == 0 ? name_unknown_variables(&whole->config, environment) : r;
}

struct qmon_config *qmon_config_load(char *const *environment) {
    struct whole_config *whole = calloc(1, sizeof *whole);

    if (whole == NULL)
        return NULL;
    if (load(whole, environment) < 0) {
        qmon_config_free(&whole->config);
        return NULL;
    }
    return &whole->config;
}

void qmon_config_free(struct qmon_config *config) {
    if (config == NULL)
        return;
    for (size_t i = 0; i < qmon_option_count; i++)
        qmon__value_free(config, &qmon_options[i]);
    for (size_t i = 0; i < config->problem_count; i++)
        free(config->problems[i]);
    free(config->problems);
    qmon__templates_free(config->templates);
    qmon__routing_free(config->routing);
    json_object_put(config->document);
    free(config);
}

const char *qmon_config_origin(const struct qmon_config *config, const struct qmon_option *option) {
    return ((const struct whole_config *) config)->origins[option - qmon_options];
}

/*
 * document_apply.c: from a parsed document to options.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "document.h"
#include "options.h"
#include "problems.h"
#include "routing_read.h"
#include "value.h"

#define PATH_BYTES 160

struct application {
    struct qmon_config *config;
    const char **origins;
    const char *name; /* of the file */
    const char *text;
    size_t bytes;
};

/* A member, for messages. */
struct member {
    const char *names[2];
    size_t name_count;
    char path[PATH_BYTES]; /* "dedup.window", fit to be shown */
};

static struct member member_of(const char *group, const char *member) {
    struct member named = {{group != NULL ? group : member, member}, group != NULL ? 2 : 1, ""};
    char quoted[QMON__QUOTED_BYTES];

    qmon__printable(member, strlen(member), quoted, sizeof quoted);
    snprintf(named.path, sizeof named.path, "%s%s%s", group != NULL ? group : "", group != NULL ? "." : "", quoted);
    return named;
}

static int problem_at(const struct application *application, const struct member *named, const char *sentence) {
    struct qmon__place place = {1, 1};

    if (application->config->problem_count < QMON__PROBLEMS_MAX) /* else it is only counted */
        qmon__document_locate(application->text, application->bytes, named->names, named->name_count, &place);
    return qmon__problem(application->config, "%s:%u:%u: %s: %s", application->name, place.line, place.column,
                         named->path, sentence);
}

/* The bad value as it may be shown. */
static void quote(const struct qmon_option *option, struct json_object *value, char *ret_text, size_t bytes) {
    char quoted[QMON__QUOTED_BYTES];
    const char *text;

    if ((option->flags & QMON_OPTION_SECRET) || option->kind == QMON_VALUE_TEXT || option->kind == QMON_VALUE_LIST) {
        snprintf(ret_text, bytes, "the value");
        return;
    }
    text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    snprintf(ret_text, bytes, "%s", text == NULL ? "" : qmon__printable(text, strlen(text), quoted, sizeof quoted));
}

static int refuse_value(const struct application *application, const struct member *named,
                        const struct qmon_option *option, struct json_object *value, const char *why) {
    char shown[QMON__QUOTED_BYTES], used[QMON__QUOTED_BYTES], sentence[QMON__QUOTED_BYTES * 2 + QMON__WHY_BYTES + 16];

    quote(option, value, shown, sizeof shown);
    qmon__value_show(application->config, option, used, sizeof used);
    snprintf(sentence, sizeof sentence, "%s %s; using %s", shown, why, used);
    return problem_at(application, named, sentence);
}

static int set_from_array(struct qmon_config *config, const struct qmon_option *option, struct json_object *array,
                          char *ret_why) {
    struct qmon_patterns list = {NULL, 0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < json_object_array_length(array); i++) {
        struct json_object *item = json_object_array_get_idx(array, i);
        const char *text = json_object_get_string(item);
        if (json_object_is_type(item, json_type_string) || json_object_is_type(item, json_type_int))
            r = strlen(text) == (size_t) json_object_get_string_len(item) || json_object_is_type(item, json_type_int)
                    ? qmon__list_add(&list, text, strlen(text), ret_why)
                    : -EINVAL;
        else
            r = -EINVAL;
        if (r == -EINVAL && ret_why[0] == '\0')
            snprintf(ret_why, QMON__WHY_BYTES, "has an item that is not a text (number %zu)", i + 1);
    }
    if (r == 0)
        qmon__value_set_list(config, option, &list);
    qmon__list_clear(&list);
    return r;
}

static int set_from_string(struct qmon_config *config, const struct qmon_option *option, struct json_object *value,
                           char *ret_why) {
    const char *text = json_object_get_string(value);
    size_t bytes = (size_t) json_object_get_string_len(value);

    return qmon__value_set(config, option, text, bytes, ret_why);
}

static int set_from_json(struct qmon_config *config, const struct qmon_option *option, struct json_object *value,
                         char *ret_why) {
    static const char *const wanted[] = {
        [QMON_VALUE_TEXT] = "is not a text",
        [QMON_VALUE_COUNT] = "is not a number",
        [QMON_VALUE_WHO] = "is none of root, all, off",
        [QMON_VALUE_SWITCH] = "is neither true nor false",
        [QMON_VALUE_LIST] = "is not a list of texts",
    };
    enum json_type type = json_object_get_type(value);

    ret_why[0] = '\0';
    if (type == json_type_string)
        return set_from_string(config, option, value, ret_why);
    if (type == json_type_int && option->kind == QMON_VALUE_COUNT) {
        bool negative = json_object_get_int64(value) < 0;
        return qmon__value_set_count(config, option, negative ? UINT64_MAX : json_object_get_uint64(value), ret_why);
    }
    if (type == json_type_boolean && option->kind == QMON_VALUE_SWITCH) {
        qmon__value_set_switch(config, option, json_object_get_boolean(value));
        return 0;
    }
    if (type == json_type_array && option->kind == QMON_VALUE_LIST)
        return set_from_array(config, option, value, ret_why);
    snprintf(ret_why, QMON__WHY_BYTES, "%s", wanted[option->kind]);
    return -EINVAL;
}

static int check_least_severities(const struct application *application, const struct member *named) {
    const struct qmon_patterns *items = &application->config->min_severity;
    char sentence[QMON__QUOTED_BYTES + 160];
    int r = 0;

    for (size_t i = 0; r == 0 && i < items->count; i++)
        if (qmon__routing_least_problem(items->items[i], sentence, sizeof sentence))
            r = problem_at(application, named, sentence);
    return r;
}

static int apply_option(const struct application *application, const struct member *named,
                        const struct qmon_option *option, struct json_object *value) {
    char why[QMON__WHY_BYTES];
    struct qmon__place ignored;
    int r;

    if (qmon__document_locate(application->text, application->bytes, named->names, named->name_count, &ignored) > 1) {
        r = problem_at(application, named, "is given more than once; the last one counts");
        if (r < 0)
            return r;
    }
    if (value == NULL) /* null: as if it were not there */
        return 0;
    r = set_from_json(application->config, option, value, why);
    if (r == -EINVAL)
        return refuse_value(application, named, option, value, why);
    if (r < 0)
        return r;
    application->origins[option - qmon_options] = "QMON_CONFIG";
    return option->offset == offsetof(struct qmon_config, min_severity) ? check_least_severities(application, named)
                                                                        : 0;
}

static int name_unknown(const struct application *application, const struct member *named) {
    bool shown = application->config->problem_count < QMON__PROBLEMS_MAX;
    const char *near = shown ? qmon__option_near_path(named->path) : NULL;
    char sentence[QMON__WHY_BYTES];

    snprintf(sentence, sizeof sentence, "there is no such option%s%s%s", near == NULL ? "" : "; did you mean ",
             near == NULL ? "" : near, near == NULL ? "" : "?");
    return problem_at(application, named, sentence);
}

static int apply_member(const struct application *application, const char *group, const char *member,
                        struct json_object *value);

static int apply_group(const struct application *application, const char *group, struct json_object *members) {
    int r = 0;

    json_object_object_foreach(members, member, value) {
        r = apply_member(application, group, member, value);
        if (r < 0)
            break;
    }
    return r;
}

static int apply_member(const struct application *application, const char *group, const char *member,
                        struct json_object *value) {
    struct member named = member_of(group, member);
    const struct qmon_option *option = qmon__option_by_path(named.path);

    if (option != NULL && (group != NULL || strchr(member, '.') == NULL))
        return apply_option(application, &named, option, value);
    if (group == NULL && qmon__option_is_group(member)) {
        if (value == NULL || json_object_is_type(value, json_type_object))
            return value == NULL ? 0 : apply_group(application, member, value);
        return problem_at(application, &named, "is not an object { ... }; left out");
    }
    if (group == NULL && (strcmp(member, "$schema") == 0 || qmon__routing_is_part(member)))
        return 0;
    return name_unknown(application, &named);
}

int qmon__document_apply(struct qmon_config *config, const char **origins, const char *name, const char *text,
                         size_t bytes, struct json_object *document) {
    struct application application = {config, origins, name, text, bytes};

    return apply_group(&application, NULL, document);
}

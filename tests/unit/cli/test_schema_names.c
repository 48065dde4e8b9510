/*
 * Every name that the schema of the configuration has is one to the reader of the file, in that place, and the reader has no other:
 * so that who checks a file by the schema is told what the reader would say. Which names might be one is learnt from the
 * schema, and from all words in quotes in the source of the reader.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/config.h>

#include "config_with.h"
#include "schema.h"
#include "scratch.h"

#define CANDIDATES_MAX 2000
#define NAME_BYTES 48

static char candidates[CANDIDATES_MAX][NAME_BYTES];
static size_t candidate_count;
static struct json_object *schema;
static struct scratch scratch;

static void add_candidate(const char *name, size_t bytes) {
    if (bytes == 0 || bytes >= NAME_BYTES)
        return;
    for (size_t i = 0; i < candidate_count; i++)
        if (strlen(candidates[i]) == bytes && memcmp(candidates[i], name, bytes) == 0)
            return;
    cr_assert_lt(candidate_count, CANDIDATES_MAX);
    snprintf(candidates[candidate_count++], NAME_BYTES, "%.*s", (int) bytes, name);
}

/* Words of small letters in quotes: those of a path ("dedup.window") one by one. */
static void add_words_of(const char *path) {
    char *text = scratch_read(path);

    cr_assert_not_null(text, "%s", path);
    for (const char *at = strchr(text, '"'); at != NULL; at = strchr(at + 1, '"')) {
        size_t bytes = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_-$*");
        if (at[1 + bytes] == '"' || at[1 + bytes] == '.')
            add_candidate(at + 1, bytes);
        if (at[1 + bytes] == '.')
            add_candidate(at + 2 + bytes, strcspn(at + 2 + bytes, "\""));
    }
    free(text);
}

static void add_names_in(struct json_object *value) {
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member) {
            add_candidate(name, strlen(name));
            add_names_in(member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            add_names_in(json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_string)) {
        const char *text = json_object_get_string(value);
        if (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-$*") == strlen(text))
            add_candidate(text, strlen(text));
    }
}

static void setup(void) {
    char *text = qmon__cli_schema();
    glob_t sources;

    scratch = scratch_make();
    schema = json_tokener_parse(text);
    free(text);
    add_names_in(schema);
    cr_assert_eq(glob(QMON_SOURCE_DIR "/agent/config/*.c", 0, NULL, &sources), 0);
    for (size_t i = 0; i < sources.gl_pathc; i++)
        add_words_of(sources.gl_pathv[i]);
    globfree(&sources);
    add_words_of(QMON_SOURCE_DIR "/agent/pipeline/route.c");
    add_words_of(QMON_SOURCE_DIR "/include/qmon/sinks.def");
    add_words_of(QMON_SOURCE_DIR "/include/qmon/options.def");
    add_candidate("no-such-name", 12);
}

static void teardown(void) {
    json_object_put(schema);
    scratch_remove(&scratch);
}

/* Does the reader say of this document that a name in it is none? */
static bool is_refused(const char *form, const char *name) {
    char member[100], document[400], path[600];
    bool refused = false;

    snprintf(member, sizeof member, "\"%s\": null", name);
    snprintf(document, sizeof document, form, member);
    scratch_write(&scratch, "qmon.json", document);
    snprintf(path, sizeof path, "QMON_CONFIG=%s/qmon.json", scratch.path);
    struct qmon_config *config = config_with(path);
    for (size_t i = 0; i < config->problem_count; i++)
        refused |= strstr(config->problems[i], "there is no such ") != NULL ||
                   strstr(config->problems[i], "no words that a template could make") != NULL;
    qmon_config_free(config);
    return refused;
}

/* What the schema names at this way of members: the keys of an object, or the items of a list. */
static bool has_name(struct json_object *names, const char *name) {
    if (json_object_is_type(names, json_type_object))
        return json_object_object_get_ex(names, name, NULL);
    for (size_t i = 0; i < json_object_array_length(names); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(names, i)), name) == 0)
            return true;
    return false;
}

static size_t count_of(struct json_object *names) {
    return json_object_is_type(names, json_type_object) ? (size_t) json_object_object_length(names)
                                                        : json_object_array_length(names);
}

static void expect_agreement(const char *way, const char *form) {
    char text[200], *rest = text, *name;
    struct json_object *names = schema;
    size_t known = 0;

    snprintf(text, sizeof text, "%s", way);
    while ((name = strsep(&rest, "/")) != NULL)
        cr_assert(json_object_object_get_ex(names, name, &names), "%s: no %s", way, name);
    for (size_t i = 0; i < candidate_count; i++) {
        bool expected = has_name(names, candidates[i]);
        known += expected;
        cr_expect_eq(!is_refused(form, candidates[i]), expected, "%s: \"%s\" is one to the %s alone", way,
                     candidates[i], expected ? "schema" : "reader");
    }
    cr_expect_eq(known, count_of(names), "%s: not each of its names was tried", way);
}

TestSuite(schema_names, .init = setup, .fini = teardown, .timeout = 120);

Test(schema_names, are_those_of_the_reader) {
    static const struct {
        const char *way, *form;
    } places[] = {
        {"properties", "{%s}"},
        {"$defs/route/properties", "{\"routes\": [{\"channels\": [], %s}]}"},
        {"$defs/route/properties/match/properties", "{\"routes\": [{\"channels\": [], \"match\": {%s}}]}"},
        {"$defs/quiet_hours/properties", "{\"quiet_hours\": {\"from\": \"1:00\", \"to\": \"2:00\", %s}}"},
        {"$defs/template/properties", "{\"templates\": {\"slack\": {\"crash\": {%s}}}}"},
        {"$defs/templates/propertyNames/enum", "{\"templates\": {\"slack\": {%s}}}"},
        {"properties/templates/propertyNames/enum", "{\"templates\": {%s}}"},
        {"$defs/channel/enum", "{\"channels\": {%s}}"},
        {"properties/channels/additionalProperties/properties", "{\"channels\": {\"slack\": {%s}}}"},
        {"properties/channels/additionalProperties/properties/limit/properties",
         "{\"channels\": {\"slack\": {\"limit\": {%s}}}}"},
        {"properties/dedup/properties", "{\"dedup\": {%s}}"},
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        expect_agreement(places[i].way, places[i].form);
}

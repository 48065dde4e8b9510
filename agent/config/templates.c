/* templates.c: "templates" of the JSON file: {CHANNEL or "*": {KIND or "*": {"title": TEXT, "body": TEXT}}}. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/template.h>
#include <qmon/text.h>

#include "near.h"
#include "routing_read.h"

#define TEXT_BYTES_MAX 4096u

struct nearest {
    const char *wanted;
    unsigned fewest;
    char path[160];
};

static void compare(void *context, const char *path) {
    struct nearest *nearest = context;
    const char *leaf = strrchr(path, '.');
    unsigned changes = qmon_text_changes(nearest->wanted, path);

    if ((leaf != NULL && strcmp(leaf + 1, nearest->wanted) == 0) || /* "executable", "process.exe" */
        strncmp(path, nearest->wanted, strlen(nearest->wanted)) == 0)
        changes = 1;
    if (changes < nearest->fewest && strlen(path) < sizeof nearest->path) {
        nearest->fewest = changes;
        strcpy(nearest->path, path);
    }
}

static void name_unknown_field(struct qmon__reading *reading, const char *path) {
    struct nearest nearest = {.wanted = path, .fewest = QMON__NEAR_CHANGES + 2};
    char shown[QMON__QUOTED_BYTES];

    qmon_template_paths(compare, &nearest);
    qmon__reading_problem(
        reading, "there is no field \"%s\"%s%s%s", qmon__printable(path, strlen(path), shown, sizeof shown),
        nearest.path[0] != '\0' ? "; did you mean " : "", nearest.path, nearest.path[0] != '\0' ? "?" : "");
}

/* Says everything that is wrong with it. */
static bool is_fine(struct qmon__reading *reading, const char *text) {
    unsigned before = reading->problems;
    struct qmon_template_part part;
    const char *why;

    while (qmon_template_next(&text, &part, &why)) {
        char path[160];
        if (part.path == NULL)
            continue;
        if (part.path_bytes >= sizeof path) {
            qmon__reading_problem(reading, "names a field of more than %zu letters", sizeof path - 1);
            continue;
        }
        memcpy(path, part.path, part.path_bytes);
        path[part.path_bytes] = '\0';
        if (!qmon_template_knows(path))
            name_unknown_field(reading, path);
    }
    if (why != NULL)
        qmon__reading_problem(reading, "%s", why);
    return reading->problems == before;
}

static void read_text(struct qmon__reading *reading, struct json_object *value, char **field) {
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;

    if (text == NULL || strlen(text) != (size_t) json_object_get_string_len(value) || strlen(text) > TEXT_BYTES_MAX) {
        qmon__reading_problem(reading, "is not a text of at most %u bytes; left out", TEXT_BYTES_MAX);
    } else if (is_fine(reading, text)) {
        *field = strdup(text);
        reading->no_memory |= *field == NULL;
    } else {
        qmon__reading_problem(reading, "this template is left out, and the channel's own words are used");
    }
}

static void read_one(struct qmon__reading *reading, struct json_object *texts, struct qmon_template *template) {
    static const char *const known[] = {"title", "body"};

    if (!json_object_is_type(texts, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }; left out");
        return;
    }
    json_object_object_foreach(texts, name, value) {
        qmon__reading_enter(reading, name);
        if (strcmp(name, "title") == 0)
            read_text(reading, value, &template->title);
        else if (strcmp(name, "body") == 0)
            read_text(reading, value, &template->body);
        else
            qmon__reading_unknown(reading, known, sizeof known / sizeof known[0]);
        qmon__reading_leave(reading);
    }
}

static void read_kinds(struct qmon__reading *reading, struct json_object *kinds, struct qmon_template *templates) {
    static const char *const known[QMON_TEMPLATE_KINDS] = {[QMON_KIND_CRASH] = "crash",
                                                           [QMON_KIND_EXIT] = "exit",
                                                           [QMON_KIND_ERROR] = "error",
                                                           [QMON_KIND_LIFECYCLE] = "lifecycle",
                                                           [QMON_TEMPLATE_ANY_KIND] = "*"};

    if (!json_object_is_type(kinds, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }; left out");
        return;
    }
    json_object_object_foreach(kinds, name, value) {
        size_t kind = 0;
        while (kind < QMON_TEMPLATE_KINDS && strcmp(known[kind], name) != 0)
            kind++;
        qmon__reading_enter(reading, name);
        if (kind < QMON_TEMPLATE_KINDS)
            read_one(reading, value, &templates[kind]);
        else
            qmon__reading_unknown(reading, known, QMON_TEMPLATE_KINDS);
        qmon__reading_leave(reading);
    }
}

static void read_channel(struct qmon__reading *reading, const char *name, struct json_object *kinds) {
    struct qmon_templates *templates = reading->config->templates;
    const char *known[QMON_CHANNELS];
    int channel = qmon_channel_by_name(name);

    for (int i = 0; i < QMON_CHANNELS; i++)
        known[i] = qmon_channel_name((enum qmon_channel) i);
    if (strcmp(name, "*") == 0)
        read_kinds(reading, kinds, templates->everywhere);
    else if (channel < 0)
        qmon__reading_unknown(reading, known, QMON_CHANNELS);
    else if (!qmon_channel_has_words((enum qmon_channel) channel))
        qmon__reading_problem(reading, "this channel has the event itself, and no words that a template could make");
    else
        read_kinds(reading, kinds, templates->at[channel]);
}

void qmon__read_templates(struct qmon__reading *reading, struct json_object *value) {
    if (!json_object_is_type(value, json_type_object)) {
        qmon__reading_problem(reading, "is not an object { ... }; left out");
        return;
    }
    reading->config->templates = calloc(1, sizeof *reading->config->templates);
    if (reading->config->templates == NULL) {
        reading->no_memory = true;
        return;
    }
    json_object_object_foreach(value, name, kinds) {
        qmon__reading_enter(reading, name);
        read_channel(reading, name, kinds);
        qmon__reading_leave(reading);
    }
}

static void forget(struct qmon_template templates[QMON_TEMPLATE_KINDS]) {
    for (size_t kind = 0; kind < QMON_TEMPLATE_KINDS; kind++) {
        free(templates[kind].title);
        free(templates[kind].body);
    }
}

void qmon__templates_free(struct qmon_templates *templates) {
    if (templates == NULL)
        return;
    for (int i = 0; i < QMON_CHANNELS; i++)
        forget(templates->at[i]);
    forget(templates->everywhere);
    free(templates);
}

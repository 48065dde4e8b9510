/* template.c: see template.h; and qmon/template.h for what a template is. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/render.h>
#include <qmon/template.h>

#include "template.h"
#include "words.h"

#define TITLE_BYTES 400u
#define BODY_BYTES 12000u
#define TRACE_ROWS 40
#define TEXT_BYTES 8000u

struct filling {
    const struct qmon_event *event;
    struct json_object *fields; /* the event's JSON */
    bool slack;                 /* its markup */
    FILE *out;
};

/* Values are somebody else's text: none of them is markup. */
static void put_value(struct filling *filling, const char *text) {
    static const char marks[] = "&<>`";
    static const char *const slack[] = {"&amp;", "&lt;", "&gt;", "'"};

    for (; *text; text++) {
        const char *mark = filling->slack ? strchr(marks, *text) : NULL;
        if (mark)
            fputs(slack[mark - marks], filling->out);
        else
            putc(*text, filling->out);
    }
}

static void put_json(struct filling *filling, struct json_object *value) {
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            fputs(i ? ", " : "", filling->out);
            put_json(filling, json_object_array_get_idx(value, i));
        }
    } else if (json_object_is_type(value, json_type_object)) {
        const char *before = "";
        json_object_object_foreach(value, name, member) {
            fputs(before, filling->out);
            put_value(filling, name);
            putc('=', filling->out);
            put_json(filling, member);
            before = ", ";
        }
    } else if (value) {
        put_value(filling, json_object_get_string(value));
    }
}

/* The item that the path begins with, "[2]"; *path then is behind it. NULL: there is none. */
static struct json_object *take_item(struct json_object *list, const char **path) {
    char *behind;
    unsigned long index = strtoul(*path + 1, &behind, 10);

    if (!json_object_is_type(list, json_type_array) || behind == *path + 1 || *behind != ']')
        return NULL;
    *path = behind + 1;
    return json_object_array_get_idx(list, index);
}

static struct json_object *take_member(struct json_object *object, const char **path) {
    size_t bytes = strcspn(*path, ".[");
    struct json_object *found = NULL;
    char name[160];

    snprintf(name, sizeof name, "%.*s", (int) bytes, *path);
    *path += bytes;
    json_object_object_get_ex(object, name, &found); /* which bears what is no object */
    return found;
}

/* Names of a program's own choice may hold dots and brackets: the whole rest is tried first. */
static struct json_object *look_up(struct json_object *object, const char *path) {
    struct json_object *found;

    while (*path && object) {
        if (json_object_object_get_ex(object, path, &found))
            return found;
        object = path[0] == '[' ? take_item(object, &path) : take_member(object, &path);
        path += *path == '.';
    }
    return object;
}

static bool find_word(const struct qmon_event *event, const char *path, char *ret_text, size_t bytes) {
    ret_text[0] = '\0';
    if (strcmp(path, "where") == 0)
        qmon_render_where(event, true, ret_text, bytes);
    else if (strcmp(path, "what") == 0)
        qmon__words_what(event, ret_text, bytes);
    else if (strcmp(path, "how_often") == 0)
        qmon__words_often(event, ret_text, bytes);
    else if (strcmp(path, "fleet") == 0)
        qmon_render_fleet(event, ret_text, bytes);
    else if (strcmp(path, "trace") == 0)
        qmon__words_trace(event, TRACE_ROWS, ret_text, bytes);
    else if (strcmp(path, "last_lines") == 0)
        qmon__words_last_lines(event, ret_text, bytes);
    else
        return false;
    return true;
}

static void put_field(struct filling *filling, const struct qmon_template_part *part) {
    char path[160], text[TEXT_BYTES];
    struct json_object *value = NULL;

    snprintf(path, sizeof path, "%.*s", (int) part->path_bytes, part->path);
    if (find_word(filling->event, path, text, sizeof text))
        put_value(filling, text);
    else if ((value = look_up(filling->fields, path)) != NULL)
        put_json(filling, value);
    if (value == NULL && text[0] == '\0' && part->fallback)
        fwrite(part->fallback, 1, part->fallback_bytes, filling->out);
}

/* To be freed; NULL: out of memory. */
static char *fill(struct filling *filling, const char *template) {
    struct qmon_template_part part;
    const char *why;
    char *text = NULL;
    size_t bytes = 0;

    filling->out = open_memstream(&text, &bytes);
    if (!filling->out)
        return NULL;
    while (qmon_template_next(&template, &part, &why)) {
        fwrite(part.text, 1, part.text_bytes, filling->out);
        if (part.path)
            put_field(filling, &part);
    }
    if (fclose(filling->out) == 0)
        return text;
    free(text);
    return NULL;
}

/* Of the event's memory; cut where it is too long. */
static const char *keep(struct qmon_event *event, char *text, size_t most) {
    const char *kept = NULL;

    if (text && strlen(text) > most) {
        text[qmon__words_cut(text, most)] = '\0';
        kept = qmon_event_format(event, "%s \xe2\x80\xa6", text);
    } else if (text) {
        kept = qmon_event_text(event, text);
    }
    free(text);
    return kept && kept[0] ? kept : NULL;
}

void qmon__fill_templates(struct qmon_event *event, const struct qmon_config *config, const struct qmon_sink *sink) {
    int channel = qmon_channel_by_name(sink->name);
    const char *title, *body;

    if (channel < 0 || !config->templates)
        return;
    title = qmon_template_title(config->templates, (enum qmon_channel) channel, event->kind);
    body = qmon_template_body(config->templates, (enum qmon_channel) channel, event->kind);
    if (!title && !body)
        return;
    char *json = qmon_event_to_json(event);
    struct filling filling = {.event = event, .fields = json ? json_tokener_parse(json) : NULL};
    const char *told_title = title && filling.fields ? keep(event, fill(&filling, title), TITLE_BYTES) : NULL;
    filling.slack = channel == QMON_CHANNEL_slack; /* its body; titles are plain text */
    const char *told_body = body && filling.fields ? keep(event, fill(&filling, body), BODY_BYTES) : NULL;
    json_object_put(filling.fields);
    free(json);
    event->told.title = told_title;
    event->told.body = told_body;
}

/* routing_reading.c: going through the JSON file with the place at hand, for messages that say where. */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "near.h"
#include "routing_read.h"
#include "value.h"

#define PATH_BYTES 200

void qmon__reading_enter(struct qmon__reading *reading, const char *name) {
    if (reading->depth < QMON__READING_DEPTH)
        reading->way[reading->depth] = name;
    reading->depth++;
}

void qmon__reading_enter_item(struct qmon__reading *reading, size_t index) {
    char *name = reading->depth < QMON__READING_DEPTH ? reading->indices[reading->depth] : NULL;

    if (name != NULL)
        snprintf(name, sizeof reading->indices[0], "[%zu]", index);
    qmon__reading_enter(reading, name);
}

void qmon__reading_leave(struct qmon__reading *reading) {
    reading->depth--;
}

/* "routes[2].match.severity" */
static void show_path(const struct qmon__reading *reading, char ret_path[PATH_BYTES]) {
    size_t used = 0;

    ret_path[0] = '\0';
    for (size_t i = 0; i < reading->depth && i < QMON__READING_DEPTH && used < PATH_BYTES; i++) {
        char quoted[QMON__QUOTED_BYTES];
        const char *name = reading->way[i];
        qmon__printable(name, strlen(name), quoted, sizeof quoted);
        used +=
            (size_t) snprintf(ret_path + used, PATH_BYTES - used, "%s%s", i > 0 && name[0] != '[' ? "." : "", quoted);
    }
}

void qmon__reading_problem(struct qmon__reading *reading, const char *format, ...) {
    size_t depth = reading->depth < QMON__READING_DEPTH ? reading->depth : QMON__READING_DEPTH;
    char path[PATH_BYTES], words[400];
    va_list arguments;
    struct qmon__place place = {1, 1};

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    reading->problems++;
    show_path(reading, path);
    if (reading->config->problem_count < QMON__PROBLEMS_MAX) /* else it is only counted */
        qmon__document_locate(reading->text, reading->bytes, reading->way, depth, &place);
    if (qmon__problem(reading->config, "%s:%u:%u: %s: %s", reading->name, place.line, place.column, path, words) < 0)
        reading->no_memory = true;
}

void qmon__reading_unknown(struct qmon__reading *reading, const char *const *known, size_t known_count) {
    const char *near = qmon__near_word(reading->way[reading->depth - 1], known, known_count);

    qmon__reading_problem(reading, "there is no such name here%s%s%s", near != NULL ? "; did you mean " : "",
                          near != NULL ? near : "", near != NULL ? "?" : "");
}

const char *qmon__reading_text(struct qmon__reading *reading, struct json_object *value) {
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;

    if (text != NULL && strlen(text) == (size_t) json_object_get_string_len(value) &&
        strlen(text) <= QMON__LIST_ITEM_BYTES_MAX)
        return text;
    qmon__reading_problem(reading, text == NULL ? "is not a text" : "is too long, or holds a NUL");
    return NULL;
}

bool qmon__reading_texts(struct qmon__reading *reading, struct json_object *value,
                         void (*take)(struct qmon__reading *reading, const char *text, void *context), void *context) {
    unsigned before = reading->problems;
    const char *text;

    if (!json_object_is_type(value, json_type_array)) {
        text = qmon__reading_text(reading, value);
        if (text != NULL)
            take(reading, text, context);
        return reading->problems == before;
    }
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        qmon__reading_enter_item(reading, i);
        text = qmon__reading_text(reading, json_object_array_get_idx(value, i));
        if (text != NULL)
            take(reading, text, context);
        qmon__reading_leave(reading);
    }
    return reading->problems == before;
}

static void take_channel(struct qmon__reading *reading, const char *text, void *context) {
    const char *names[QMON_CHANNELS];
    int channel = qmon_channel_by_name(text);
    qmon_channels *channels = context;

    if (channel >= 0) {
        *channels |= (qmon_channels) 1 << channel;
    } else if (strcmp(text, "*") == 0) {
        *channels = ((uint64_t) 1 << QMON_CHANNELS) - 1;
    } else {
        char shown[QMON__QUOTED_BYTES];
        for (int i = 0; i < QMON_CHANNELS; i++)
            names[i] = qmon_channel_name((enum qmon_channel) i);
        const char *near = qmon__near_word(text, names, QMON_CHANNELS);
        qmon__reading_problem(reading, "there is no channel \"%s\"%s%s%s",
                              qmon__printable(text, strlen(text), shown, sizeof shown),
                              near != NULL ? "; did you mean " : "", near != NULL ? near : "", near != NULL ? "?" : "");
    }
}

qmon_channels qmon__reading_channels(struct qmon__reading *reading, struct json_object *value) {
    qmon_channels channels = 0;

    qmon__reading_texts(reading, value, take_channel, &channels);
    return channels;
}

int qmon__reading_severity(struct qmon__reading *reading, const char *text) {
    int severity = qmon_severity_parse(text);

    if (severity < 0) {
        char shown[QMON__QUOTED_BYTES];
        qmon__reading_problem(reading, "\"%s\" is no severity: info, warning, error or critical",
                              qmon__printable(text, strlen(text), shown, sizeof shown));
    }
    return severity;
}

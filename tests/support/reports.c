#include "reports.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports_private.h"
#include "scratch.h"

static const char *text_at(struct json_object *object, const char *name) {
    struct json_object *value;
    return json_object_object_get_ex(object, name, &value) ? json_object_get_string(value) : NULL;
}

static struct json_object *item(struct json_object *array, size_t index) {
    return json_object_is_type(array, json_type_array) && index < json_object_array_length(array)
               ? json_object_array_get_idx(array, index)
               : NULL;
}

/* The frame that the event names as its origin, in the thread that crashed. */
static const char *origin_of(struct json_object *event) {
    struct json_object *threads, *frames, *index;
    if (!json_object_object_get_ex(event, "threads", &threads) || !json_object_object_get_ex(event, "origin", &index) ||
        !json_object_object_get_ex(item(threads, 0), "frames", &frames))
        return NULL;
    return text_at(item(frames, (size_t) json_object_get_int(index)), "function");
}

void reports__add(struct report_list *list, struct json_object *event) {
    struct json_object *lifecycle = NULL, *process = NULL;
    json_object_array_add(list->memory, event);
    list->items = realloc(list->items, (list->count + 1) * sizeof *list->items);
    cr_assert_not_null(list->items);
    json_object_object_get_ex(event, "lifecycle", &lifecycle);
    json_object_object_get_ex(event, "process", &process);
    list->items[list->count++] = (struct report){
        .kind = text_at(event, "kind"),
        .code = text_at(event, "code"),
        .origin = origin_of(event),
        .phase = lifecycle != NULL ? text_at(lifecycle, "phase") : NULL,
        .text = json_object_to_json_string_ext(event, JSON_C_TO_STRING_NOSLASHESCAPE),
        .pid = process != NULL && text_at(process, "pid") != NULL ? atol(text_at(process, "pid")) : 0,
    };
}

void reports_of_events(const char *path, struct report_list *ret_list) {
    char *text = scratch_read(path), *rest = NULL;

    *ret_list = (struct report_list){.memory = json_object_new_array()};
    for (char *line = text != NULL ? strtok_r(text, "\n", &rest) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        struct json_object *event = json_tokener_parse(line);
        cr_assert_not_null(event, "not JSON in the events file: %s", line);
        reports__add(ret_list, event);
    }
    free(text);
}

size_t reports_count(const struct report_list *list, const char *kind, const char *phase,
                     const struct report **ret_first) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct report *report = &list->items[i];
        if (report->kind == NULL || strcmp(report->kind, kind) != 0 ||
            (phase != NULL && (report->phase == NULL || strcmp(report->phase, phase) != 0)))
            continue;
        if (count++ == 0)
            *ret_first = report;
    }
    return count;
}

void reports_free(struct report_list *list) {
    json_object_put(list->memory);
    free(list->items);
}

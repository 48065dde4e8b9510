#include "json_lines.h"

#include <time.h>

#include <json-c/json.h>

bool qmon__cli_json_print(FILE *out, struct json_object *object) {
    const char *text = NULL;

    if (object)
        text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text)
        fprintf(out, "%s\n", text);
    json_object_put(object);
    return text != NULL;
}

struct json_object *qmon__cli_json_text(const char *text) {
    return text ? json_object_new_string(text) : NULL;
}

struct json_object *qmon__cli_json_time(uint64_t time_ms) {
    time_t seconds = (time_t) (time_ms / 1000);
    char text[64], whole[80];
    struct tm parts;

    if (!gmtime_r(&seconds, &parts) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        return NULL;
    snprintf(whole, sizeof whole, "%s.%03uZ", text, (unsigned) (time_ms % 1000));
    return json_object_new_string(whole);
}

bool qmon__cli_json_row(FILE *out, const struct qmon_event_row *row) {
    struct json_object *object = json_object_new_object();

    if (!object)
        return false;
    json_object_object_add(object, "id", qmon__cli_json_text(row->id));
    json_object_object_add(object, "time", qmon__cli_json_time(row->time_ms));
    json_object_object_add(object, "kind", qmon__cli_json_text(row->kind));
    json_object_object_add(object, "severity", qmon__cli_json_text(row->severity));
    json_object_object_add(object, "title", qmon__cli_json_text(row->title));
    json_object_object_add(object, "service", qmon__cli_json_text(row->service));
    json_object_object_add(object, "stage", qmon__cli_json_text(row->stage));
    json_object_object_add(object, "fingerprint", qmon__cli_json_text(row->fingerprint));
    json_object_object_add(object, "state", qmon__cli_json_text(row->state));
    json_object_object_add(object, "occurrences", json_object_new_uint64(row->occurrences));
    return qmon__cli_json_print(out, object);
}

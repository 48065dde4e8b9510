/* The JSON file as the agent reads it: against a real parser, where that takes the text for valid. */
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/json_text.h>

#include "document.h"
#include "value.h"

/* A plain text without anything that the agent leaves to the receiver. */
static bool is_simple(const char *json, size_t bytes, struct json_object *value) {
    const char *text = json_object_get_string(value);

    if (!json_object_is_type(value, json_type_string) || text[0] == '\0' || memchr(json, '\\', bytes) != NULL)
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char) *text < ' ')
            return false;
    return true;
}

static void compare(const char *json, size_t bytes, const char *path, const char *found, size_t length) {
    struct json_object *document, *value, *group;
    char why[QMON__WHY_BYTES];
    struct qmon__place place;

    if (qmon__document_parse(json, bytes, &document, &place, why) < 0)
        return;
    if (strchr(path, '.') == NULL)
        value = json_object_object_get(document, path);
    else
        value = json_object_object_get_ex(document, "a", &group) && json_object_is_type(group, json_type_object)
                    ? json_object_object_get(group, "b")
                    : NULL;
    if (value != NULL && is_simple(json, bytes, value) &&
        (length != strlen(json_object_get_string(value)) || strcmp(found, json_object_get_string(value)) != 0))
        abort();
    if (value == NULL && length > 0 && memchr(json, '\\', bytes) == NULL)
        abort();
    json_object_put(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const paths[] = {"a", "a.b"};
    char *json = malloc(size + 1); /* NUL-terminated for the parser alone */
    char *found = malloc(size + 1);

    if (json != NULL && found != NULL) {
        memcpy(json, data, size);
        json[size] = '\0';
        for (size_t i = 0; i < 2; i++) {
            char *exact = malloc(size > 0 ? size : 1);
            size_t length;
            memcpy(exact, data, size);
            length = qmon_json_text(exact, size, paths[i], found, size + 1);
            if (length > size || (length > 0 && found[length] != '\0'))
                abort();
            compare(json, size, paths[i], found, length);
            free(exact);
        }
    }
    free(json);
    free(found);
    return 0;
}

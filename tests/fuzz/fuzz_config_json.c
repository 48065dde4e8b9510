/* The configuration's JSON file: anything at all may stand in it. */
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/config.h>

#include "document.h"
#include "options.h"
#include "value.h"

static void apply(const char *text, size_t bytes, struct json_object *document) {
    char *const none[] = {NULL};
    struct qmon_config *config = qmon_config_load(none);
    const char *origins[QMON__OPTION_COUNT] = {NULL};

    if (config == NULL)
        return;
    if (qmon__document_apply(config, origins, "fuzz.json", text, bytes, document) == 0)
        for (size_t i = 0; i < config->problem_count; i++)
            if (strchr(config->problems[i], '\n') != NULL)
                abort();
    qmon_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"dedup", "window"};
    char *text = malloc(size + 1);
    struct json_object *document;
    char why[QMON__WHY_BYTES];
    unsigned line;

    if (text == NULL || size > QMON__DOCUMENT_BYTES_MAX) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    qmon__document_locate(text, size, names, 2, &line); /* not only on valid documents */
    if (qmon__document_parse(text, size, &document, &line, why) == 0) {
        apply(text, size, document);
        json_object_put(document);
    }
    free(text);
    return 0;
}

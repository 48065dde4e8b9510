/*
 * describe_unloaded.c: a library that the program opened, and that is not there any more when it crashes. Crumbs tell what was
 * to be opened, by the name that the program gave, and not whether it could be. What was loaded may be called otherwise
 * behind the first dot, and end in a version: "libshop.so" and "libshop.so.1.4" are taken for one.
 */
#include <string.h>

#include <qmon/text.h>

#include "describe.h"

#define OPENS "opens library "

static bool is_loaded(const struct qmon_event *event, const char *name) {
    const size_t stem = strcspn(name, ".");

    for (size_t i = 0; i < event->module_count; i++) {
        const char *module = event->modules[i].path ? qmon_base_name(event->modules[i].path) : "";
        if (strncmp(module, name, stem) == 0 && (module[stem] == '.' || module[stem] == '\0' || module[stem] == '-'))
            return true;
    }
    return false;
}

const char *qmon__unloaded_library(const struct qmon_event *event) {
    const size_t opens = strlen(OPENS);

    for (size_t i = event->module_count > 0 ? event->crumb_count : 0; i > 0; i--) {
        const char *text = event->crumbs[i - 1].text;
        if (text && strncmp(text, OPENS, opens) == 0 && *qmon_base_name(text + opens) &&
            !is_loaded(event, qmon_base_name(text + opens)))
            return text + opens;
    }
    return NULL;
}

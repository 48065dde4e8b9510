/* version.c: which version of the service this is. */
#include <stdio.h>

#include "parts.h"

char *qmon_kit_version_info(const char *version, const char *const *settings, char *ret_text, unsigned long bytes) {
    struct qmon_config *config = NULL;

    if (version == NULL || version[0] == '\0') {
        config = qmon__kit_config(settings);
        version = config != NULL ? config->version : "unknown";
    }
    snprintf(ret_text, bytes, "%s", version);
    qmon_config_free(config);
    return ret_text;
}

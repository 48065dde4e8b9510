/*
 * environment.h: a variable of an envp.
 */
#ifndef QMON__CONFIG_ENVIRONMENT_H
#define QMON__CONFIG_ENVIRONMENT_H

#include <string.h>

/* NULL where it is not set; of several of the same name the first counts, as for getenv. Borrowed. */
static inline const char *qmon__environment_value(char *const *environment, const char *name) {
    size_t bytes = strlen(name);

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, bytes) == 0 && (*environment)[bytes] == '=')
            return *environment + bytes + 1;
    return NULL;
}

#endif

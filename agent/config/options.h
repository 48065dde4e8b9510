/*
 * options.h: looking options up in the table.
 */
#ifndef QMON__CONFIG_OPTIONS_H
#define QMON__CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/config.h>

#define OPTION(field, env, path, kind, fallback, flags, help) +1
#define ALIAS(env, field)
enum {
    QMON__OPTION_COUNT = 0
#include <qmon/options.def>
};
#undef OPTION
#undef ALIAS

/* By the path in the JSON file; NULL where there is none of that name. */
const struct qmon_option *qmon__option_by_path(const char *path);
/* Is `path` an object that holds options ("dedup")? */
bool qmon__option_is_group(const char *path);
/* Is this environment variable in the table, as a name or as an alias? */
bool qmon__option_knows_variable(const char *name, size_t bytes);

/* The name in the table that `name` may have been meant for; NULL where none is near. */
const char *qmon__option_near_variable(const char *name);
const char *qmon__option_near_path(const char *path);

#endif

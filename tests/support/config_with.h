/*
 * config_with.h: a configuration from an environment written down in place: config_with("QMON_STAGE=test", ...).
 */
#ifndef QMON_TEST_CONFIG_WITH_H
#define QMON_TEST_CONFIG_WITH_H

#include <stddef.h>

#include <qmon/config.h>

#define config_with(...) qmon_config_load((char *const *) (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

#endif

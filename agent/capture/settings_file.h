/*
 * settings_file.h: the options that the agent needs, from the JSON file that QMON_CONFIG names.
 */
#ifndef QMON_CAPTURE_SETTINGS_FILE_H
#define QMON_CAPTURE_SETTINGS_FILE_H

#include <stddef.h>

#define QMON__NAME_BYTES 32u /* of an option's names in the agent's tables */

/* Calls keep for each option of the agent that the file at `path` (absolute) sets in a way that an environment variable
 * could; what the receiver makes of the others, and what is wrong, is its own affair. Waits for nothing. */
void qmon__settings_read_file(const char *path, void (*keep)(const char *name, const char *value));

#endif

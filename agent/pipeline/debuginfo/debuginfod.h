/*
 * debuginfod.h: debug files from servers, by build id; only of those that the operator has named. libdebuginfod does the
 * asking and keeps a cache, of what is not there too. It is loaded when it is first needed, and may not be installed.
 *
 * One configuration for the process (the library reads the environment). Not for several threads at once.
 */
#ifndef QMON_PIPELINE_DEBUGINFOD_H
#define QMON_PIPELINE_DEBUGINFOD_H

#include <stdbool.h>
#include <stddef.h>

#include "budget.h"

/* Where the debug file of a build id is now; asking takes at most half of the time that is left. False: nowhere, or not in
 * time. What is there is to be checked: servers are not believed. */
bool qmon__debuginfod_find(const char *build_id, const struct qmon__budget *budget, char *ret_path, size_t bytes);

#endif

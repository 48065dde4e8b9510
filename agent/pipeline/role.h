/* role.h: whose code a frame is. */
#ifndef QMON_PIPELINE_ROLE_H
#define QMON_PIPELINE_ROLE_H

#include <stdbool.h>

#include <qmon/event.h>

/* From module (path), function and source file, each of which may be NULL. */
enum qmon_frame_role qmon__role_of(const char *module, const char *function, const char *file);

/* Does an interpreter's frame belong to what came with the interpreter? By its source file. */
bool qmon__is_interpreter_library(const char *file);

#endif

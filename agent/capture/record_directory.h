/* record_directory.h: the directories that records are in. SIGNAL SAFETY: everything here is async-signal-safe. */
#ifndef QMON_CAPTURE_RECORD_DIRECTORY_H
#define QMON_CAPTURE_RECORD_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include <qmon/paths.h>

/* Of records of this user's processes, QMON_RECORD_DIRECTORY_BYTES: choice 0, or 1 where that is not to be had. */
void qmon__record_directory(unsigned choice, uint32_t uid, char *ret_path);

/* The user's alone? /dev/shm is everybody's, so somebody else may have made a directory of this name. */
bool qmon__is_own_directory(const char *path, uint32_t uid);

/* The directory is there, made if need be, and the user's. */
bool qmon__usable_directory(unsigned choice, uint32_t uid, char *ret_path);

#endif

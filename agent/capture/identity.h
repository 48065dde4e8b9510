/* identity.h: who this process is, written into its record. */
#ifndef QMON_CAPTURE_IDENTITY_H
#define QMON_CAPTURE_IDENTITY_H

#include <link.h>
#include <stdbool.h>

#include <qmon/record.h>

/* The loader's list of what it loaded, by way of the executable's DT_DEBUG; read without the loader's lock. NULL where the
 * executable has none. SIGNAL SAFETY: async-signal-safe. */
const struct link_map *qmon__loaded_objects(void);

/* Where this library is in that list. NULL: there is none. SIGNAL SAFETY: async-signal-safe. */
const struct link_map *qmon__own_object(void);

/* The last in that list when the agent started: up to there nothing goes while the process lives. NULL: it has not started. */
extern const struct link_map *qmon__last_of_start;

/* Finds out where this library was loaded from: qmon__agent.library, absolute. */
void qmon__find_library(const char *working_directory);

/* For a new image: executable, working directory, library. */
void qmon__identity_of_image(struct qmon_record_process *process, const char *executable,
                             const char *working_directory);
/* Its command line. */
void qmon__identity_of_command(struct qmon_record_process *process, int argc, char **argv);
/* Both, kept for the children of this process: qmon__own_image. For the constructor. */
void qmon__identity_keep(const char *executable, const char *working_directory, int argc, char **argv);
/* Both, as an exec with these will have them, or a child that is made to run them: an empty path is the name of the first argument.
 * What cannot be read, as a wild pointer of the program's, is left out. SIGNAL SAFETY: async-signal-safe. */
void qmon__identity_of_next_image(struct qmon_record_process *process, const char *path, char *const arguments[]);
/* boot_id, for records that outlive a reboot. */
void qmon__identity_of_boot(char ret_boot_id[static QMON_BOOT_ID_BYTES]);

#endif

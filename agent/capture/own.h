/*
 * own.h: who this process is, in private memory, for the mapping of its record is not inherited by a fork. What a fork changes is kept
 * apart from what it leaves as it is: the child writes the former only, and so is not given a copy of the page that the rest is in,
 * which would cost it as much as a dozen system calls.
 */
#ifndef QMON_CAPTURE_OWN_H
#define QMON_CAPTURE_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include <qmon/record.h>

/* What a fork changes. The names are those of struct qmon_record_process. */
struct qmon__life {
    uint32_t pid, parent_pid, uid, gid, flags, announced, execs, host_parent_known, session;
    uint64_t pid_namespace, created_boot_ns, created_real_ns, image_real_ns;
};

/* Of this process. Written by its start, and by the child of a fork before any other code runs there. */
extern struct qmon__life qmon__own_life;

/* What is not in a life: of the program that runs. Written by its start. The names are those of struct qmon_record_process; the texts
 * are as long as they are (kept.h), those of an image that has not started are NULL, and the library is qmon__agent.library. */
struct qmon__own_image {
    const char *executable, *working_directory;
    const char *command_line; /* NUL-separated */
    uint32_t command_line_bytes;
    bool command_truncated;
    uint32_t root_pid;
    uint64_t root_created_boot_ns;
    char boot_id[QMON_BOOT_ID_BYTES];
};
extern struct qmon__own_image qmon__own_image;

/* pid, parent, user. SIGNAL SAFETY: async-signal-safe. */
void qmon__life_ids(struct qmon__life *life, int pid);
/* The life of a child of this process that begins now, as the child itself sees it. SIGNAL SAFETY: async-signal-safe. */
void qmon__life_of_child(struct qmon__life *ret_life, int pid);

void qmon__life_of(const struct qmon_record_process *process, struct qmon__life *ret_life);
void qmon__put_life(const struct qmon__life *life, struct qmon_record_process *process);

/* Executable and command line of the image. SIGNAL SAFETY: async-signal-safe. */
void qmon__put_command(const struct qmon__own_image *image, struct qmon_record_process *ret_process);

/* Who this process is, or with another life would be. SIGNAL SAFETY: async-signal-safe. */
void qmon__identity_with(const struct qmon__life *life, struct qmon_record_process *ret_process);

#endif

/*
 * procfs.h: what /proc says of a process. Bounded reads; text is NUL-terminated. pid 0 is the reader itself.
 */
#ifndef QMON_RECEIVER_PROCFS_H
#define QMON_RECEIVER_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct qmon__proc_stat {
    char state; /* as in /proc/PID/stat: 'R', 'S', 'Z', ... */
    uint32_t parent_pid, session, threads;
    uint64_t start_ticks; /* since boot */
    int exit_code;        /* of a zombie, as from waitpid; 0 where we may not know */
};

/* Reads at most bytes - 1 of /proc/PID/name. Returns how many, or negative errno. */
ssize_t qmon__proc_read(uint32_t pid, const char *name, char *ret_text, size_t bytes);
/* The whole of it, up to limit bytes, to be freed; NULL: could not. */
char *qmon__proc_read_all(uint32_t pid, const char *name, size_t limit, size_t *ret_bytes);
ssize_t qmon__proc_link(uint32_t pid, const char *name, char *ret_text, size_t bytes);
int qmon__proc_stat(uint32_t pid, struct qmon__proc_stat *ret_stat);
/* From the text of a stat file; for tests. */
int qmon__proc_parse_stat(const char *text, struct qmon__proc_stat *ret_stat);

/* Inode of a namespace of a process: "pid", "time", ... 0: cannot be seen. */
uint64_t qmon__proc_namespace(uint32_t pid, const char *kind);
/* Is there a /proc, and is it the one of our pid namespace? Asked once. */
bool qmon__proc_is_ours(void);
/* Length of a clock tick of start_ticks. */
uint64_t qmon__tick_ns(void);
/* The machine's boot, as in record.process.boot_id; "" unknown. Asked once. */
const char *qmon__boot_id(void);

#endif

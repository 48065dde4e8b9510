/*
 * record_file.h: a record as the receiver holds it: a descriptor, a private copy, and nothing mapped.
 *
 * Every byte of a record is somebody else's. The file may be rewritten or truncated while we look, so it is read with
 * pread into a copy of our own, which is made sane once (counts clamped, strings terminated) and used from then on; what we
 * say back (state, announced, sequences of the ring) is written with pwrite. A shared mapping would turn a truncated file
 * into a SIGBUS of ours.
 *
 * The open file description is ours alone, never the one the host handed over: OFD locks belong to it.
 */
#ifndef QMON_RECEIVER_RECORD_FILE_H
#define QMON_RECEIVER_RECORD_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <qmon/record.h>

/* Sections of the copy. */
#define QMON__LOAD_HEAD 0x1u /* header, process, end */
#define QMON__LOAD_CRASH 0x2u
#define QMON__LOAD_MODULES 0x4u
#define QMON__LOAD_CRUMBS 0x8u
#define QMON__LOAD_RING 0x10u /* the ring's own words, without its slots */
#define QMON__LOAD_THREADS 0x20u

struct qmon__record_file {
    int fd;
    int directory;           /* -1: the record has no name (a memfd, or unlinked already) */
    char name[NAME_MAX + 1]; /* in `directory`; empty where that is -1 */
    dev_t device;
    ino_t inode;
    uid_t owner; /* of the file */
    bool writable;
    unsigned loaded; /* QMON__LOAD_* */
    struct qmon_record *copy;
    char problem[200]; /* what is wrong with it, in words, after -EBADMSG */
};

/* Opens the record on descriptor `fd`, which stays open and is not used again. path: its name, for removal; NULL or "": it
 * has none. Loads nothing. 0 or negative errno. */
int qmon__record_adopt(struct qmon__record_file *ret_file, int fd, const char *path);

/* Opens DIRECTORY/name, a regular file only, never through a link. `directory` is borrowed: it must stay open. */
int qmon__record_open_at(struct qmon__record_file *ret_file, int directory, const char *name);

/* Closes and forgets; fine for one that is zeroed or closed. Locks go. */
void qmon__record_close(struct qmon__record_file *file);

/* Loads the sections that are wanted and not loaded yet (all wanted ones anew with `again`). -EBADMSG: not a record of this
 * version, `problem` says why; other negative errno: could not read. */
int qmon__record_load(struct qmon__record_file *file, unsigned sections, bool again);

/* What we may write. 0 or negative errno. */
int qmon__record_set_state(struct qmon__record_file *file, uint32_t state);
int qmon__record_announce(struct qmon__record_file *file, uint32_t bits); /* under the lock */
int qmon__record_write(struct qmon__record_file *file, size_t offset, const void *bytes, size_t count);

/* OFD locks on one byte each. try: 0, or -EAGAIN when another has it. until: waits to the deadline, -ETIMEDOUT.
 * A file system without them: 0, one receiver at a time is then a matter of luck and of the store's idempotence. */
#define QMON__LOCK_PROCESS 0   /* who makes events of this record */
#define QMON__LOCK_RING 1      /* who consumes its ring */
#define QMON__LOCK_CRASH 2     /* who saw its process while that died, and knows more than the record tells */
#define QMON__LOCK_SUCCESSOR 3 /* who decides about header.successor; held for a moment */
int qmon__record_try_lock(struct qmon__record_file *file, off_t byte);
int qmon__record_lock_until(struct qmon__record_file *file, off_t byte, uint64_t deadline_monotonic_ms);
void qmon__record_unlock(struct qmon__record_file *file, off_t byte);
/* Does somebody else hold it? */
bool qmon__record_is_locked(const struct qmon__record_file *file, off_t byte);

/* Is NAME still this file? */
bool qmon__record_has_name(const struct qmon__record_file *file);
/* Unlinks it if it still has its name. */
void qmon__record_remove(struct qmon__record_file *file);
/* Renames it to NAME.damaged, or NAME.damaged-2 and so on. 0 or negative errno. */
int qmon__record_set_aside(struct qmon__record_file *file);

/* Memory for a record: private, zeroed, not in use before it is touched. NULL: out of memory. */
struct qmon_record *qmon__blank_record(void);
void qmon__free_record(struct qmon_record *record); /* NULL is fine */

/* Makes a loaded section of a copy safe to use: clamps every count, ends every string. For the fuzzer, too. */
void qmon__record_sanitize(struct qmon_record *copy, unsigned sections);
/* NULL, or what is wrong with the header (static text). */
const char *qmon__record_header_problem(const struct qmon_record_header *header);

#endif

/*
 * kin.h: which records belong to one tree, and who of a tree has the root's role.
 */
#ifndef QMON_RECEIVER_KIN_H
#define QMON_RECEIVER_KIN_H

#include <stdbool.h>
#include <stdint.h>

#include "record_file.h"

/* header.successor of a root that has ended: nobody goes on in its place. */
#define QMON__NOBODY UINT32_MAX

/* Is it of this root's tree? */
bool qmon__is_of_tree(const struct qmon_record_process *root, const struct qmon_record_process *process);

/* Is this process the root's child by fork alone, or such a child's? Its program is the root's. */
bool qmon__is_forked_of(const struct qmon_record_process *root, const struct qmon_record_process *process);

/* Has it left the session that the first root was in, as far as its record tells? It does where libc's setsid() was called. A
 * forked process that has the root's role has left it itself: its children need not leave its own. */
bool qmon__says_it_left_session(const struct qmon_record_process *root, const struct qmon_record_process *process);

/* When the process began to end, in ns since boot: by a crash, or by a stop that is worth telling (a status, a signal). 0 it
 * has not, or not like that. Loads the crash section where that says it. */
uint64_t qmon__failed_boot_ns(struct qmon__record_file *file);

/*
 * Who goes on in the place of this root, which has ended? Decided once, by whoever comes first: the receiver of its end, which
 * found a daemon or none (QMON__NOBODY), or the receiver of a daemon that failed before it was found. Returns what was
 * decided; 0 from the second function: nothing yet.
 */
uint32_t qmon__decide_successor(struct qmon__record_file *root, uint32_t pid);
uint32_t qmon__successor_of(const struct qmon__record_file *root);

/*
 * A forked child has failed. Did its root end before, having made itself a daemon in it, without that having been seen to
 * yet? Then the root's role is the child's: its record is made to say so, and its stop is told with its reason. Under
 * the lock on the child's record.
 */
void qmon__succeed_root(struct qmon__record_file *file);

#endif

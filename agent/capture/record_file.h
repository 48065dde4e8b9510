/*
 * record_file.h: making, adopting and leaving the record's file. SIGNAL SAFETY: everything here is async-signal-safe, so
 * that the child of a fork in a threaded program may call it.
 */
#ifndef QMON_CAPTURE_RECORD_FILE_H
#define QMON_CAPTURE_RECORD_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <qmon/record.h>

/* The record where no file can be had: private memory, copied for the receiver when one is started. */
extern struct qmon_record qmon__spare_record;

enum qmon__record_outcome {
    QMON__RECORD_NEW,     /* fresh: everything but the header is zero */
    QMON__RECORD_ADOPTED, /* this process's own, from before an exec */
    QMON__RECORD_SPARE,   /* no file: qmon__spare_record, zeroed */
};

/* Makes the record of the calling process qmon__agent.record (a process has one; an earlier mapping, a parent's, is not
 * touched). On return header.state is EMPTY for a new or spare one. */
enum qmon__record_outcome qmon__record_acquire(int pid);

/* Was the record that was asked for last another agent's, in this very process? So it is for a program that runs in an emulator
 * which runs the agent, too: that one tells how the process ends. The outcome was SPARE then. */
bool qmon__record_is_occupied(void);

/* A record that is not the process's own: of a guest (guest.h). */
struct qmon__record_place {
    struct qmon_record *record; /* a mapping */
    char path[QMON_PATH_BYTES + 64];
    uint64_t device, inode;
};

/* Makes one for process pid, EMPTY, beside that of its host. False: there is no room for one. */
bool qmon__record_make_guest(int pid, struct qmon__record_place *ret_place);
/* Gives its mapping back; the file stays. */
void qmon__record_leave_guest(struct qmon__record_place *place);

#define QMON_RECORD_PATH_BYTES (QMON_PATH_BYTES + 64)

/* The path of a record of process pid that is to be made (its directory is made, too), QMON_RECORD_PATH_BYTES; and of the one that it
 * may have, beside ours. False: there is none. */
bool qmon__record_new_path(int pid, char *ret_path);
bool qmon__record_path(int pid, char *ret_path);

/* Has the process changed its user since it made its record? Then it cannot open that, and what it forks makes records elsewhere. */
bool qmon__record_is_of_other_user(uint32_t *ret_uid);
/* Can the process open its own record, as it could when it made it? Not as another user, nor in another root. */
bool qmon__record_is_in_reach(void);
/* A receiver that got a copy of the record has told what is in it, and could not say so in the record itself. */
void qmon__record_told_by_copy(struct qmon_record *record);
/* Where processes of this user make theirs: choice 0, or 1 where that is not to be had. QMON_RECORD_PATH_BYTES. */
void qmon__record_path_of_user(unsigned choice, uint32_t uid, int pid, char *ret_path);

/* --- of others (foreign_record.c) --- */

/* The process is about to exec. If it has another user now than when it made its record, or the record is out of its view, that is
 * written anew, for the next image to find, and the old one says so. Taken back should the exec fail. */
void qmon__record_move(void);
void qmon__record_move_back(void);

/* A record for a process that cannot make its own yet (a child between vfork and exec, or out of posix_spawn): state EXEC,
 * not a root, flagged UNSTARTED, and what it is about to run, where that is known. Does nothing when it has one. */
void qmon__record_mark_child(int pid, const char *path, char *const arguments[]);
/* The record of a child of fork() that is dead and never began one (births.h): as it would have been. */
void qmon__record_make_unborn(int pid);

/* What the record of a child that was waited for says of its end. */
enum qmon__child_tells {
    QMON__CHILD_UNKNOWN, /* it has none, or has none any more */
    QMON__CHILD_TELLS,   /* all that there is to say */
    QMON__CHILD_LOST,    /* nothing: the status has been put there, and who killed it */
};

/* killer: NULL where that is not known. *ret_told: the child_signals_told of a child that ended by itself and left them for us. */
enum qmon__child_tells qmon__record_of_child_ended(int pid, int wait_status, const struct qmon_record_killer *killer,
                                                   uint32_t *ret_told);

/* --- of relatives --- */

/* What the record of process pid of our namespace says of it, if there is one: whether it is alive or left it behind is not
 * looked at. */
struct qmon__relative {
    uint32_t state;
    uint32_t successor;
    uint32_t is_subreaper;
    uint32_t host_parent_known;
    uint32_t root_pid;
    uint64_t root_created_boot_ns;
    uint64_t handled_signals;
    uint32_t process_flags;
};
bool qmon__record_of_process(int pid, struct qmon__relative *ret_relative);
/* The same, where it is alive. */
bool qmon__record_of_live_process(int pid, struct qmon__relative *ret_relative);

/* Has process pid, a root, ended without its having been decided who goes on in its place? */
bool qmon__record_awaits_successor(int pid);

/* Goes on in qmon__spare_record, zeroed but for its header; the file, if there is one, is removed. */
void qmon__record_use_spare(void);

/* Removes the file; the mapping stays. */
void qmon__record_unlink(void);

#endif

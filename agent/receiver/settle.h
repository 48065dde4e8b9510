/*
 * settle.h: everything that the record of an ended process holds, told in its order: its start if that was not told yet, what
 * is left in the ring, how it ended, its stop.
 *
 * Under the lock on byte 0. May be done again by another receiver after one that died in the middle: what has been told is
 * marked in `announced`, and what is made again has the same id.
 */
#ifndef QMON_RECEIVER_SETTLE_H
#define QMON_RECEIVER_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "pass.h"
#include "record_file.h"
#include "report.h"

struct qmon__settlement {
    uint32_t live_pid;          /* the process exists and waits; 0 it is gone */
    const char *maps;           /* the text of its maps file, read while it was there; NULL */
    struct qmon__report *crash; /* made already while the process was there; NULL */
    struct qmon__death death;   /* for a process that could not say how it ended */
    bool has_end;               /* a parent saw its end: */
    int wait_status;
    bool no_delivery;
    bool forgetful;  /* neither record nor store remembers whether the start was told: it was */
    unsigned events; /* out: how many were made */
    bool superseded; /* out: a daemon has taken the root's role over */
};

/* True when all of it is kept, and the record is DONE; false: it must stay, for another try. */
bool qmon__settle(struct qmon__pass *pass, struct qmon__record_file *file, struct qmon__settlement *settlement);

/* Tells the start, unless that has been done or is not to be. False: could not be kept. */
bool qmon__settle_start(struct qmon__pass *pass, struct qmon__record_file *file, uint32_t live_pid, bool no_delivery);

/* Does this signal end a process without anything being wrong with it? */
bool qmon__is_stop_signal(int signal);

/* --- daemon.c --- */
/* The root has ended well (or, unseen, within a moment of its fork). Is there a daemon of it, which goes on in its place? Then that one's record is made the root's
 * and its pid returned; 0: there is none. Waits a moment where a child may be about to become one. */
uint32_t qmon__hand_over_to_daemon(struct qmon__record_file *file, bool unseen, uint64_t deadline_ms);
/* Does a root that has ended well leave a child that may be a daemon, or become one? */
bool qmon__may_have_daemon(struct qmon__record_file *file);
/* Notes which session the root is in, while it is there to be asked. */
void qmon__note_session(struct qmon__record_file *file, uint32_t live_pid);

#endif

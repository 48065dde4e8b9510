/*
 * report.h: what the makers of events hand to the pipeline: an event and what only its maker knows.
 */
#ifndef QMON_RECEIVER_REPORT_H
#define QMON_RECEIVER_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <qmon/cache.h>
#include <qmon/config.h>
#include <qmon/event.h>
#include <qmon/pipeline.h>

#include "record_file.h"

struct qmon__report {
    struct qmon_event *event;
    struct qmon_crash_facts facts; /* for crashes with a crash slot; texts belong to the event */
    bool has_facts;
    uint32_t live_pid; /* the process exists and waits for us: its files may be read; 0 it does not */
    bool symbolized;   /* done already, while the process was there */
    const struct qmon_event
        *like; /* an event that came from the same place, ready; NULL not known. Outlives this one */

    /* The pipeline's own: */
    bool prepared;       /* up to its fingerprint */
    const char *ignored; /* why nobody wants it; NULL */
    bool asked_before;   /* as in struct qmon__handing */
    bool decided;        /* and the decision is kept elsewhere than in our store: it is not to be asked for again */
    struct qmon_decision decision;
};

/* --- crash_event.c --- */
/* The crash slot as an event; needs the sections HEAD, CRASH and MODULES (CRUMBS if there are to be any). Works for every
 * stage: what was not reached is left out, and a note says so. 0 or -ENOMEM. */
int qmon__crash_event(const struct qmon_record *record, uint64_t now_ns, uint32_t live_pid,
                      struct qmon__report *ret_report);

/* Where its exception was thrown first, or the panic that it is the answer to. */
void qmon__add_thrown(struct qmon_event *event, const struct qmon_record_thrown *thrown);

/* --- lifecycle_event.c --- */
enum qmon__phase { QMON__PHASE_STARTUP, QMON__PHASE_EXEC, QMON__PHASE_SHUTDOWN };
/* For a shutdown, reason says how; for others it may be NULL. */
int qmon__lifecycle_event(const struct qmon_record *record, enum qmon__phase phase, const char *reason,
                          uint64_t time_ns, uint32_t live_pid, struct qmon__report *ret_report);
/* kind exit: a non-zero status. */
int qmon__exit_event(const struct qmon_record *record, int status, uint64_t time_ns, uint32_t live_pid,
                     struct qmon__report *ret_report);
/* The stop signal (SIGTERM, SIGINT, SIGHUP) that a Java VM says by its exit status that it was ended by, as it does once its shutdown
 * hooks have run; 0: it is none, or has ended otherwise. */
int qmon__stop_of_java(const struct qmon_record *record);
/* How the record says that its process ended: "exit status 3", "signal SIGTERM from pid 71 (bash)". */
void qmon__end_reason(const struct qmon_record *record, char *ret_text, size_t bytes);
/* The same for the crash slot: "signal SIGSEGV". */
void qmon__crash_reason(const struct qmon_record *record, char *ret_text, size_t bytes);

/* --- lost_event.c: a death that nobody saw --- */
struct qmon__death {
    int signal;           /* that ended it, 0 unknown */
    bool known;           /* a parent saw it: the signal is true */
    bool machine_lost;    /* it went with its machine's boot */
    bool agentless;       /* it ran without the agent */
    bool out_of_memory;   /* the kernel's account says that the OOM killer took it */
    const char *evidence; /* a sentence, or NULL */
    uint64_t found_ns;    /* CLOCK_REALTIME */
};
int qmon__lost_event(const struct qmon_record *record, const struct qmon__death *death,
                     struct qmon__report *ret_report);

/* --- crumbs.c --- */
/* Those that were left, and those that the record tells by itself: start, fork, exec. In the order in which it happened. */
void qmon__add_crumbs(struct qmon_event *event, const struct qmon_record *record);
/* The newest time that anything in the record tells, or 0. */
uint64_t qmon__last_sign_ns(const struct qmon_record *record);

/* A new event for this record with its process; time_ns is made sane. NULL out of memory. */
struct qmon_event *qmon__begin_event(const struct qmon_record *record, uint64_t time_ns, uint32_t live_pid,
                                     struct qmon__report *ret_report);

#endif

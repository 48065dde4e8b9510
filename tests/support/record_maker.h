/*
 * record_maker.h: records made by hand, and processes for them to belong to.
 */
#ifndef QMON_TEST_RECORD_MAKER_H
#define QMON_TEST_RECORD_MAKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <qmon/record.h>

struct made_record {
    char path[512];
    struct qmon_record *at; /* the shared mapping, as the agent has it */
};

/* A RUNNING root of process pid in DIRECTORY/NAMESPACE-PID, made now, of this boot and pid namespace, named "/usr/bin/victim".
 * Its flags: ROOT, TELL_LIFECYCLE, TELL_EXIT. The directory is made. Nobody holds its lock. */
struct made_record make_record(const char *directory, uint32_t pid);
void unmake_record(struct made_record *made); /* unmaps; the file stays */

/* Fills the crash slot as for a NULL dereference in function at pc, SEALED. */
void make_crash(struct made_record *made, uint64_t pc);
/* STOPPED by exit. */
void make_exit(struct made_record *made, int status);
/* Puts a filled slot into the ring. */
void make_report(struct made_record *made, const char *code, const char *message);

/* In a child: waits until it is killed, or the test is over, which may fail and forget it. */
_Noreturn void sleep_with_test(void);
/* A child that does so; a number that no process has; a child that is a zombie. */
pid_t start_sleeper(void);
void end_sleeper(pid_t pid); /* kills and reaps */
pid_t free_pid(void);
pid_t make_zombie(void); /* to be reaped with end_sleeper */

/* A time since boot at which no process that a test starts was there yet, however short ago the machine booted. */
#define LONG_BEFORE_NS 1000000000ull

uint64_t boot_clock_ns(void);
uint64_t real_clock_ns(void);

#endif

/*
 * settings.h: the environment, read once.
 *
 * The few options that the agent itself needs are parsed here; all that the receiver needs is copied, because a program
 * may overwrite its environment (servers that set their title do). What is wrong with a value is found and told by
 * the receiver, which reads the same variables; here a bad value just means the default.
 */
#ifndef QMON_CAPTURE_SETTINGS_H
#define QMON_CAPTURE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent.h"

enum qmon__who { QMON__WHO_OFF, QMON__WHO_ROOT, QMON__WHO_ALL };

struct qmon__settings {
    enum qmon__who lifecycle;
    enum qmon__who exit;
    uint64_t deadline_ms;
    bool keep_stderr;                     /* the receiver has the program's standard error: QMON_STDERR */
    bool keep_stderr_file;                /* the same, where it is a regular file: QMON_STDERR_LINES */
    qmon__sigset crash_signals;           /* reported as crashes */
    char state_dir[QMON_STATE_DIR_BYTES]; /* wanted, absolute */
    char **forward;                       /* environment of the receiver, NULL-terminated; kept.h */
};

extern struct qmon__settings qmon__settings;

/* What is in kept.h of them, at most. */
#define QMON__SETTINGS_KEPT_BYTES (34u * 1024u)

/* Returns false when the agent is to do nothing here (QMON_DISABLE, QMON_EXCLUDE, qmon itself). */
bool qmon__settings_read(char *const *environment, const char *executable, const char *working_directory);

/* A list of signals, "SEGV,SIGBUS,6"; unknown words are left out. 0 when nothing in it was understood. */
qmon__sigset qmon__parse_signals(const char *list);

#endif

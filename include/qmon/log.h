/*
 * log.h: the diagnostics of the receiver and the command. Off unless QMON_LOG names a path or stderr; nothing is written
 * anywhere else. A line is one write(): time, pid and the message, so that any number of processes may share a file.
 *
 * Callers keep secrets out of messages. Threads: qmon_log() from any thread once qmon_log_open() has returned.
 */
#ifndef QMON_LOG_H
#define QMON_LOG_H

#include <stdbool.h>

/* `where`: config->log: a path (opened for appending, made with mode 0640 if it is not there), "stderr", or "" for nothing.
 * Replaces what was open before. Returns 0 or a negative errno; after a failure nothing is logged. */
int qmon_log_open(const char *where);
void qmon_log_close(void);
bool qmon_log_is_on(void);

/* Newlines and other control characters are shown as \xNN; lines are cut at 4 KiB. Keeps errno. */
void qmon_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

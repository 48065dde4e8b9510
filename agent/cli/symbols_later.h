/*
 * symbols_later.h: what is known of an old event's places only now: debug files that were found later, and those that would
 * have kept an alert waiting.
 */
#ifndef QMON_CLI_SYMBOLS_LATER_H
#define QMON_CLI_SYMBOLS_LATER_H

#include <qmon/config.h>
#include <qmon/event.h>

/* Symbolizes the event again with the files below `directory`, and says in a note of it what came of that. Its title names
 * the place as it is known now. 0; else an exit status, after what is wrong was said on stderr. */
int qmon__cli_symbolize_with(const char *command, struct qmon_event *event, const struct qmon_config *config,
                             const char *directory);

/* Files and lines of the C library's functions, as far as their debug information is on this machine. Returns how many places
 * are known better now. */
size_t qmon__cli_symbolize_system(struct qmon_event *event);

#endif

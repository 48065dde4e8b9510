/*
 * symbols_later.h: an old event with debug files that were found later.
 */
#ifndef QMON_CLI_SYMBOLS_LATER_H
#define QMON_CLI_SYMBOLS_LATER_H

#include <qmon/config.h>
#include <qmon/event.h>

/* Symbolizes the event again with the files below `directory`, and says in a note of it what came of that. Its title names
 * the place as it is known now. 0; else an exit status, after what is wrong was said on stderr. */
int qmon__cli_symbolize_with(const char *command, struct qmon_event *event, const struct qmon_config *config,
                             const char *directory);

#endif

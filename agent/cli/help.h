/*
 * help.h: the commands, and what is said about them.
 */
#ifndef QMON_CLI_HELP_H
#define QMON_CLI_HELP_H

#include <stdio.h>

#include "args.h"
#include "terminal.h"

/* All commands in the order in which help shows them; NULL-terminated. */
extern const struct qmon__cli_command *const qmon__cli_commands[];

extern const struct qmon__cli_command qmon__cli_run, qmon__cli_list, qmon__cli_show, qmon__cli_export, qmon__cli_flush,
    qmon__cli_stats, qmon__cli_route, qmon__cli_doctor, qmon__cli_help, qmon__cli_version;

/* NULL: there is no such command. */
const struct qmon__cli_command *qmon__cli_command_by_name(const char *name);

void qmon__cli_help_overview(FILE *out);
void qmon__cli_help_command(FILE *out, const struct qmon__cli_command *command);
/* A name in its column of a list. */
void qmon__cli_help_name(FILE *out, const struct qmon__cli_style *style, const char *name, int columns);
/* Says on stderr that there is no such command, and which one may have been meant. Returns QMON_EXIT_USAGE. */
int qmon__cli_unknown_command(const char *name);

#endif

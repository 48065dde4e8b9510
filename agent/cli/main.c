/* The command: finds the subcommand in the table of help.c and runs it. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <qmon/receiver.h>

#include "help.h"

static int finish(int status) {
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
        perror("qmon: the output could not be written");
        return 1;
    }
    return status;
}

int main(int argc, char **argv) {
    const struct qmon__cli_command *command;

    if (argc > 1 && strcmp(argv[1], "receive") == 0)
        return qmon_receive_main(argc - 1, argv + 1);
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C");
    if (argc < 2) {
        qmon__cli_help_overview(stdout);
        return finish(0);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        command = &qmon__cli_help;
    else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        command = &qmon__cli_version;
    else
        command = qmon__cli_command_by_name(argv[1]);
    if (!command)
        return qmon__cli_unknown_command(argv[1]);
    return finish(command->run(argc - 1, argv + 1));
}

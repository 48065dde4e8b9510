#include "help.h"

#include <string.h>

#include <qmon/config.h>

#include "terminal.h"

#define NAME_COLUMNS 9

static int run_help(int argc, char **argv);
static int run_version(int argc, char **argv);

const struct qmon__cli_command qmon__cli_help = {
    .name = "help",
    .summary = "what qmon can do, or more about one command, or the settings",
    .synopsis = "[COMMAND | settings]",
    .max_operands = 1,
    .run = run_help,
};

const struct qmon__cli_command qmon__cli_version = {
    .name = "version",
    .summary = "the version of qmon",
    .synopsis = "",
    .run = run_version,
};

const struct qmon__cli_command *const qmon__cli_commands[] = {
    &qmon__cli_run,
    &qmon__cli_list,
    &qmon__cli_show,
    &qmon__cli_export,
    &qmon__cli_flush,
    &qmon__cli_stats,
    &qmon__cli_route,
    &qmon__cli_doctor,
    &qmon__cli_help,
    &qmon__cli_version,
    NULL,
};

const struct qmon__cli_command *qmon__cli_command_by_name(const char *name) {
    for (const struct qmon__cli_command *const *command = qmon__cli_commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

int qmon__cli_unknown_command(const char *name) {
    const char *names[sizeof qmon__cli_commands / sizeof *qmon__cli_commands] = {0};
    const char *likely;

    for (size_t i = 0; qmon__cli_commands[i]; i++)
        names[i] = qmon__cli_commands[i]->name;
    likely = qmon__cli_likely(name, names);
    fprintf(stderr, "qmon: there is no command '%s'", name);
    if (likely)
        fprintf(stderr, "; did you mean '%s'?\n", likely);
    else
        fprintf(stderr, ". To start a program: qmon run -- PROGRAM\n");
    fputs("Try 'qmon help'.\n", stderr);
    return QMON_EXIT_USAGE;
}

void qmon__cli_help_overview(FILE *out) {
    struct qmon__cli_style style = qmon__cli_style_of(out);

    fputs("qmon " QMON_VERSION ": tells people that a program crashed, failed, started or stopped.\n\n"
          "Usage: qmon COMMAND [OPTIONS]\n\n",
          out);
    for (const struct qmon__cli_command *const *command = qmon__cli_commands; *command; command++) {
        qmon__cli_help_name(out, &style, (*command)->name, NAME_COLUMNS);
        fprintf(out, "%s\n", (*command)->summary);
    }
    fputs("\nTo begin:\n"
          "  qmon run -- ./program --its-options   watch one program, and read a report when it dies\n"
          "  qmon show latest                      read that report again\n"
          "  qmon doctor                           check the configuration, Redis and Slack\n\n"
          "A program need not be started by qmon: LD_PRELOAD=/path/to/libqmon.so ./program does the same.\n"
          "'qmon help COMMAND' tells more about one command, 'qmon help settings' lists the environment variables,\n"
          "'man qmon' tells everything.\n",
          out);
}

/* The table of options, as people set them. */
static void help_settings(FILE *out) {
    struct qmon__cli_style style = qmon__cli_style_of(out);

    fputs("All are read from the environment. Those with a path in parentheses can also stand in the JSON file that\n"
          "QMON_CONFIG names; the environment wins. Of several names the first that is set counts.\n\n",
          out);
    for (size_t i = 0; i < qmon_option_count; i++) {
        const struct qmon_option *option = &qmon_options[i];
        const char *alias;

        fputs("  ", out);
        qmon__cli_put(out, &style, QMON_LOOK_NAME, option->environment);
        for (size_t other = 0; (alias = qmon_option_alias(option, other)); other++) {
            fputs(", ", out);
            qmon__cli_put(out, &style, QMON_LOOK_NAME, alias);
        }
        fprintf(out, *option->path ? " (%s)\n      " : "%s\n      ", option->path);
        qmon__cli_put_wrapped(out, &style, 6, 6, option->help);
        if (*option->fallback)
            fprintf(out, "      default: %s\n", option->fallback);
    }
}

static int run_help(int argc, char **argv) {
    const struct qmon__cli_command *command;
    int first;
    int status = qmon__cli_parse(&qmon__cli_help, argc, argv, NULL, &first);

    if (status >= 0)
        return status;
    if (first == argc) {
        qmon__cli_help_overview(stdout);
        return 0;
    }
    if (strcmp(argv[first], "settings") == 0) {
        help_settings(stdout);
        return 0;
    }
    command = qmon__cli_command_by_name(argv[first]);
    if (!command)
        return qmon__cli_unknown_command(argv[first]);
    qmon__cli_help_command(stdout, command);
    return 0;
}

static int run_version(int argc, char **argv) {
    int first;
    int status = qmon__cli_parse(&qmon__cli_version, argc, argv, NULL, &first);

    if (status >= 0)
        return status;
    puts("qmon " QMON_VERSION);
    return 0;
}

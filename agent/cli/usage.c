/* Help for one command, from its table; apart from help.c, which knows all commands. */
#include <string.h>

#include "help.h"

#define OPTION_COLUMNS 24

void qmon__cli_help_name(FILE *out, const struct qmon__cli_style *style, const char *name, int columns) {
    fputs("  ", out);
    qmon__cli_put(out, style, QMON_LOOK_NAME, name);
    fprintf(out, "%*s", columns > (int) strlen(name) ? columns - (int) strlen(name) : 1, "");
}

static void put_option(FILE *out, const struct qmon__cli_style *style, const struct qmon__cli_option *option) {
    char text[64];
    char letter[5] = "    ";

    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(text, sizeof text, "%s--%s%s%s", letter, option->name, option->value_name ? " " : "",
             option->value_name ? option->value_name : "");
    qmon__cli_help_name(out, style, text, OPTION_COLUMNS);
    qmon__cli_put_wrapped(out, style, OPTION_COLUMNS + 2, OPTION_COLUMNS + 2, option->help);
}

void qmon__cli_help_command(FILE *out, const struct qmon__cli_command *command) {
    static const struct qmon__cli_option help = {'h', "help", QMON_ARG_SWITCH, NULL, "this text", 0};
    struct qmon__cli_style style = qmon__cli_style_of(out);

    fprintf(out, "qmon %s: %s\n\nUsage: qmon %s%s%s\n\nOptions:\n", command->name, command->summary, command->name,
            *command->synopsis ? " " : "", command->synopsis);
    for (const struct qmon__cli_option *option = command->options; option && option->name; option++)
        put_option(out, &style, option);
    put_option(out, &style, &help);
    if (command->details)
        fprintf(out, "\n%s", command->details);
}

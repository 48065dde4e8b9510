#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/text.h>

#include "help.h"
#include "when.h"

#define LIKELY_NAMES 64
#define LIKELY_BYTES 32

const char *qmon__cli_likely(const char *typed, const char *const *names) {
    const char *best = NULL;
    unsigned best_distance = 3;
    size_t length = strlen(typed);

    if (length == 0 || length > LIKELY_BYTES)
        return NULL;
    for (; *names; names++) {
        unsigned distance;
        if (strlen(*names) > LIKELY_BYTES)
            continue;
        distance = qmon_text_changes(typed, *names);
        if (length > 2 && strncmp(typed, *names, length) == 0)
            distance = 1;
        if (distance < best_distance && distance < length) {
            best_distance = distance;
            best = *names;
        }
    }
    return best;
}

static int usage_error(const struct qmon__cli_command *command) {
    fprintf(stderr, "Usage: qmon %s %s\nTry 'qmon help %s'.\n", command->name, command->synopsis, command->name);
    return QMON_EXIT_USAGE;
}

static int unknown_option(const struct qmon__cli_command *command, const char *name, size_t length, bool dashes) {
    const char *names[LIKELY_NAMES + 1];
    size_t count = 0;
    char typed[LIKELY_BYTES + 1] = "";
    const char *likely;

    for (const struct qmon__cli_option *option = command->options; option && option->name; option++)
        if (count < LIKELY_NAMES)
            names[count++] = option->name;
    names[count] = NULL;
    if (length < sizeof typed)
        memcpy(typed, name, length);
    likely = dashes ? qmon__cli_likely(typed, names) : NULL;
    fprintf(stderr, "qmon %s: unknown option %s%.*s%s", command->name, dashes ? "--" : "-", (int) length, name,
            likely ? "; did you mean --" : "\n");
    if (likely)
        fprintf(stderr, "%s?\n", likely);
    return usage_error(command);
}

static int bad_value(const struct qmon__cli_command *command, const struct qmon__cli_option *option, const char *value,
                     const char *wanted) {
    fprintf(stderr, "qmon %s: '%s' is not a value for --%s; it takes %s\n", command->name, value, option->name, wanted);
    return QMON_EXIT_USAGE;
}

static bool parse_count(const char *text, uint64_t *ret_value) {
    char *end;
    unsigned long long value;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno || *end)
        return false;
    *ret_value = value;
    return true;
}

static int store_value(const struct qmon__cli_command *command, const struct qmon__cli_option *option,
                       const char *value, void *values) {
    void *target = (char *) values + option->offset;

    switch (option->value) {
    case QMON_ARG_SWITCH:
        *(bool *) target = true;
        return -1;
    case QMON_ARG_TEXT:
        *(const char **) target = value;
        return -1;
    case QMON_ARG_COUNT:
        if (parse_count(value, target))
            return -1;
        return bad_value(command, option, value, "a whole number, such as 20");
    case QMON_ARG_DURATION:
        if (qmon__cli_parse_duration(value, target))
            return -1;
        return bad_value(command, option, value, "a duration: 90s, 15m, 2h, 7d");
    }
    return -1;
}

struct cursor {
    const struct qmon__cli_command *command;
    int argc;
    char **argv;
    int index; /* the argument being read */
    void *values;
};

static int missing_value(const struct cursor *cursor, const struct qmon__cli_option *option) {
    fprintf(stderr, "qmon %s: --%s needs a value: --%s %s\n", cursor->command->name, option->name, option->name,
            option->value_name);
    return QMON_EXIT_USAGE;
}

static int parse_long(struct cursor *cursor, const char *text) {
    size_t length = strcspn(text, "=");
    const char *value = text[length] ? text + length + 1 : NULL;
    const struct qmon__cli_option *option = cursor->command->options;

    while (option && option->name && (strlen(option->name) != length || strncmp(option->name, text, length) != 0))
        option++;
    if (!option || !option->name)
        return unknown_option(cursor->command, text, length, true);
    if (option->value == QMON_ARG_SWITCH) {
        if (!value)
            return store_value(cursor->command, option, NULL, cursor->values);
        fprintf(stderr, "qmon %s: --%s takes no value\n", cursor->command->name, option->name);
        return QMON_EXIT_USAGE;
    }
    if (!value && cursor->index + 1 < cursor->argc)
        value = cursor->argv[++cursor->index];
    if (!value)
        return missing_value(cursor, option);
    return store_value(cursor->command, option, value, cursor->values);
}

static int parse_letters(struct cursor *cursor, const char *letters) {
    for (; *letters; letters++) {
        const struct qmon__cli_option *option = cursor->command->options;
        const char *value;

        while (option && option->name && option->letter != *letters)
            option++;
        if (!option || !option->name)
            return unknown_option(cursor->command, letters, 1, false);
        if (option->value == QMON_ARG_SWITCH) {
            store_value(cursor->command, option, NULL, cursor->values);
            continue;
        }
        value = letters[1] ? letters + 1 : NULL;
        if (!value && cursor->index + 1 < cursor->argc)
            value = cursor->argv[++cursor->index];
        if (!value)
            return missing_value(cursor, option);
        return store_value(cursor->command, option, value, cursor->values);
    }
    return -1;
}

static int parse_one(struct cursor *cursor) {
    const char *argument = cursor->argv[cursor->index];

    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
        qmon__cli_help_command(stdout, cursor->command);
        return 0;
    }
    return argument[1] == '-' ? parse_long(cursor, argument + 2) : parse_letters(cursor, argument + 1);
}

static int check_operands(const struct qmon__cli_command *command, unsigned count, char **operands) {
    if (count < command->min_operands) {
        fprintf(stderr, "qmon %s: %s is missing\n", command->name, command->operand_help);
        return usage_error(command);
    }
    if (!command->stops_at_operand && count > command->max_operands) {
        fprintf(stderr, "qmon %s: '%s' is one argument too many\n", command->name, operands[command->max_operands]);
        return usage_error(command);
    }
    return -1;
}

int qmon__cli_parse(const struct qmon__cli_command *command, int argc, char **argv, void *values, int *ret_first) {
    struct cursor cursor = {.command = command, .argc = argc, .argv = argv, .index = 1, .values = values};
    char **operands = calloc((size_t) argc + 1, sizeof *operands);
    unsigned count = 0;
    int status = -1;

    if (!operands) {
        fputs("qmon: out of memory\n", stderr);
        return 1;
    }
    for (; status < 0 && cursor.index < argc; cursor.index++) {
        char *argument = argv[cursor.index];
        bool end = strcmp(argument, "--") == 0;
        bool operand = argument[0] != '-' || argument[1] == '\0';

        if (end || (operand && command->stops_at_operand)) {
            for (int i = cursor.index + end; i < argc; i++)
                operands[count++] = argv[i];
            break;
        }
        if (operand)
            operands[count++] = argument;
        else
            status = parse_one(&cursor);
    }
    if (status < 0)
        status = check_operands(command, count, operands);
    if (status < 0) {
        *ret_first = argc - (int) count;
        memcpy(argv + argc - count, operands, count * sizeof *operands);
    }
    free(operands);
    return status;
}

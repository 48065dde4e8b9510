/*
 * args.h: command lines by table. A command describes itself and its options in one static structure; parsing, help and
 * error messages all come from that.
 */
#ifndef QMON_CLI_ARGS_H
#define QMON_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMON_EXIT_USAGE 2

enum qmon__cli_value {
    QMON_ARG_SWITCH,   /* bool */
    QMON_ARG_TEXT,     /* const char *, borrowed from argv */
    QMON_ARG_COUNT,    /* uint64_t */
    QMON_ARG_DURATION, /* uint64_t, milliseconds */
};

struct qmon__cli_option {
    char letter;      /* '\0': none */
    const char *name; /* without the dashes; NULL ends the table */
    enum qmon__cli_value value;
    const char *value_name; /* for help: "KIND"; NULL for switches */
    const char *help;       /* one line */
    size_t offset;          /* of the target in the command's own structure */
};

struct qmon__cli_command {
    const char *name;
    const char *summary;  /* one line, for the list of commands */
    const char *synopsis; /* what follows "qmon NAME" */
    const char *details;  /* paragraphs, newline at the end; NULL */
    const struct qmon__cli_option *options;
    bool stops_at_operand; /* what follows the first operand is not ours to read */
    unsigned min_operands, max_operands;
    const char *operand_help; /* said when operands are missing: "the program to run" */
    int (*run)(int argc, char **argv);
};

/*
 * Reads argv[1..] into `values` by the command's table. Operands are moved behind the options, in their order; their first
 * index goes to ret_first. Returns -1 to go on, else the exit status: 0 after printing help on stdout, QMON_EXIT_USAGE
 * after an error, which is told on stderr with what to do about it.
 */
int qmon__cli_parse(const struct qmon__cli_command *command, int argc, char **argv, void *values, int *ret_first);

/* The entry of `names` (NULL-terminated) that a person who typed `typed` is likely to have meant; NULL none. */
const char *qmon__cli_likely(const char *typed, const char *const *names);

#endif

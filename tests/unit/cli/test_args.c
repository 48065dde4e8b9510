/* Command lines by table. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

#include "args.h"

struct values {
    bool json;
    const char *kind;
    uint64_t count, since_ms;
};

static const struct qmon__cli_option options[] = {
    {'\0', "json", QMON_ARG_SWITCH, NULL, "for scripts", offsetof(struct values, json)},
    {'k', "kind", QMON_ARG_TEXT, "KIND", "only these", offsetof(struct values, kind)},
    {'n', "count", QMON_ARG_COUNT, "N", "at most N", offsetof(struct values, count)},
    {'s', "since", QMON_ARG_DURATION, "TIME", "of the last TIME", offsetof(struct values, since_ms)},
    {0},
};

static const struct qmon__cli_command command = {
    .name = "probe",
    .summary = "for tests",
    .synopsis = "[OPTIONS] THING",
    .options = options,
    .min_operands = 1,
    .max_operands = 2,
    .operand_help = "the thing",
};

static const struct qmon__cli_command launcher = {
    .name = "launch",
    .summary = "for tests",
    .synopsis = "[--] PROGRAM",
    .options = options,
    .stops_at_operand = true,
    .min_operands = 1,
    .operand_help = "the program to run",
};

struct parsed {
    struct values values;
    char *argv[12];
    int argc, first, status;
};

static void parse(struct parsed *parsed, const struct qmon__cli_command *with, const char *const *arguments) {
    memset(parsed, 0, sizeof *parsed);
    parsed->argv[parsed->argc++] = (char *) "probe";
    for (; *arguments; arguments++)
        parsed->argv[parsed->argc++] = (char *) *arguments;
    parsed->first = -1;
    parsed->status = qmon__cli_parse(with, parsed->argc, parsed->argv, &parsed->values, &parsed->first);
}
#define PARSE(parsed, with, ...) parse(parsed, with, (const char *const[]){__VA_ARGS__, NULL})

TestSuite(cli_args, .timeout = 10);

Test(cli_args, reads_options_before_between_and_after_operands) {
    struct parsed parsed;

    PARSE(&parsed, &command, "--json", "one", "-k", "crash", "two", "--count=7", "--since", "2h");
    cr_assert_eq(parsed.status, -1);
    cr_expect(parsed.values.json);
    cr_expect_str_eq(parsed.values.kind, "crash");
    cr_expect_eq(parsed.values.count, 7);
    cr_expect_eq(parsed.values.since_ms, 7200000);
    cr_assert_eq(parsed.first, parsed.argc - 2);
    cr_expect_str_eq(parsed.argv[parsed.first], "one");
    cr_expect_str_eq(parsed.argv[parsed.first + 1], "two");
}

Test(cli_args, takes_a_letter_with_its_value_attached) {
    struct parsed parsed;

    PARSE(&parsed, &command, "-n12", "thing");
    cr_assert_eq(parsed.status, -1);
    cr_expect_eq(parsed.values.count, 12);
}

Test(cli_args, leaves_everything_after_two_dashes_alone) {
    struct parsed parsed;

    PARSE(&parsed, &command, "--", "--json");
    cr_assert_eq(parsed.status, -1);
    cr_expect_not(parsed.values.json);
    cr_expect_str_eq(parsed.argv[parsed.first], "--json");
}

Test(cli_args, leaves_a_programs_own_options_alone_without_two_dashes) {
    struct parsed parsed;

    PARSE(&parsed, &launcher, "--json", "ls", "--count", "-x", "--");
    cr_assert_eq(parsed.status, -1);
    cr_expect(parsed.values.json);
    cr_assert_eq(parsed.argc - parsed.first, 4);
    cr_expect_str_eq(parsed.argv[parsed.first], "ls");
    cr_expect_str_eq(parsed.argv[parsed.first + 3], "--");
}

Test(cli_args, names_an_unknown_option_and_the_one_that_was_meant, .init = cr_redirect_stderr) {
    struct parsed parsed;

    PARSE(&parsed, &command, "--sinse=2h", "thing");
    cr_assert_eq(parsed.status, 2);
    fflush(stderr);
    cr_assert_stderr_eq_str("qmon probe: unknown option --sinse; did you mean --since?\n"
                            "Usage: qmon probe [OPTIONS] THING\nTry 'qmon help probe'.\n");
}

Test(cli_args, says_what_a_value_should_have_been, .init = cr_redirect_stderr) {
    struct parsed parsed;

    PARSE(&parsed, &command, "-n", "-3", "thing");
    cr_assert_eq(parsed.status, 2);
    fflush(stderr);
    cr_assert_stderr_eq_str("qmon probe: '-3' is not a value for --count; it takes a whole number, such as 20\n");
}

Test(cli_args, refuses_what_is_missing_or_too_much, .init = cr_redirect_stderr) {
    struct parsed parsed;

    PARSE(&parsed, &command, "--json");
    cr_expect_eq(parsed.status, 2);
    PARSE(&parsed, &command, "1", "2", "3");
    cr_expect_eq(parsed.status, 2);
    PARSE(&parsed, &command, "thing", "--kind");
    cr_expect_eq(parsed.status, 2);
    PARSE(&parsed, &command, "thing", "--json=yes");
    cr_expect_eq(parsed.status, 2);
    PARSE(&parsed, &command, "thing", "-x");
    cr_expect_eq(parsed.status, 2);
    PARSE(&parsed, &command, "thing", "--count=99999999999999999999");
    cr_expect_eq(parsed.status, 2);
}

Test(cli_args, prints_help_with_every_option, .init = cr_redirect_stdout) {
    struct parsed parsed;

    PARSE(&parsed, &command, "--help");
    cr_assert_eq(parsed.status, 0);
    fflush(stdout);
    cr_assert_stdout_eq_str("qmon probe: for tests\n\nUsage: qmon probe [OPTIONS] THING\n\nOptions:\n"
                            "      --json              for scripts\n"
                            "  -k, --kind KIND         only these\n"
                            "  -n, --count N           at most N\n"
                            "  -s, --since TIME        of the last TIME\n"
                            "  -h, --help              this text\n");
}

Test(cli_args, guesses_only_what_is_close) {
    const char *const names[] = {"run", "list", "show", "doctor", NULL};

    cr_expect_str_eq(qmon__cli_likely("lsit", names), "list");
    cr_expect_str_eq(qmon__cli_likely("doc", names), "doctor");
    cr_expect_str_eq(qmon__cli_likely("docter", names), "doctor");
    cr_expect_null(qmon__cli_likely("x", names));
    cr_expect_null(qmon__cli_likely("backtrace", names));
    cr_expect_null(qmon__cli_likely("", names));
}

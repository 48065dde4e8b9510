/* What README.md and the man page say about options is what the table of options says. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/config.h>

#include "help.h"
#include "scratch.h"

#define ROW_BYTES 1024

TestSuite(cli_documentation, .timeout = 20);

static char *read_source(const char *name) {
    char path[512], *text;

    snprintf(path, sizeof path, "%s/%s", QMON_SOURCE_DIR, name);
    text = scratch_read(path);
    cr_assert_not_null(text, "%s cannot be read", path);
    return text;
}

/* "| `QMON_SERVICE`, `APP_NAME` | `service` |  | service name in events; ... |" */
static void readme_row(const struct qmon_option *option, char *ret_row) {
    size_t used = (size_t) snprintf(ret_row, ROW_BYTES, "\n| `%s`", option->environment);
    const char *alias;

    for (size_t i = 0; (alias = qmon_option_alias(option, i)); i++)
        used += (size_t) snprintf(ret_row + used, ROW_BYTES - used, ", `%s`", alias);
    used += (size_t) snprintf(ret_row + used, ROW_BYTES - used, *option->path ? " | `%s`" : " | %s", option->path);
    used +=
        (size_t) snprintf(ret_row + used, ROW_BYTES - used, *option->fallback ? " | `%s`" : " | %s", option->fallback);
    snprintf(ret_row + used, ROW_BYTES - used, " | %s |\n", option->help);
}

Test(cli_documentation, readme_has_a_row_for_every_option) {
    char *readme = read_source("README.md"), row[ROW_BYTES];

    cr_assert_gt(qmon_option_count, 20);
    for (size_t i = 0; i < qmon_option_count; i++) {
        readme_row(&qmon_options[i], row);
        cr_expect_not_null(strstr(readme, row), "README.md should have this row:%s", row);
    }
    free(readme);
}

Test(cli_documentation, readme_has_no_row_for_an_option_that_is_gone) {
    char *readme = read_source("README.md");
    size_t rows = 0;

    for (const char *at = readme; (at = strstr(at, "\n| `")); at++)
        rows++;
    cr_expect_eq(rows, qmon_option_count, "%zu rows begin with a name; there are %zu options", rows, qmon_option_count);
    free(readme);
}

/* ".BR QMON_SERVICE , APP_NAME" and so on, as the man page writes a term. */
static void man_entry(const struct qmon_option *option, char *ret_entry) {
    size_t used = (size_t) snprintf(ret_entry, ROW_BYTES, "\n.TP\n.BR %s", option->environment);
    const char *alias;

    for (size_t i = 0; (alias = qmon_option_alias(option, i)); i++)
        used += (size_t) snprintf(ret_entry + used, ROW_BYTES - used, " \", \" %s", alias);
    if (*option->path)
        used += (size_t) snprintf(ret_entry + used, ROW_BYTES - used, " \" (%s)\"", option->path);
    used += (size_t) snprintf(ret_entry + used, ROW_BYTES - used, "\n%s", option->help);
    if (*option->fallback)
        used += (size_t) snprintf(ret_entry + used, ROW_BYTES - used, "; default: %s", option->fallback);
    snprintf(ret_entry + used, ROW_BYTES - used, ".\n");
}

Test(cli_documentation, man_page_has_an_entry_for_every_option) {
    char *page = read_source("agent/cli/qmon.1"), entry[ROW_BYTES];

    for (size_t i = 0; i < qmon_option_count; i++) {
        man_entry(&qmon_options[i], entry);
        cr_expect_not_null(strstr(page, entry), "qmon.1 should have this entry:%s", entry);
    }
    free(page);
}

/* "qmon doctor", as a heading of the man page, and in the README's list. */
Test(cli_documentation, has_every_command_and_every_option_of_it) {
    char *page = read_source("agent/cli/qmon.1"), *readme = read_source("README.md"), text[128];

    for (const struct qmon__cli_command *const *at = qmon__cli_commands; *at; at++) {
        const struct qmon__cli_command *command = *at;

        snprintf(text, sizeof text, "\n.B qmon %s\n", command->name);
        cr_expect_not_null(strstr(page, text), "qmon.1 does not show how to call '%s'", command->name);
        snprintf(text, sizeof text, "qmon %s", command->name);
        if (command != &qmon__cli_version)
            cr_expect_not_null(strstr(readme, text), "README.md does not mention '%s'", text);
        for (const struct qmon__cli_option *option = command->options; option && option->name; option++) {
            char escaped[64] = "\\-\\-";
            for (const char *c = option->name; *c; c++)
                snprintf(escaped + strlen(escaped), sizeof escaped - strlen(escaped), *c == '-' ? "\\-" : "%c", *c);
            cr_expect_not_null(strstr(page, escaped), "qmon.1 does not have %s of '%s'", escaped, command->name);
        }
    }
    free(page);
    free(readme);
}

Test(cli_documentation, man_page_tells_this_version) {
    char *page = read_source("agent/cli/qmon.1");

    cr_expect_not_null(strstr(page, "\"qmon " QMON_VERSION "\""));
    free(page);
}

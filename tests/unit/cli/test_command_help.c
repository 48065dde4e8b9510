/* `qmon` as a newcomer meets it. */
#include <criterion/criterion.h>
#include <string.h>

#include <qmon/config.h>

#include "command_case.h"

TestSuite(command_help, .init = setup, .fini = teardown, .timeout = 60);

Test(command_help, is_what_qmon_alone_says) {
    static const char *const names[] = {"run", "list", "show", "flush", "stats", "doctor"};

    COMMAND(&command, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char line[32];
        snprintf(line, sizeof line, "\n  %s ", names[i]);
        command_expect_out(&command, line);
    }
    command_expect_out(&command, "qmon run -- ./program");
    cr_expect_str_empty(command.err);
    cr_expect_null(strstr(command.out, "receive"), "what the agent starts is not for people");
}

Test(command_help, is_given_for_each_command_in_three_ways) {
    struct command other = command;

    COMMAND(&command, 0, "help", "list");
    command_expect_out(&command, "Usage: qmon list [OPTIONS]");
    command_expect_out(&command, "-s, --since TIME");
    COMMAND(&other, 0, "list", "--help");
    cr_expect_str_eq(command.out, other.out);
    command_free(&other);
    COMMAND(&other, 0, "list", "-h");
    cr_expect_str_eq(command.out, other.out);
    command_free(&other);
}

Test(command_help, lists_every_setting) {
    COMMAND(&command, 0, "help", "settings");
    for (size_t i = 0; i < qmon_option_count; i++) {
        command_expect_out(&command, qmon_options[i].environment);
        command_expect_out(&command, qmon_options[i].path);
    }
    command_expect_out(&command, "  QMON_SERVICE, APP_NAME (service)\n");
    command_expect_out(&command, "default: 3600");
}

Test(command_help, tells_what_may_have_been_meant) {
    COMMAND(&command, 2, "lsit");
    command_expect_err(&command, "there is no command 'lsit'; did you mean 'list'?");
    cr_expect_str_empty(command.out);
}

Test(command_help, tells_how_to_start_a_program_to_who_forgot_run) {
    COMMAND(&command, 2, "/bin/true");
    command_expect_err(&command, "To start a program: qmon run -- PROGRAM");
}

Test(command_help, names_a_wrong_option) {
    COMMAND(&command, 2, "show", "--registrs");
    command_expect_err(&command, "unknown option --registrs; did you mean --registers?");
}

Test(command_help, tells_the_version) {
    COMMAND(&command, 0, "--version");
    cr_expect_str_eq(command.out, "qmon " QMON_VERSION "\n");
}

Test(command_help, fails_when_its_output_cannot_be_written) {
    struct command full = command;

    COMMAND(&full, 0, "run", "--", "/bin/sh", "-c", QMON_BUILD_DIR "/qmon help >/dev/full || echo failed");
    command_expect_out(&full, "failed");
    command_free(&full);
    command = (struct command){.scratch = &scratch};
}

/*
 * command_case.h: a command for one test, with a state directory of its own. To be included by one file each: what is here is that
 * file's own.
 */
#ifndef QMON_TEST_COMMAND_CASE_H
#define QMON_TEST_COMMAND_CASE_H

#include "command.h"

static struct scratch scratch;
static struct command command;

static void setup(void) {
    scratch = command_setup();
    command = (struct command){.scratch = &scratch};
}

static void teardown(void) {
    command_free(&command);
    command_teardown(&scratch);
}

#endif

/* Diagnostics. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/log.h>

#include "scratch.h"

static struct scratch scratch;

static void setup(void) {
    scratch = scratch_make();
}

static void teardown(void) {
    qmon_log_close();
    scratch_remove(&scratch);
}

TestSuite(log, .init = setup, .fini = teardown, .timeout = 20);

Test(log, writes_nothing_until_it_is_switched_on) {
    cr_expect_not(qmon_log_is_on());
    qmon_log("lost");
    cr_assert_eq(qmon_log_open(""), 0);
    cr_expect_not(qmon_log_is_on());
}

Test(log, writes_one_line_a_message_with_time_and_pid) {
    const char *path = scratch_path(&scratch, "log");
    char mark[32], *text;

    cr_assert_eq(qmon_log_open(path), 0);
    errno = EXDEV;
    qmon_log("two\nlines %d\x1b[31m", 7);
    cr_expect_eq(errno, EXDEV);
    text = scratch_read(path);
    snprintf(mark, sizeof mark, "Z qmon[%d] ", (int) getpid());
    cr_expect_not_null(strstr(text, mark), "%s", text);
    cr_expect_str_eq(strstr(text, "two"), "two\\x0alines 7\\x1b[31m\n");
    cr_expect_eq(text[10], 'T');
    free(text);
}

Test(log, cuts_what_is_too_long_and_keeps_the_newline) {
    const char *path = scratch_path(&scratch, "log");
    char *text;

    cr_assert_eq(qmon_log_open(path), 0);
    qmon_log("%10000d", 1);
    text = scratch_read(path);
    cr_expect_leq(strlen(text), 4096);
    cr_expect_eq(text[strlen(text) - 1], '\n');
    free(text);
}

Test(log, keeps_the_lines_of_many_processes_apart) {
    const char *path = scratch_path(&scratch, "log");
    char *text, *line, *rest;
    unsigned lines = 0;

    cr_assert_eq(qmon_log_open(path), 0);
    for (int i = 0; i < 8; i++)
        if (fork() == 0) {
            for (int k = 0; k < 100; k++)
                qmon_log("%0200d end", k);
            _exit(0);
        }
    while (wait(NULL) > 0)
        continue;
    text = scratch_read(path);
    for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest), lines++)
        cr_assert_str_eq(line + strlen(line) - 4, " end");
    cr_expect_eq(lines, 800);
    free(text);
}

Test(log, leaves_the_standard_descriptors_alone) {
    const char *path = scratch_path(&scratch, "log");

    close(STDIN_FILENO);
    cr_assert_eq(qmon_log_open(path), 0);
    cr_expect_lt(fcntl(STDIN_FILENO, F_GETFD), 0, "its number was taken");
    cr_expect(qmon_log_is_on());
}

Test(log, reports_a_path_that_cannot_be_opened) {
    cr_expect_eq(qmon_log_open("/nowhere/at/all"), -ENOENT);
    cr_expect_not(qmon_log_is_on());
}

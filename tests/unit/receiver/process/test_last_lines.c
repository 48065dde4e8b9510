#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "last_lines.h"
#include "scratch.h"

static struct scratch scratch;
static struct qmon_event *event;
static int file;

static void set_up(void) {
    scratch = scratch_make();
    event = qmon_event_new(1);
    file = open(scratch_path(&scratch, "log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    cr_assert_geq(file, 0);
}

static void tear_down(void) {
    close(file);
    qmon_event_free(event);
    scratch_remove(&scratch);
}

TestSuite(last_lines, .init = set_up, .fini = tear_down, .timeout = 10);

static void put(const char *text) {
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t) strlen(text));
}

static void expect_lines(size_t count, const char *const *lines) {
    cr_assert_eq(event->context.last_line_count, count);
    for (size_t i = 0; i < count; i++)
        cr_expect_str_eq(event->context.last_lines[i], lines[i]);
}

Test(last_lines, are_the_last_of_the_file_and_in_order) {
    put("one\ntwo\nthree\n\nfour");
    qmon__add_last_lines(event, file, 3);
    expect_lines(3, (const char *const[]){"three", "", "four"});
}

Test(last_lines, are_fewer_where_fewer_were_written) {
    put("only this\n\n\n");
    qmon__add_last_lines(event, file, 5);
    expect_lines(1, (const char *const[]){"only this"});
}

Test(last_lines, end_where_this_program_stopped_though_others_went_on) {
    put("ours\n");
    int other = open(scratch_path(&scratch, "log"), O_WRONLY | O_APPEND);
    cr_assert_eq(write(other, "theirs\n", 7), 7);
    close(other);
    qmon__add_last_lines(event, file, 5);
    expect_lines(1, (const char *const[]){"ours"});
}

Test(last_lines, leave_the_place_of_the_next_write) {
    put("one\n");
    qmon__add_last_lines(event, file, 5);
    cr_expect_eq(lseek(file, 0, SEEK_CUR), 4);
}

Test(last_lines, are_without_secrets_and_terminal_sequences) {
    put("\033[1;31merror:\033[0m no\r\npassword=hunter2secret failed\r\n");
    qmon__add_last_lines(event, file, 5);
    cr_assert_eq(event->context.last_line_count, 2);
    cr_expect_eq(strncmp(event->context.last_lines[0], "error: no", 9), 0, "%s", event->context.last_lines[0]);
    cr_expect_null(strstr(event->context.last_lines[1], "hunter2"), "%s", event->context.last_lines[1]);
    cr_expect_not_null(strstr(event->context.last_lines[1], "failed"));
}

/* Its key was before what is read: nobody could know the rest for a secret. */
Test(last_lines, tell_no_half_of_a_secret) {
    char row[16384 - sizeof "secret is here\nlast" + 1 + 6];

    memset(row, 'x', sizeof row - 1);
    row[sizeof row - 1] = '\0';
    memcpy(row, "password=topsecret ", 19);
    put(row);
    put("secret is here\nlast");
    qmon__add_last_lines(event, file, 5);
    expect_lines(1, (const char *const[]){"last"});
}

Test(last_lines, are_bounded_whatever_was_written) {
    char row[1024];
    memset(row, 'x', sizeof row - 1);
    row[sizeof row - 1] = '\0';
    for (int i = 0; i < 100; i++) {
        put(row);
        put(i % 3 ? "" : "\n");
    }
    qmon__add_last_lines(event, file, 50);
    cr_assert_geq(event->context.last_line_count, 1);
    for (size_t i = 0; i < event->context.last_line_count; i++)
        cr_expect_leq(strlen(event->context.last_lines[i]), 400);
}

Test(last_lines, are_not_taken_from_a_pipe) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "kept\n", 5), 5);
    qmon__add_last_lines(event, ends[1], 5);
    qmon__add_last_lines(event, ends[0], 5);
    cr_expect_eq(event->context.last_line_count, 0);
    char left[8];
    cr_expect_eq(read(ends[0], left, sizeof left), 5, "what was written is still there for its reader");
}

Test(last_lines, are_none_of_an_empty_file_or_of_none) {
    qmon__add_last_lines(event, file, 5);
    qmon__add_last_lines(event, -1, 5);
    cr_expect_eq(event->context.last_line_count, 0);
}

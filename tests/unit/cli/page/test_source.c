/* The lines of a source file around one of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "printed.h"
#include "scratch.h"
#include "source.h"

static struct scratch scratch;

static void setup(void) {
    setlocale(LC_ALL, "C.UTF-8");
    scratch = scratch_make();
}

static void teardown(void) {
    scratch_remove(&scratch);
}

TestSuite(cli_source, .init = setup, .fini = teardown, .timeout = 10);

/* What is printed around a line; NULL when the file has no such line. To be freed. */
static char *around(const char *path, uint32_t line) {
    struct qmon__cli_style style = {0};
    struct qmon__cli_source source;
    struct printed printed;
    bool shown;
    char *text;

    cr_assert_eq(qmon__cli_source_open(path, NULL, &source), 0);
    printed_begin(&printed);
    shown = qmon__cli_source_print(printed.out, &style, &source, line);
    text = printed_end(&printed);
    qmon__cli_source_close(&source);
    if (shown)
        return text;
    cr_expect_str_empty(text);
    free(text);
    return NULL;
}

static void expect_around(const char *path, uint32_t line, const char *wanted) {
    char *text = around(path, line);

    if (wanted)
        cr_expect_str_eq(text, wanted);
    else
        cr_expect_null(text);
    free(text);
}

Test(cli_source, marks_the_line_between_three_before_and_three_after) {
    const char *path = scratch_write(&scratch, "a.c", "1\n2\n3\n4\n5\n6\n7\n\n9\n10\n11\n12\n");

    expect_around(path, 7, "   4 | 4\n   5 | 5\n   6 | 6\n>  7 | 7\n   8 |\n   9 | 9\n  10 | 10\n");
}

Test(cli_source, stops_at_the_ends_of_the_file) {
    const char *path = scratch_write(&scratch, "a.c", "one\ntwo\nthree");

    expect_around(path, 1, "> 1 | one\n  2 | two\n  3 | three\n");
    expect_around(path, 3, "  1 | one\n  2 | two\n> 3 | three\n");
}

Test(cli_source, shows_nothing_for_a_line_that_is_not_there) {
    const char *path = scratch_write(&scratch, "a.c", "one\ntwo\n");

    expect_around(path, 0, NULL);
    expect_around(path, 3, NULL);
    expect_around(path, UINT32_MAX, NULL);
    expect_around(scratch_write(&scratch, "empty.c", ""), 1, NULL);
}

Test(cli_source, expands_tabs_and_defuses_escapes) {
    const char *path = scratch_write(&scratch, "a.c", "\tif (x)\r\n\t\t\033[31mred\n");

    expect_around(path, 1, "> 1 |     if (x)\n  2 |         ?[31mred\n");
}

Test(cli_source, bounds_the_length_of_a_line) {
    char *long_line = malloc(100001);
    char *text;

    memset(long_line, 'y', 100000);
    long_line[100000] = '\0';
    text = around(scratch_write(&scratch, "a.c", long_line), 1);
    cr_assert_not_null(text);
    cr_expect_lt(strlen(text), 600);
    free(text);
    free(long_line);
}

Test(cli_source, opens_regular_files_only) {
    struct qmon__cli_source source;

    cr_assert_eq(mkfifo(scratch_path(&scratch, "pipe"), 0600), 0);
    cr_expect_eq(qmon__cli_source_open(scratch_path(&scratch, "pipe"), NULL, &source), -EINVAL);
    cr_expect_eq(qmon__cli_source_open("/dev/zero", NULL, &source), -EINVAL);
    cr_expect_eq(qmon__cli_source_open(scratch.path, NULL, &source), -EINVAL);
    cr_expect_eq(qmon__cli_source_open(scratch_path(&scratch, "nothing.c"), NULL, &source), -ENOENT);
}

Test(cli_source, refuses_a_file_that_is_too_large) {
    struct qmon__cli_source source;
    const char *path = scratch_write(&scratch, "large.c", "");

    cr_assert_eq(truncate(path, (off_t) QMON_SOURCE_BYTES + 1), 0);
    cr_expect_eq(qmon__cli_source_open(path, NULL, &source), -EFBIG);
}

Test(cli_source, looks_for_a_relative_path_in_the_programs_directory) {
    struct qmon__cli_source source;

    scratch_write(&scratch, "here.c", "x\n");
    cr_assert_eq(qmon__cli_source_open("here.c", scratch.path, &source), 0);
    qmon__cli_source_close(&source);
    cr_expect_eq(qmon__cli_source_open("here.c", NULL, &source), -ENOENT);
}

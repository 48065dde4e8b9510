/* Rows in columns that fit the terminal. */
#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

#include "printed.h"
#include "table.h"

static const struct qmon__cli_column columns[] = {
    {.title = "ID"},
    {.title = "SEEN", .right = true},
    {.title = "TITLE", .least = 8},
};

static void use_utf8(void) {
    setlocale(LC_ALL, "C.UTF-8");
}

TestSuite(cli_table, .init = use_utf8, .timeout = 10);

static char *table_of(unsigned width, const char *const (*rows)[3], size_t count) {
    struct qmon__cli_style style = {.columns = width};
    struct qmon__cli_table *table = qmon__cli_table_new(columns, 3);
    struct printed printed;

    cr_assert_not_null(table);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(qmon__cli_table_add(table, rows[i], NULL), 0);
    printed_begin(&printed);
    qmon__cli_table_print(table, printed.out, &style);
    qmon__cli_table_free(table);
    return printed_end(&printed);
}

Test(cli_table, aligns_columns_and_leaves_no_blanks_at_the_end) {
    const char *const rows[][3] = {{"a1", "7", "first"}, {"b2", "1,234", NULL}, {"gr\xc3\xbc", "12", "third one"}};
    char *text = table_of(0, rows, 3);

    cr_expect_str_eq(text, "ID    SEEN  TITLE\n"
                           "a1       7  first\n"
                           "b2   1,234  \n"
                           "gr\xc3\xbc     12  third one\n");
    free(text);
}

Test(cli_table, cuts_only_columns_that_may_shrink) {
    const char *const rows[][3] = {{"abcdefgh", "1", "a title that is much too long for this"}};
    char *text = table_of(30, rows, 1);

    cr_expect_str_eq(text, "ID        SEEN  TITLE\n"
                           "abcdefgh     1  a title tha...\n");
    free(text);
}

Test(cli_table, shrinks_no_further_than_the_least) {
    const char *const rows[][3] = {{"abcdefgh", "1", "a title that is much too long for this"}};
    char *text = table_of(10, rows, 1);

    cr_expect_not_null(strstr(text, "a tit...\n"));
    free(text);
}

Test(cli_table, prints_its_head_alone_when_there_are_no_rows) {
    char *text = table_of(0, NULL, 0);

    cr_expect_str_eq(text, "ID  SEEN  TITLE\n");
    free(text);
}

Test(cli_table, holds_many_rows) {
    struct qmon__cli_table *table = qmon__cli_table_new(columns, 3);
    struct qmon__cli_style style = {0};
    struct printed printed;
    const char *const row[] = {"id", "1", "title"};
    char *text;

    cr_assert_not_null(table);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(qmon__cli_table_add(table, row, NULL), 0);
    printed_begin(&printed);
    qmon__cli_table_print(table, printed.out, &style);
    text = printed_end(&printed);
    cr_expect_eq(strlen(text), 1001 * strlen("ID  SEEN  TITLE\n"));
    qmon__cli_table_free(table);
    free(text);
}

/* Text made fit for a terminal. */
#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

#include "printed.h"
#include "terminal.h"

static const struct qmon__cli_style piped = {.unicode = true};
static const struct qmon__cli_style colored = {.unicode = true, .color = true, .columns = 40};
static const struct qmon__cli_style ascii = {.columns = 40};

static void use_utf8(void) {
    setlocale(LC_ALL, "C.UTF-8");
}

TestSuite(cli_terminal, .init = use_utf8, .timeout = 10);

static void expect_put(const char *text, const char *wanted) {
    struct printed printed;
    char *got;

    printed_begin(&printed);
    qmon__cli_put(printed.out, &piped, QMON_LOOK_TITLE, text);
    got = printed_end(&printed);
    cr_expect_str_eq(got, wanted);
    free(got);
}

Test(cli_terminal, lets_no_text_steer_the_readers_terminal) {
    expect_put("plain", "plain");
    expect_put("a\033[2Jb\ac\bd\x7f", "a?[2Jb?c?d?");
    expect_put("two\nlines\tand a tab", "two lines and a tab");
    expect_put("bad \xff\xc3( utf8", "bad ?\?( utf8");
    expect_put("c1 \xc2\x9b!", "c1 ?!");
    expect_put("bidi \xe2\x80\xae!", "bidi ?!");
    expect_put("surrogate \xed\xa0\x80 long \xe0\x80\xaf", "surrogate ?\?\? long ?\?\?");
    expect_put("cut short \xe4\xb8", "cut short ?\?");
    expect_put("gr\xc3\xbc\xc3\x9f \xe4\xb8\xad", "gr\xc3\xbc\xc3\x9f \xe4\xb8\xad");
    expect_put(NULL, "");
}

Test(cli_terminal, colours_only_when_the_stream_can_show_them) {
    struct printed printed;
    char *got;

    printed_begin(&printed);
    qmon__cli_put(printed.out, &colored, QMON_LOOK_BAD, "x");
    got = printed_end(&printed);
    cr_expect_str_eq(got, "\033[1;31mx\033[0m");
    free(got);
    cr_expect_str_eq(qmon__cli_look(&piped, QMON_LOOK_BAD), "");
    cr_expect_str_eq(qmon__cli_plain(&piped), "");
}

Test(cli_terminal, knows_that_a_file_is_no_terminal) {
    FILE *file = tmpfile();
    struct qmon__cli_style style;

    cr_assert_not_null(file);
    style = qmon__cli_style_of(file);
    cr_expect_not(style.color);
    cr_expect_eq(style.columns, 0);
    cr_expect(style.unicode);
    fclose(file);
}

Test(cli_terminal, measures_text_in_columns_not_bytes) {
    cr_expect_eq(qmon__cli_width("abc"), 3);
    cr_expect_eq(qmon__cli_width("\xc3\xbc"), 1);
    cr_expect_eq(qmon__cli_width("\xe4\xb8\xad"), 2);
    cr_expect_eq(qmon__cli_width("e\xcc\x81"), 1);
    cr_expect_eq(qmon__cli_width("\xff\xff"), 2);
}

static void expect_fit(const struct qmon__cli_style *style, const char *text, unsigned columns, const char *wanted) {
    char fitted[64];
    unsigned taken = qmon__cli_fit(style, text, columns, fitted, sizeof fitted);

    cr_expect_str_eq(fitted, wanted);
    cr_expect_eq(taken, qmon__cli_width(fitted), "%u columns told for '%s'", taken, fitted);
    cr_expect_leq(taken, columns);
}

Test(cli_terminal, cuts_what_does_not_fit_and_shows_that_it_did) {
    expect_fit(&colored, "abcdef", 6, "abcdef");
    expect_fit(&colored, "abcdef", 5, "abcd\xe2\x80\xa6");
    expect_fit(&ascii, "abcdef", 5, "ab...");
    expect_fit(&ascii, "abcdef", 2, "ab");
    expect_fit(&colored, "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 4, "\xe4\xb8\xad\xe2\x80\xa6");
    expect_fit(&colored, "", 4, "");
}

Test(cli_terminal, never_writes_past_the_buffer) {
    char text[4096], fitted[32];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memset(fitted, 'Z', sizeof fitted);
    qmon__cli_fit(&ascii, text, 4000, fitted, sizeof fitted - 8);
    cr_expect_lt(strlen(fitted), sizeof fitted - 8);
    cr_expect_eq(fitted[sizeof fitted - 8], 'Z');
    cr_expect_str_eq(fitted + strlen(fitted) - 3, "...");
}

Test(cli_terminal, wraps_words_behind_their_indent) {
    struct printed printed;
    char *got;

    printed_begin(&printed);
    qmon__cli_put_wrapped(printed.out, &ascii, 4, 4, "one two three four five six seven eight nine ten");
    got = printed_end(&printed);
    cr_expect_str_eq(got, "one two three four five six seven\n    eight nine ten\n");
    free(got);
}

Test(cli_terminal, leaves_a_word_whole_that_is_wider_than_the_terminal) {
    struct printed printed;
    char *got;

    printed_begin(&printed);
    qmon__cli_put_wrapped(printed.out, &ascii, 0, 2, "a 0123456789012345678901234567890123456789012345 b");
    got = printed_end(&printed);
    cr_expect_str_eq(got, "a\n  0123456789012345678901234567890123456789012345\n  b\n");
    free(got);
}

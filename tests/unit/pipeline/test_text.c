#include <string.h>

#include <criterion/criterion.h>

#include <qmon/text.h>

static char buffer[64];
static struct qmon_text text;

static const char *line(const char *words, size_t columns, enum qmon_text_cut cut) {
    qmon_text_begin(&text, buffer, sizeof buffer);
    qmon_text_line(&text, words, columns, cut);
    return buffer;
}

Test(text, cuts_where_it_is_told, .timeout = 10) {
    cr_assert_str_eq(line("abcdefgh", 8, QMON_CUT_END), "abcdefgh");
    cr_assert_str_eq(line("abcdefgh", 5, QMON_CUT_END), "abcd…");
    cr_assert_str_eq(line("abcdefgh", 5, QMON_CUT_START), "…efgh");
    cr_assert_str_eq(line("abcdefgh", 5, QMON_CUT_MIDDLE), "ab…gh");
    cr_assert_str_eq(line("abcdefgh", 1, QMON_CUT_MIDDLE), "…");
    cr_assert_str_eq(line("äöüß", 3, QMON_CUT_END), "äö…");
    cr_assert_str_eq(line(NULL, 3, QMON_CUT_END), "");
}

Test(text, lets_nothing_through_that_breaks_a_line, .timeout = 10) {
    cr_assert_str_eq(line("a\nb\tc\rd", 60, QMON_CUT_END), "a b c d");
    cr_assert_str_eq(line("a\x1b[31m", 60, QMON_CUT_END), "a\xef\xbf\xbd[31m");
    cr_assert_str_eq(line("a\xe2\x80\xae", 60, QMON_CUT_END), "a\xef\xbf\xbd");
    cr_assert_str_eq(line("a\xc2\x9b", 60, QMON_CUT_END), "a\xef\xbf\xbd");
}

Test(text, replaces_broken_utf8_byte_by_byte, .timeout = 10) {
    cr_assert_str_eq(line("\xc0\xaf", 60, QMON_CUT_END), "\xef\xbf\xbd\xef\xbf\xbd");
    cr_assert_str_eq(line("\xed\xa0\x80", 60, QMON_CUT_END), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    cr_assert_str_eq(line("\xf4\x90\x80\x80", 60, QMON_CUT_END), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    cr_assert_str_eq(line("x\xf0\x9f\x98", 60, QMON_CUT_END), "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    cr_assert_str_eq(line("\xf0\x9f\x98\x80", 60, QMON_CUT_END), "\xf0\x9f\x98\x80");
}

Test(text, never_splits_a_character_at_the_end_of_the_buffer, .timeout = 10) {
    for (size_t size = 1; size < 12; size++) {
        qmon_text_begin(&text, buffer, size);
        qmon_text_add(&text, "a€b€c");
        cr_assert_lt(strlen(buffer), size);
        cr_assert_eq(strncmp(buffer, "a€b€c", strlen(buffer)), 0);
        cr_assert_eq(text.cut, size < 10);
        size_t left = strlen(buffer);
        for (const char *at = buffer; left > 0;) {
            uint32_t code;
            size_t step = qmon_utf8_step(at, left, &code);
            cr_assert_neq(step, 0);
            at += step;
            left -= step;
        }
    }
}

Test(text, adds_nothing_after_the_first_that_did_not_fit, .timeout = 10) {
    qmon_text_begin(&text, buffer, 4);
    qmon_text_add(&text, "ab€");
    qmon_text_add(&text, "c");
    cr_assert_str_eq(buffer, "ab");
}

Test(text, names_a_file_by_what_follows_the_last_slash, .timeout = 10) {
    cr_assert_str_eq(qmon_base_name("/usr/bin/python3"), "python3");
    cr_assert_str_eq(qmon_base_name("python3"), "python3");
    cr_assert_str_eq(qmon_base_name("/srv/shop/"), "/srv/shop/");
    cr_assert_str_eq(qmon_base_name(""), "");
    cr_assert_null(qmon_base_name(NULL));
}

Test(text, counts_the_changes_between_two_words, .timeout = 10) {
    char longer[QMON_CHANGES_BYTES + 2];

    cr_assert_eq(qmon_text_changes("slack", "slack"), 0);
    cr_assert_eq(qmon_text_changes("", "redis"), 5);
    cr_assert_eq(qmon_text_changes("redis", ""), 5);
    cr_assert_eq(qmon_text_changes("kitten", "sitting"), 3);
    cr_assert_eq(qmon_text_changes("sitting", "kitten"), 3);
    cr_assert_eq(qmon_text_changes("stats", "tsats"), 2);
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cr_assert_eq(qmon_text_changes(longer, longer), QMON_CHANGES_BYTES);
    cr_assert_eq(qmon_text_changes("a", longer), QMON_CHANGES_BYTES);
    longer[QMON_CHANGES_BYTES] = '\0';
    cr_assert_eq(qmon_text_changes(longer, longer), 0);
    cr_assert_eq(qmon_text_changes("a", longer), QMON_CHANGES_BYTES - 1);
}

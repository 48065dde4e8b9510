#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "header_list.h"

static struct qmon__header_list list;
static const char *problem;

Test(header_list, reads_pairs_and_decodes_values, .timeout = 10) {
    cr_assert(qmon__header_list_begin(" X-Team = core , X-Note=a%2Cb%20c=d,,X-Percent=100%", &list, &problem));
    cr_assert_eq(list.count, 3);
    cr_assert_str_eq(list.items[0], "X-Team: core");
    cr_assert_str_eq(list.items[1], "X-Note: a,b c=d");
    cr_assert_str_eq(list.items[2], "X-Percent: 100%");
    cr_assert_null(list.items[3]);
    qmon__header_list_end(&list);
}

Test(header_list, nothing_is_no_header, .timeout = 10) {
    static const char *const settings[] = {NULL, "", " , ,"};

    for (size_t i = 0; i < 3; i++) {
        cr_assert(qmon__header_list_begin(settings[i], &list, &problem));
        cr_assert_null(list.items[0]);
        qmon__header_list_end(&list);
    }
}

Test(header_list, refuses_what_would_break_the_request, .timeout = 10) {
    static const char *const settings[] = {
        "X-A=1%0d%0aX-B: 2", "X-A=1\nX-B: 2",    "X A=1",  "=1",      "X-A",      "Host=other",
        "host = x",          "Content-Length=1", "X-A:=1", "X-A=%00", "X\r\nY=1", "Transfer-Encoding=chunked"};

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        cr_expect_not(qmon__header_list_begin(settings[i], &list, &problem), "%s", settings[i]);
        cr_expect_not_null(problem);
        cr_expect_null(list.items[0], "%s", settings[i]);
        qmon__header_list_end(&list);
    }
}

Test(header_list, takes_sixteen_and_no_more, .timeout = 10) {
    char setting[256] = "";

    for (size_t i = 0; i < 17; i++) {
        snprintf(setting + strlen(setting), sizeof setting - strlen(setting), "X-%zu=%zu,", i, i);
        cr_assert_eq(qmon__header_list_begin(setting, &list, &problem), i < 16, "%zu", i);
        qmon__header_list_end(&list);
    }
}

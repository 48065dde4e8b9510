/* Durations and times as people write and read them. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "when.h"

#define NOW_MS UINT64_C(1700000000000) /* 2023-11-14 22:13:20 UTC */

TestSuite(cli_when, .timeout = 10);

static uint64_t duration(const char *text) {
    uint64_t ms = 77;

    return qmon__cli_parse_duration(text, &ms) ? ms : UINT64_MAX;
}

Test(cli_when, reads_durations_in_every_unit) {
    cr_expect_eq(duration("500ms"), 500);
    cr_expect_eq(duration("90"), 90000);
    cr_expect_eq(duration("90s"), 90000);
    cr_expect_eq(duration("15m"), 900000);
    cr_expect_eq(duration("15min"), 900000);
    cr_expect_eq(duration("2h"), 7200000);
    cr_expect_eq(duration("7d"), 604800000);
    cr_expect_eq(duration("1w"), 604800000);
    cr_expect_eq(duration("1h30m5s"), 5405000);
}

Test(cli_when, refuses_what_is_no_duration_and_leaves_the_result_alone) {
    static const char *const bad[] = {"",
                                      "h",
                                      "2x",
                                      "-1s",
                                      "1.5h",
                                      " 1h",
                                      "1h ",
                                      "2hh",
                                      "99999999999999999999",
                                      "18446744073709551615d",
                                      "18446744073709551615ms1ms"};
    uint64_t ms = 77;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(qmon__cli_parse_duration(bad[i], &ms), "'%s'", bad[i]);
    cr_expect_eq(ms, 77);
}

static void expect_relative(uint64_t time_ms, const char *wanted) {
    char text[QMON_WHEN_BYTES];

    cr_expect_str_eq(qmon__cli_relative(time_ms, NOW_MS, text, sizeof text), wanted);
}

Test(cli_when, tells_how_long_ago_in_one_number) {
    expect_relative(NOW_MS, "just now");
    expect_relative(NOW_MS - 999, "just now");
    expect_relative(NOW_MS - 1000, "1 s ago");
    expect_relative(NOW_MS - 59999, "59 s ago");
    expect_relative(NOW_MS - 60000, "1 min ago");
    expect_relative(NOW_MS - 3599999, "59 min ago");
    expect_relative(NOW_MS - 3600000, "1 h ago");
    expect_relative(NOW_MS - 172799999, "47 h ago");
    expect_relative(NOW_MS - 172800000, "2 d ago");
    expect_relative(NOW_MS + 7200000, "in 2 h");
}

Test(cli_when, shortens_a_time_by_how_far_it_is_away) {
    char text[QMON_WHEN_BYTES];

    setenv("TZ", "UTC", 1);
    tzset();
    cr_expect_str_eq(qmon__cli_short(NOW_MS - 1000, NOW_MS, text, sizeof text), "22:13:19");
    cr_expect_str_eq(qmon__cli_short(NOW_MS - 86400000, NOW_MS, text, sizeof text), "Nov 13 22:13");
    cr_expect_str_eq(qmon__cli_short(NOW_MS - UINT64_C(31536000000), NOW_MS, text, sizeof text), "2022-11-14");
    cr_expect_str_eq(qmon__cli_short(NOW_MS + 86400000, NOW_MS, text, sizeof text), "2023-11-15");
    cr_expect_str_eq(qmon__cli_local(NOW_MS, text, sizeof text), "2023-11-14 22:13:20 +0000");
}

Test(cli_when, does_not_stumble_over_impossible_times) {
    char text[QMON_WHEN_BYTES];

    qmon__cli_local(UINT64_MAX, text, sizeof text);
    cr_expect_gt(strlen(text), 0);
    qmon__cli_short(UINT64_MAX, UINT64_MAX, text, sizeof text);
    qmon__cli_relative(0, UINT64_MAX, text, sizeof text);
    cr_expect_gt(strlen(text), 0);
}

/*
 * Quiet hours over midnight, weekends and changes of the clock; and the zones' files and rules that they rest on.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qmon/routing.h>

#include "zone.h"
#include "zone_rule.h"

TestSuite(quiet_hours, .timeout = 20);

static uint64_t utc_ms(int year, int month, int day, int hour, int minute) {
    struct tm civil = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute};

    return (uint64_t) timegm(&civil) * 1000;
}

static uint64_t until(const struct qmon_quiet_hours *quiet, size_t count, enum qmon_severity severity,
                      uint64_t now_ms) {
    const struct qmon_routing routing = {.quiet = (struct qmon_quiet_hours *) quiet, .quiet_count = count};

    return qmon_quiet_until(&routing, QMON_CHANNEL_slack, severity, now_ms);
}

static const struct qmon_quiet_hours night = {.from = 22 * 60,
                                              .to = 7 * 60,
                                              .days = 0x7f,
                                              .zone = "UTC",
                                              .below = QMON_SEVERITY_CRITICAL,
                                              .channels = (qmon_channels) 1 << QMON_CHANNEL_slack};

Test(quiet_hours, last_over_midnight) {
    cr_expect_eq(until(&night, 1, QMON_SEVERITY_ERROR, utc_ms(2026, 11, 25, 21, 59)), 0);
    cr_expect_eq(until(&night, 1, QMON_SEVERITY_ERROR, utc_ms(2026, 11, 25, 22, 0)), utc_ms(2026, 11, 26, 7, 0));
    cr_expect_eq(until(&night, 1, QMON_SEVERITY_ERROR, utc_ms(2026, 11, 26, 6, 59)), utc_ms(2026, 11, 26, 7, 0));
    cr_expect_eq(until(&night, 1, QMON_SEVERITY_ERROR, utc_ms(2026, 11, 26, 7, 0)), 0);
}

Test(quiet_hours, hold_nothing_that_is_severe_enough_or_for_another_channel) {
    const struct qmon_routing routing = {.quiet = (struct qmon_quiet_hours *) &night, .quiet_count = 1};

    cr_expect_eq(until(&night, 1, QMON_SEVERITY_CRITICAL, utc_ms(2026, 11, 25, 23, 0)), 0);
    cr_expect_eq(qmon_quiet_until(&routing, QMON_CHANNEL_email, QMON_SEVERITY_INFO, utc_ms(2026, 11, 25, 23, 0)), 0);
    cr_expect_eq(qmon_quiet_until(NULL, QMON_CHANNEL_slack, QMON_SEVERITY_INFO, utc_ms(2026, 11, 25, 23, 0)), 0);
}

Test(quiet_hours, count_on_the_day_that_they_begin) {
    struct qmon_quiet_hours friday = night;

    friday.days = 1u << 5; /* 2026-11-27 is a Friday */
    cr_expect_eq(until(&friday, 1, QMON_SEVERITY_INFO, utc_ms(2026, 11, 27, 3, 0)), 0, "that night began on Thursday");
    cr_expect_eq(until(&friday, 1, QMON_SEVERITY_INFO, utc_ms(2026, 11, 28, 3, 0)), utc_ms(2026, 11, 28, 7, 0));
}

Test(quiet_hours, that_follow_each_other_are_one_time) {
    struct qmon_quiet_hours weekend[2] = {night, night};

    weekend[1].from = weekend[1].to = 0;
    weekend[1].days = 1u << 6 | 1u << 0;
    cr_expect_eq(until(weekend, 2, QMON_SEVERITY_INFO, utc_ms(2026, 11, 27, 23, 0)), utc_ms(2026, 11, 30, 7, 0));
}

Test(quiet_hours, that_leave_no_moment_in_the_week_are_known_for_it) {
    struct qmon_quiet_hours day = night, third[3] = {night, night, night};
    const uint64_t now_ms = utc_ms(2026, 11, 25, 12, 0);
    struct qmon_routing routing = {.quiet = &day, .quiet_count = 1};

    cr_expect_not(qmon_quiet_for_ever(&routing, QMON_CHANNEL_slack, QMON_SEVERITY_ERROR, now_ms), "a night");
    day.from = day.to;
    cr_expect(qmon_quiet_for_ever(&routing, QMON_CHANNEL_slack, QMON_SEVERITY_ERROR, now_ms));
    cr_expect_not(qmon_quiet_for_ever(&routing, QMON_CHANNEL_slack, QMON_SEVERITY_CRITICAL, now_ms));
    cr_expect_not(qmon_quiet_for_ever(&routing, QMON_CHANNEL_email, QMON_SEVERITY_ERROR, now_ms));
    cr_expect_not(qmon_quiet_for_ever(NULL, QMON_CHANNEL_slack, QMON_SEVERITY_ERROR, now_ms));
    day.days = 0x3f;
    cr_expect_not(qmon_quiet_for_ever(&routing, QMON_CHANNEL_slack, QMON_SEVERITY_ERROR, now_ms), "not on Saturday");
    for (unsigned i = 0; i < 3; i++) { /* more of them in a week than one look follows */
        third[i].from = i * 480;
        third[i].to = (i + 1) * 480 % 1440;
    }
    routing = (struct qmon_routing){.quiet = third, .quiet_count = 3};
    cr_expect(qmon_quiet_for_ever(&routing, QMON_CHANNEL_slack, QMON_SEVERITY_INFO, now_ms));
    third[1].to--;
    cr_expect_not(qmon_quiet_for_ever(&routing, QMON_CHANNEL_slack, QMON_SEVERITY_INFO, now_ms), "a minute each day");
}

Test(quiet_hours, are_those_of_the_zones_clocks) {
    struct qmon_quiet_hours berlin = night;

    if (!qmon_zone_exists("Europe/Berlin"))
        cr_skip_test("no time zones here");
    strcpy(berlin.zone, "Europe/Berlin");
    cr_expect_eq(until(&berlin, 1, QMON_SEVERITY_INFO, utc_ms(2026, 7, 1, 19, 59)), 0);
    cr_expect_eq(until(&berlin, 1, QMON_SEVERITY_INFO, utc_ms(2026, 7, 1, 20, 0)), utc_ms(2026, 7, 2, 5, 0));
    cr_expect_eq(until(&berlin, 1, QMON_SEVERITY_INFO, utc_ms(2026, 12, 1, 21, 0)), utc_ms(2026, 12, 2, 6, 0));
    /* the clocks go on in the night to 2026-03-29, and back in that to 2026-10-25 */
    cr_expect_eq(until(&berlin, 1, QMON_SEVERITY_INFO, utc_ms(2026, 3, 28, 22, 0)), utc_ms(2026, 3, 29, 5, 0));
    cr_expect_eq(until(&berlin, 1, QMON_SEVERITY_INFO, utc_ms(2026, 10, 24, 22, 0)), utc_ms(2026, 10, 25, 6, 0));
    strcpy(berlin.zone, "America/Los_Angeles");
    cr_expect_eq(until(&berlin, 1, QMON_SEVERITY_INFO, utc_ms(2026, 7, 1, 6, 0)), utc_ms(2026, 7, 1, 14, 0));
}

/* The C library is asked the same, in a process of its own zone. */
Test(quiet_hours, zones_agree_with_the_c_library) {
    static const char *const zones[] = {"Europe/Berlin",     "America/New_York",  "Asia/Kolkata", "Australia/Lord_Howe",
                                        "America/Sao_Paulo", "Africa/Casablanca", "Asia/Tehran",  "Pacific/Auckland",
                                        "America/Santiago",  "Asia/Kathmandu",    "UTC",          "Etc/GMT+5",
                                        "Antarctica/Troll",  "Europe/Dublin"};

    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (!qmon_zone_exists(zones[i]))
            continue;
        setenv("TZ", zones[i], 1);
        tzset();
        for (int64_t time_s = -2000000000; time_s < 3500000000; time_s += 1234567) {
            struct tm civil;
            int64_t offset_s = 1;
            time_t seconds = time_s;
            localtime_r(&seconds, &civil);
            cr_assert(qmon__zone_offset(zones[i], time_s, &offset_s));
            cr_assert_eq(offset_s, civil.tm_gmtoff, "%s at %ld: %ld, not %ld", zones[i], (long) time_s, (long) offset_s,
                         civil.tm_gmtoff);
        }
    }
}

Test(quiet_hours, rules_agree_with_the_c_library) {
    static const char *const rules[] = {"CET-1CEST,M3.5.0,M10.5.0/3",
                                        "EST5EDT,M3.2.0,M11.1.0",
                                        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                        "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
                                        "UTC0",
                                        "<+0545>-5:45",
                                        "NZST-12NZDT,M9.5.0,M4.1.0/3"};

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        setenv("TZ", rules[i], 1);
        tzset();
        for (int64_t time_s = 0; time_s < 5000000000; time_s += 123457) {
            struct tm civil;
            int64_t offset_s = 1;
            time_t seconds = time_s;
            localtime_r(&seconds, &civil);
            cr_assert(qmon__zone_rule_offset(rules[i], time_s, &offset_s), "%s", rules[i]);
            cr_assert_eq(offset_s, civil.tm_gmtoff, "%s at %ld: %ld, not %ld", rules[i], (long) time_s, (long) offset_s,
                         civil.tm_gmtoff);
        }
    }
}

Test(quiet_hours, rules_that_are_none_are_refused) {
    static const char *const rules[] = {"",
                                        "C-1",
                                        "CET",
                                        "CET-1CEST",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M13.5.0,M10.5.0",
                                        "<>0",
                                        "<+1",
                                        "CET-999",
                                        "CET-1:99",
                                        "CET-1CEST,J60,J300",
                                        "CET-1CEST,M3.5.0,M10.5.0/3,",
                                        "CET-1CEST,M3.6.0,M10.5.0",
                                        "CET-1CEST,M3.5.7,M10.5.0"};
    int64_t offset_s;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        cr_expect_not(qmon__zone_rule_offset(rules[i], 0, &offset_s), "%s", rules[i]);
}

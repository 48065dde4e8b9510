#include <criterion/criterion.h>

#include <qmon/sink.h>

Test(backoff, doubles_from_a_second_to_an_hour, .timeout = 10) {
    cr_assert_eq(qmon_sink_backoff_ms(1, 0, UINT32_MAX), 999);
    cr_assert_eq(qmon_sink_backoff_ms(2, 0, UINT32_MAX), 1999);
    cr_assert_eq(qmon_sink_backoff_ms(11, 0, UINT32_MAX), 1023999);
    cr_assert_eq(qmon_sink_backoff_ms(12, 0, UINT32_MAX), 2047999);
    cr_assert_eq(qmon_sink_backoff_ms(13, 0, UINT32_MAX), 3599999);
    cr_assert_eq(qmon_sink_backoff_ms(UINT32_MAX, 0, UINT32_MAX), 3599999);
}

Test(backoff, spreads_over_the_whole_time, .timeout = 10) {
    cr_assert_eq(qmon_sink_backoff_ms(8, 0, 1u << 31), 64000);
    cr_assert_eq(qmon_sink_backoff_ms(8, 0, 0), 100);
    cr_assert_eq(qmon_sink_backoff_ms(0, 0, 0), 100);
}

Test(backoff, never_comes_before_the_other_sides_wish, .timeout = 10) {
    cr_assert_eq(qmon_sink_backoff_ms(1, 30000, 0), 30000);
    cr_assert_eq(qmon_sink_backoff_ms(1, 30000, UINT32_MAX), 30999);
    cr_assert_geq(qmon_sink_backoff_ms(40, UINT64_MAX, UINT32_MAX), UINT64_MAX - 3600000);
}

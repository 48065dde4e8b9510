#include <string.h>

#include <criterion/criterion.h>

#include "delivery_state.h"

Test(delivery_state, is_read_as_it_was_written, .timeout = 10) {
    struct qmon__delivery_state state = {.tries = 7, .destination = 0xfedcba9876543210, .not_before_ms = 1732104241000};
    struct qmon__delivery_state again;
    char text[192];

    qmon__delivery_state_write(&state, text, sizeof text);
    cr_assert_str_eq(text, "1 7 fedcba9876543210 1732104241000");
    strcpy(state.sink, "plain");
    qmon__delivery_state_write(&state, text, sizeof text);
    qmon__delivery_state_read(text, &again);
    cr_assert_eq(again.tries, 7);
    cr_assert_eq(again.destination, 0xfedcba9876543210);
    cr_assert_eq(again.not_before_ms, 1732104241000);
    cr_assert_str_eq(again.sink, "plain");
}

Test(delivery_state, what_is_not_ours_counts_for_nothing, .timeout = 10) {
    static const char *const texts[] = {NULL, "", "2 7 1 1 x", "1", "1 x", "1 7 zz", "plain", "\xff\xff"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct qmon__delivery_state state;
        memset(&state, 0xee, sizeof state);
        qmon__delivery_state_read(texts[i], &state);
        cr_assert_eq(state.tries, 0);
        cr_assert_eq(state.destination, 0);
        cr_assert_eq(state.not_before_ms, 0);
        cr_assert_str_eq(state.sink, "");
    }
}

#include <criterion/criterion.h>

#include "bound.h"

TestSuite(bound, .timeout = 10);

Test(bound, counts_the_filters_that_the_kernel_tells_of) {
    cr_expect_eq(qmon__filters_in("Name:\tx\nSeccomp:\t0\nSeccomp_filters:\t0\n"), 0);
    cr_expect_eq(qmon__filters_in("Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t3\n"), 3);
}

Test(bound, takes_a_kernel_s_word_that_there_are_some) {
    cr_expect_eq(qmon__filters_in("Name:\tx\nSeccomp:\t2\nSpeculation\n"), 1);
    cr_expect_eq(qmon__filters_in("Name:\tx\nSeccomp:\t1\nSeccomp_filters:\t0\n"), 1, "the strict mode has no filter");
    cr_expect_eq(qmon__filters_in("Name:\tx\n"), 0);
}

/* signal.c: names of signals and their codes. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include <qmon/pipeline.h>

Test(signal, every_number_has_a_name_that_leads_back_to_it, .timeout = 10) {
    for (int number = 1; number <= SIGRTMAX; number++) {
        const char *name = qmon_signal_name(number);
        cr_assert_not_null(name, "signal %d", number);
        cr_expect_eq(qmon_signal_number(name), number, "%s", name);
        if (number < 32 && number != SIGIO) {
            cr_expect_eq(strcmp(name + 3, sigabbrev_np(number)), 0, "%s", name);
        }
    }
    cr_expect_null(qmon_signal_name(0));
    cr_expect_null(qmon_signal_name(-1));
    cr_expect_null(qmon_signal_name(65));
}

Test(signal, names_are_understood_as_people_write_them, .timeout = 10) {
    cr_expect_eq(qmon_signal_number("SEGV"), SIGSEGV);
    cr_expect_eq(qmon_signal_number("sigsegv"), SIGSEGV);
    cr_expect_eq(qmon_signal_number("11"), SIGSEGV);
    cr_expect_eq(qmon_signal_number("SIGIOT"), SIGABRT);
    cr_expect_eq(qmon_signal_number("SIGRTMIN+3"), SIGRTMIN + 3);
    cr_expect_eq(qmon_signal_number("RTMAX-1"), SIGRTMAX - 1);
    static const char *const wrong[] = {"",    "SIG",     "SIGFOO",  "SEGVX",  "0",       "65",
                                        "11x", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN+x", "RTMIN+99999999999999999999",
                                        "-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(qmon_signal_number(wrong[i]), 0, "%s", wrong[i]);
    cr_expect_eq(qmon_signal_number(NULL), 0);
}

Test(signal, codes_have_names_and_words_by_their_signal, .timeout = 10) {
    cr_expect_str_eq(qmon_signal_code_name(SIGSEGV, SEGV_MAPERR), "SEGV_MAPERR");
    cr_expect_str_eq(qmon_signal_code_text(SIGSEGV, SEGV_MAPERR), "address not mapped");
    cr_expect_str_eq(qmon_signal_code_name(SIGBUS, BUS_ADRALN), "BUS_ADRALN");
    cr_expect_str_eq(qmon_signal_code_name(SIGFPE, FPE_INTDIV), "FPE_INTDIV");
    cr_expect_str_eq(qmon_signal_code_name(SIGSYS, 1), "SYS_SECCOMP");
    cr_expect_str_eq(qmon_signal_code_name(SIGTERM, SI_USER), "SI_USER");
    cr_expect_str_eq(qmon_signal_code_name(SIGSEGV, SI_KERNEL), "SI_KERNEL");
    cr_expect_str_eq(qmon_signal_code_name(SIGABRT, SI_TKILL), "SI_TKILL");
    cr_expect_null(qmon_signal_code_name(SIGTERM, 1));
    cr_expect_null(qmon_signal_code_text(SIGSEGV, 77));
}

/*
 * Every system call that is made while a program dies fails, one after the other: the first time it is made, the second, and each
 * time. Which calls these are is found out by letting the program die once: a call that the agent comes to make tomorrow
 * is among them tomorrow. The program dies as it would have died, in time, and there is one report, now or afterwards. So it is
 * when a system call filter refuses the call, or kills for it, which binds the receiver too.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "scratch.h"
#include "victim.h"

TestSuite(injection, .timeout = 400);

#define OCCURRENCES 2u

struct failing {
    const char *end, *code, *origin;
    int error;
    const char *list; /* the file that the calls are written to */
};

static const char *problems_with(const struct failing *failing, int number, unsigned nth) {
    char number_text[16], nth_text[16], error_text[16];
    snprintf(number_text, sizeof number_text, "%d", number);
    snprintf(nth_text, sizeof nth_text, "%u", nth);
    snprintf(error_text, sizeof error_text, "%d", failing->error);
    /* Without a start to tell there is no receiver that would see to an early end as well. */
    const bool exits = strcmp(failing->end, "exit") == 0;
    const struct victim victim = {
        .program = "fails_a_call",
        .arguments = {failing->list, number_text, nth_text, error_text, QMON_BUILD_DIR "/victims/dies_as_told",
                      failing->end},
        .environment = {"QMON_EXCLUDE=fails_a_call", "QMON_DEADLINE_MS=2000", exits ? "QMON_LIFECYCLE=off" : NULL},
        .starts = exits ? NO_STARTS : 0,
        .code = failing->code,
        .origin = failing->origin,
        .afterwards = 1,
    };
    return victim_problems(&victim);
}

static void sweep(const char *end, const char *code, const char *origin, int error) {
    const struct scratch scratch = scratch_make();
    char list[SCRATCH_BYTES + 16];
    snprintf(list, sizeof list, "%s", scratch_path(&scratch, "calls"));
    const struct failing failing = {end, code, origin, error, list};
    const char *problems = problems_with(&failing, -1, 0);
    cr_assert_null(problems, "with no call failing: %s", problems);
    char *calls = scratch_read(list);
    cr_assert_not_null(calls);
    unsigned tried = 0;
    char *rest = calls;
    for (char *line = strsep(&rest, "\n"); line != NULL && *line != '\0'; line = strsep(&rest, "\n")) {
        const int number = (int) strtol(line, &line, 10);
        const unsigned made = (unsigned) strtoul(line, NULL, 10);
        /* A process whose handlers cannot be reset exits with 134: no signal but a fault's ends it any more. */
        const bool spares_last = number == SYS_rt_sigaction && strcmp(end, "abort") == 0;
        for (unsigned nth = spares_last ? 1 : 0; nth < made + !spares_last && nth <= OCCURRENCES; nth++, tried++) {
            problems = problems_with(&failing, number, nth);
            cr_expect_null(problems, "call %d, time %u (0: each), fails with %s:\n%s", number, nth,
                           strerrorname_np(error), problems);
        }
    }
    cr_expect_gt(tried, 30u, "only %u calls failed", tried);
    free(calls);
    scratch_remove(&scratch);
}

/* By a filter of the program's own. */
static void sweep_filters(const char *end, const char *code, int error) {
    const struct scratch scratch = scratch_make();
    char list[SCRATCH_BYTES + 16], error_text[16];
    snprintf(list, sizeof list, "%s", scratch_path(&scratch, "calls"));
    snprintf(error_text, sizeof error_text, "%d", error);
    const struct failing failing = {end, code, NULL, 0, list};
    const char *problems = problems_with(&failing, -1, 0);
    cr_assert_null(problems, "with no call failing: %s", problems);
    char *calls = scratch_read(list);
    cr_assert_not_null(calls);
    char *rest = calls;
    unsigned tried = 0;
    for (char *line = strsep(&rest, "\n"); line != NULL && *line != '\0'; line = strsep(&rest, "\n"), tried++) {
        const int number = (int) strtol(line, NULL, 10);
        char number_text[16];
        snprintf(number_text, sizeof number_text, "%d", number);
        const struct victim victim = {.program = "refuses_calls",
                                      .arguments = {error_text, number_text, end},
                                      .environment = {"QMON_DEADLINE_MS=2000"},
                                      .code = code,
                                      .afterwards = 1};
        problems = victim_problems(&victim);
        cr_expect_null(problems, "a filter on call %d (error %d, 0: kills):\n%s", number, error, problems);
    }
    cr_expect_gt(tried, 15u, "only %u filters were tried", tried);
    free(calls);
    scratch_remove(&scratch);
}

#define SWEEP(sentence, ...)                                                                                           \
    Test(injection, sentence) {                                                                                        \
        sweep(__VA_ARGS__);                                                                                            \
    }

SWEEP(a_fault_with_calls_that_are_not_permitted, "fault", "SIGSEGV", "fault_here", EPERM)
SWEEP(a_fault_with_calls_that_are_unknown, "fault", "SIGSEGV", "fault_here", ENOSYS)
SWEEP(a_fault_with_calls_that_are_interrupted, "fault", "SIGSEGV", "fault_here", EINTR)
SWEEP(a_fault_with_calls_that_find_no_memory, "fault", "SIGSEGV", "fault_here", ENOMEM)
SWEEP(a_fault_with_calls_that_are_to_be_tried_again, "fault", "SIGSEGV", "fault_here", EAGAIN)
SWEEP(an_abort_with_calls_that_are_not_permitted, "abort", "SIGABRT", "main", EPERM)
SWEEP(an_abort_with_calls_that_are_invalid, "abort", "SIGABRT", "main", EINVAL)
SWEEP(an_exit_with_calls_that_are_not_permitted, "exit", "exit:5", NULL, EPERM)
SWEEP(an_exit_with_calls_that_find_nothing, "exit", "exit:5", NULL, ENOENT)

Test(injection, a_fault_under_filters_that_kill) {
    sweep_filters("fault", "SIGSEGV", 0);
}

Test(injection, a_fault_under_filters_that_refuse) {
    sweep_filters("fault", "SIGSEGV", EPERM);
}

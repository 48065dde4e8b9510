/* Errors that programs report themselves, through the API. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "reports.h"
#include "victim.h"
#include "victim_place.h"

TestSuite(reporting, .timeout = 180);

VICTIM(reporting, one_error, .program = "reports_errors", .arguments = {"1", "0"}, .prints = "errno 77",
       .death = "exit 0", .code = "payment-declined", .kind = "error", .origin = "declined",
       .tells = {"payment 0 declined", "POST /pay", "4711"})
VICTIM(reporting, ten_errors, .program = "reports_errors", .arguments = {"10", "0"}, .death = "exit 0",
       .code = "payment-declined", .kind = "error", .reports = 10)
VICTIM(reporting, ten_errors_before__exit, .program = "reports_errors", .arguments = {"10", "_exit"}, .death = "exit 0",
       .code = "payment-declined", .kind = "error", .reports = 10)
VICTIM(reporting, from_eight_threads, .program = "reports_errors", .arguments = {"5", "0", "8"}, .death = "exit 0",
       .code = "payment-declined", .kind = "error", .reports = 40, .racy = true)
VICTIM(reporting, errors_before_a_crash, .program = "reports_errors", .arguments = {"5", "crash"}, .code = "SIGSEGV",
       .other_kinds = 5, .origin = "fault_here", .tells = {"it began well"})
VICTIM(reporting, errors_before_sigkill, .program = "reports_errors", .arguments = {"5", "kill"}, .death = "SIGKILL",
       .code = "SIGKILL", .other_kinds = 5, .afterwards = 6, .tells = {"it began well"})
/* The agent's thread is there only while there is work for it, takes no signals, and is gone where it would be in the way. */
#define WATCHES(...)                                                                                                   \
    .program = "watches_threads", .death = "exit 0", .code = "watched", .kind = "error", .reports = 6, __VA_ARGS__
VICTIM(reporting, in_a_thread_that_takes_no_signals_and_goes,
       WATCHES(.prints = "0 at the start\none at most, 0 of them open to signals, 0 left"), .racy = true)
VICTIM(reporting, before_a_user_namespace, WATCHES(.arguments = {"unshare"}, .prints = "unshare: 0\n"))
VICTIM(reporting, before_a_mount_namespace, WATCHES(.arguments = {"setns"}, .prints = "setns: 0\n"))
VICTIM(reporting, before_a_fork, WATCHES(.arguments = {"fork"}, .prints = "fork: 0\n"))

#define FORKS(...) .program = "forks_with_reports", .arguments = {__VA_ARGS__}, .death = "exit 0"
VICTIM(reporting, errors_with_a_fork_while_the_ring_is_half_full, FORKS("32"), .code = "while-forking", .kind = "error",
       .reports = 33, .racy = true)
VICTIM(reporting, errors_in_a_thread_while_another_forks, FORKS("32", "thread"), .code = "while-forking",
       .kind = "error", .reports = 33, .racy = true)
VICTIM(reporting, errors_with_a_fork_whose_child_crashes, FORKS("32", "crash"), .code = "SIGSEGV", .other_kinds = 33,
       .origin = "fault_in_child", .racy = true)
VICTIM(reporting, nothing_sensible, .program = "ignores_null_arguments", .death = "exit 0", .code = "error",
       .kind = "error", .reports = 4, .prints = "0\n")

/* How many reports the events stand for, and how many found no room before one that did. */
static unsigned long told_by(const struct report_list *list, unsigned long *ret_events) {
    unsigned long told = 0;
    *ret_events = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *repeats = strstr(list->items[i].text, "\"repeats\":");
        if (strcmp(list->items[i].kind, "error") != 0)
            continue;
        told += 1 + (repeats != NULL ? strtoul(repeats + 10, NULL, 10) : 0);
        ++*ret_events;
    }
    return told;
}

static void storm(const char *count, const char *threads, unsigned rounds) {
    const struct victim victim = {.program = "reports_storm", .arguments = {count, threads}};
    for (unsigned i = 0; i < rounds; i++) {
        struct victim_place place;
        struct tree_result result;
        struct report_list list;
        unsigned long events;
        victim_place_make(&place, &victim);
        victim_place_run(&place, true, &result);
        cr_assert(WIFEXITED(result.wait_status) && WEXITSTATUS(result.wait_status) == 0, "%s", result.errors);
        const unsigned long taken = strtoul(result.output, NULL, 10);
        tree_free(&result);
        victim_place_flush(&place, &result);
        reports_of_events(place.events, &list);
        cr_expect_eq(told_by(&list, &events), taken, "%lu told in %lu events, %lu taken, round %u",
                     told_by(&list, &events), events, taken, i);
        cr_expect_lt(events, taken / 10, "%lu events for %lu reports", events, taken);
        reports_free(&list);
        tree_free(&result);
        victim_place_drop(&place);
    }
}

Test(reporting, a_storm_of_one_error_is_told_in_few_events_that_count_it_whole) {
    storm("100000", "1", 5);
}

Test(reporting, a_storm_from_eight_threads_is_counted_whole) {
    storm("20000", "8", 5);
}

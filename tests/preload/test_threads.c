/* Threads: whichever crashes, however many at once, there is one report and one death. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "victim.h"

TestSuite(thread, .timeout = 240);

VICTIM(thread, that_has_a_name_crashes, .program = "thread_crashes", .code = "SIGSEGV", .origin = "fault_in_thread")
VICTIM(thread, and_seven_more_crash_together, .program = "threads_crash_together", .arguments = {"8"},
       .code = "SIGSEGV", .origin = "fault_together", .racy = true)
VICTIM(thread, and_sixty_three_more_crash_together, .program = "threads_crash_together", .arguments = {"64"},
       .code = "SIGSEGV", .origin = "fault_together", .racy = true)
VICTIM(thread, and_fifteen_more_abort_together, .program = "threads_abort_together", .arguments = {"16"},
       .code = "SIGABRT", .origin = "work", .racy = true)
VICTIM(thread, crashes_while_main_returns, .program = "crash_meets_exit", .arguments = {"return"}, .code = "SIGSEGV",
       .origin = "fault_in_thread", .other_death = "exit 0", .racy = true)
VICTIM(thread, crashes_while_main__exits, .program = "crash_meets_exit", .arguments = {"_exit"}, .code = "SIGSEGV",
       .origin = "fault_in_thread", .other_death = "exit 0", .racy = true)
VICTIM(thread, crashes_while_main_aborts, .program = "crash_meets_exit", .arguments = {"abort"}, .code = "SIGSEGV",
       .other_death = "SIGABRT", .racy = true)
/* The first of them decides how the process ends, whatever the others call while that is told. */
#define TOGETHER(name, ...)                                                                                            \
    VICTIM(thread, name, .program = "exits_together", .arguments = {__VA_ARGS__}, .code = "exit:3", .racy = true)
#define CRASH_FIRST(name, how)                                                                                         \
    VICTIM(thread, name, .program = "exits_together", .arguments = {how, "crash"}, .code = "SIGSEGV",                  \
           .origin = "fault_first", .racy = true)
TOGETHER(exits_before_others_do, "exit")
TOGETHER(quick_exits_before_others_do, "quick_exit")
TOGETHER(exits_before_main_returns, "return")
CRASH_FIRST(crashes_before_others_exit, "exit")
CRASH_FIRST(crashes_before_others_quick_exit, "quick_exit")
CRASH_FIRST(crashes_before_others__exit, "_exit")
CRASH_FIRST(crashes_before_others_exec, "exec")
CRASH_FIRST(crashes_before_main_returns, "return")
VICTIM(thread, does_everything_while_the_loader_is_locked, .program = "loads_waiting", .prints = "everything done")
VICTIM(thread, crashes_when_main_has_left, .program = "main_leaves_first", .code = "SIGSEGV",
       .origin = "fault_in_thread")
VICTIM(thread, beside_threads_that_nobody_may_look_into, .program = "ptrace_refused", .code = "SIGSEGV",
       .origin = "read_null",
       .tells = {"\"name\":\"patient\"", "taken by the process itself", "wait_for_ever", "a system call filter"})
/* As a service manager's filter does, of which the agent cannot know. */
VICTIM(thread, beside_threads_whose_inspectors_are_killed, .program = "inspectors_are_killed", .code = "SIGSEGV",
       .origin = "read_null", .racy = true,
       .tells = {"1 of 1 other thread was taken by the process itself", "wait_for_ever", "a signal ended who looked"})
VICTIM(thread, alone_where_inspectors_are_killed, .program = "inspectors_are_killed", .arguments = {"alone"},
       .code = "SIGSEGV", .origin = "read_null", .racy = true)
/* Each of them stands still until the process is gone: none sees a system call fail. */
#define CLOSED(name, how, ...)                                                                                         \
    VICTIM(thread, name, .program = "closed_to_others", .arguments = {how}, .open_place = true, .racy = true,          \
           __VA_ARGS__)
CLOSED(tells_its_stack_itself_where_nobody_may_look, "fault", .code = "SIGSEGV", .origin = "fault_here",
       .tells = {"3 of 3 other threads were taken by the process itself", "read_for_ever", "work_for_ever", "descend",
                 "is not dumpable"})
CLOSED(tells_its_stack_itself_at_an_abort, "abort", .code = "SIGABRT",
       .tells = {"3 of 3 other threads were taken by the process itself", "read_for_ever", "work_for_ever", "descend"})
CLOSED(is_not_stopped_where_handlers_of_exit_are_to_run, "exit", .code = "SIGSEGV", .origin = "fault_here",
       .death = "exit 3", .tells = {"only name and state are known"})
VICTIM(thread, that_is_cancelled_crashes, .program = "cancelled_thread", .code = "SIGSEGV", .origin = "clean_up")
VICTIM(thread, after_thread_is_cancelled_and_all_is_well, .program = "cancels_well", .prints = "20 cleaned")
VICTIM(thread, after_thread_a_thousand_times, .program = "many_threads", .prints = "1000\n")
VICTIM(thread, of_a_timer_ends_well, .program = "timer_thread",
       .prints = "1111111101111111110111111111111001111111111111111111111111111111 for you")
VICTIM(thread, of_a_timer_crashes, .program = "timer_thread", .arguments = {"crash"}, .code = "SIGSEGV",
       .origin = "fault_in_timer", .racy = true)
VICTIM(thread, of_a_timer_overflows, .program = "timer_thread", .arguments = {"overflow"}, .code = "SIGSEGV",
       .tells = {"stack"})
VICTIM(thread, made_by_thrd_create_overflows, .program = "c11_thread_overflows", .code = "SIGSEGV", .afterwards = 1)
VICTIM(thread, crashes_in_a_key_destructor, .program = "key_destructor_crashes", .code = "SIGSEGV", .origin = "destroy")
VICTIM(thread, crashes_in_a_thread_local_destructor, .program = "thread_local_crashes", .code = "SIGSEGV",
       .origin = "Fragile")

/* Where the stack ends in the middle of the throw, it ends the program, as without us; it does not keep it from going on or ending. */
Test(thread, throws_with_any_room_left_on_its_stack) {
    for (unsigned left = 600; left < 16000; left += 220) {
        char bytes[16];
        snprintf(bytes, sizeof bytes, "%u", left);
        const struct victim victim = {.program = "throws_in_little_room",
                                      .arguments = {bytes},
                                      .environment = {"QMON_LIFECYCLE=off"},
                                      .code = "SIGSEGV",
                                      .origin = "throw_with",
                                      .other_death = "exit 0",
                                      .starts = NO_STARTS,
                                      .any_output = true};
        const char *problems = victim_problems(&victim);
        cr_expect_null(problems, "with %u bytes left: %s", left, problems);
    }
}

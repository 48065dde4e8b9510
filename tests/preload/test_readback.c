/*
 * What the program reads back of its signal state is what it set: the same words are printed with and without the agent.
 */
#include <criterion/criterion.h>
#include <signal.h>

#include "victim.h"

TestSuite(readback, .timeout = 60);
TestSuite(blocked, .timeout = 60);

/* Started by something that ignores and blocks signals. */
static void ignore_and_block(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGFPE);
    sigaddset(&set, SIGILL);
    sigprocmask(SIG_SETMASK, &set, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGBUS, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
}

VICTIM(readback, of_sigaction, .program = "reads_back_actions", .prints = "64: 0 0 default")
VICTIM(readback, of_sigaction_with_inherited_state, .program = "reads_back_actions", .prepare = ignore_and_block)
VICTIM(readback, of_signal_and_its_relatives, .program = "reads_back_family")
VICTIM(readback, of_masks, .program = "reads_back_masks")
VICTIM(readback, of_masks_with_inherited_state, .program = "reads_back_masks", .prepare = ignore_and_block)
VICTIM(readback, of_the_alternate_stack, .program = "reads_back_stack")
VICTIM(readback, of_a_small_stack_and_where_handlers_run, .program = "small_stack",
       .prints = "10 on it: 1, read 0, flags 1")
VICTIM(readback, of_what_syscall_sets, .program = "masks_by_number", .arguments = {"read"})
VICTIM(readback, of_masks_that_handlers_edit, .program = "handler_edits_mask")
VICTIM(readback, of_masks_that_jumps_restore, .program = "jumps_keep_mask")
VICTIM(readback, of_ignored_signals_across_exec, .program = "inherits_ignored", .prints = "still here")
VICTIM(readback, of_blocked_signals_across_exec, .program = "inherits_blocked", .prints = "pending: 10 11 15")

VICTIM(blocked, signals_wait_and_are_waited_for, .program = "waits_for_blocked", .prints = "sigwait 0 got 11")
VICTIM(blocked, signals_are_taken_by_a_thread, .program = "waits_in_thread", .prints = "took 11", .racy = true)
VICTIM(blocked, signals_end_sigsuspend_pselect_and_ppoll, .program = "suspends", .prints = "handler of 11")
VICTIM(blocked, signals_interrupt_as_they_would, .program = "interrupts", .prints = "11 0: read -1")
VICTIM(readback, of_masks_by_the_old_functions, .program = "masks_the_old_way", .prints = "handler of 11")
VICTIM(readback, of_a_mask_that_an_attribute_gave, .program = "thread_with_mask", .prints = "thread: ")

VICTIM(readback, of_masks_in_children_however_made, .program = "children_inherit_mask", .prints = "after popen")
VICTIM(readback, of_a_stack_that_disarms_itself, .program = "stack_disarmed", .prints = "after an overflow")

VICTIM(blocked, by_syscall, .program = "masks_by_number", .code = "SIGSEGV", .origin = "fault_here")
VICTIM(blocked, all_but_faults_that_are_handled, .program = "blocks_all_but_faults", .arguments = {"recover"},
       .prints = "200 handled")
VICTIM(blocked, all_but_faults_and_a_real_one, .program = "blocks_all_but_faults", .arguments = {"fault"},
       .code = "SIGSEGV", .origin = "fault_here")
VICTIM(blocked, all_but_faults_and_real_time_signals_wait, .program = "blocks_all_but_faults", .arguments = {"send"},
       .prints = "116 handled")
/* Fifteen, counted up from SIGRTMIN, are the program's, whatever else it blocks. */
VICTIM(blocked, all_but_the_first_fifteen_real_time_signals, .program = "counts_up_signals", .arguments = {"15"},
       .prints = "SIGRTMIN+14\n")
VICTIM(blocked, segv_by_an_attribute_and_a_real_fault, .program = "thread_with_mask", .arguments = {"fault"},
       .code = "SIGSEGV", .origin = "fault_here")

#define WAITING(call)                                                                                                  \
    VICTIM(blocked, in_##call, .program = "waits_with_mask", .arguments = {#call}, .prints = "lets 49 through")        \
    VICTIM(blocked, in_##call##_and_a_handler_faults, .program = "waits_with_mask", .arguments = {#call, "fault"},     \
           .code = "SIGSEGV", .origin = "fault_here")

WAITING(sigsuspend)
WAITING(ppoll)
WAITING(pselect)
WAITING(epoll_pwait)
WAITING(epoll_pwait2)

VICTIM(blocked, segv_and_a_real_fault, .program = "blocked_fault", .arguments = {"default"}, .code = "SIGSEGV",
       .origin = "fault_here")
VICTIM(blocked, segv_with_a_handler_and_a_real_fault, .program = "blocked_fault", .arguments = {"handler"},
       .code = "SIGSEGV", .origin = "fault_here")
VICTIM(blocked, segv_in_another_handler_and_a_real_fault, .program = "blocked_fault", .arguments = {"mask"},
       .code = "SIGSEGV", .origin = "fault_here")
VICTIM(blocked, segv_that_is_unblocked_later, .program = "blocked_then_unblocked", .arguments = {"11"},
       .code = "SIGSEGV", .prints = "still here\n", .origin = "unblock")
VICTIM(blocked, abrt_that_is_unblocked_later, .program = "blocked_then_unblocked", .arguments = {"6"},
       .code = "SIGABRT", .prints = "still here\n", .origin = "unblock")
VICTIM(blocked, term_that_is_unblocked_later, .program = "blocked_then_unblocked", .arguments = {"15"},
       .death = "SIGTERM", .prints = "still here\n")
VICTIM(blocked, ignored_segv_is_nothing, .program = "ignores_faults", .prints = "nothing happened")
VICTIM(blocked, ignored_segv_and_a_real_fault, .program = "ignores_faults", .arguments = {"fault"}, .code = "SIGSEGV",
       .origin = "fault_here", .prints = "nothing happened")

/*
 * Handlers of the program's own: they run as if the agent were not there. One that repairs or leaves by a jump gives no report;
 * one that gives up gives one report, of the fault that began it.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <sys/resource.h>

#include "victim.h"

TestSuite(handler, .timeout = 60);
TestSuite(masked_handler, .timeout = 60);

static void have_small_stack(void) {
    setrlimit(RLIMIT_STACK, &(struct rlimit){256 << 10, RLIM_INFINITY});
}

VICTIM(handler, that_repairs_and_returns, .program = "handler_repairs", .prints = "went on 19")
VICTIM(handler, that_leaves_by_siglongjmp, .program = "handler_jumps", .prints = "survived 1000")
VICTIM(handler, that_leaves_with_its_signal_blocked, .program = "handler_jumps_raw", .code = "SIGSEGV",
       .prints = "handled\n", .origin = "fault_again")
VICTIM(handler, that_changes_the_context, .program = "handler_skips", .prints = "4711000")
VICTIM(handler, that_throws_an_exception, .program = "handler_throws", .prints = "100 caught")
VICTIM(handler, that_asks_for_no_siginfo, .program = "handler_plain")
VICTIM(handler, sees_what_it_would_have_seen, .program = "handler_sees")
VICTIM(handler, runs_on_the_stack_it_asked_for, .program = "handler_place")
VICTIM(handler, of_breakpoints, .program = "trap_handled", .prints = "100")
VICTIM(handler, of_single_steps, .program = "single_steps", .prints = "steps")
/* What it prints is the same as without the agent: nothing of ours is on its stack. */
VICTIM(handler, that_prints_the_stack_of_a_fault, .program = "handler_prints_stack", .arguments = {"fault"},
       .code = "SIGSEGV", .origin = "fault_below", .prints = "libc.so.6")
VICTIM(handler, that_prints_the_stack_of_a_harmless_signal, .program = "handler_prints_stack", .arguments = {"usr"},
       .death = "SIGUSR1", .code = "SIGUSR1", .prints = "libc.so.6")
VICTIM(handler, that_prints_the_stack_on_its_own, .program = "handler_prints_stack", .arguments = {"stack"},
       .code = "SIGSEGV", .prints = "libc.so.6")
VICTIM(handler, of_dispatched_system_calls, .program = "user_dispatch")
VICTIM(handler, of_dispatched_system_calls_but_libc_s, .program = "user_dispatch", .arguments = {"libc"})
VICTIM(handler, of_trapped_system_calls, .program = "system_call_emulated", .prints = "4711\n4711\n4711\n")
VICTIM(handler, of_an_instruction_that_is_tried, .program = "probes_instruction", .prints = "not there\n1\n")
VICTIM(handler, of_a_file_that_was_cut_off, .program = "bus_handled", .prints = "survived")
VICTIM(handler, within_handlers, .program = "handler_nested", .prints = "went on")
VICTIM(handler, that_faults_and_is_called_again, .program = "handler_nodefer", .prints = "3 deep")
VICTIM(handler, of_many_faults, .program = "many_faults", .arguments = {"100000"}, .prints = "100000 faults",
       .slower_ms = 1500)
VICTIM(handler, set_by_a_sigaction_of_the_program_s_own, .program = "defines_sigaction",
       .prints = "2 calls, on stack 1\n")
VICTIM(handler, taken_back_by_a_program_with_its_own_sigaction, .program = "defines_sigaction", .arguments = {"crash"},
       .code = "SIGSEGV", .origin = "main", .prints = "2 calls, on stack 1\n")
VICTIM(handler, set_by_several_threads, .program = "handler_toggles", .prints = "done", .racy = true)

VICTIM(handler, that_gives_up_by_the_default_action, .program = "handler_gives_up", .arguments = {"default"},
       .code = "SIGSEGV", .origin = "original_fault", .prints = "handler\n")
VICTIM(handler, that_raises_its_signal_again, .program = "handler_gives_up", .arguments = {"reraise"},
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(handler, that_sends_its_signal_again, .program = "handler_gives_up", .arguments = {"kill"}, .code = "SIGSEGV",
       .origin = "original_fault")
VICTIM(handler, that_aborts, .program = "handler_gives_up", .arguments = {"abort"}, .death = "SIGABRT",
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(handler, that_exits, .program = "handler_gives_up", .arguments = {"exit"}, .death = "exit 3", .code = "SIGSEGV",
       .origin = "original_fault")
VICTIM(handler, that__exits, .program = "handler_gives_up", .arguments = {"_exit"}, .death = "exit 4",
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(handler, that_quick_exits, .program = "handler_gives_up", .arguments = {"quick_exit"}, .death = "exit 5",
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(handler, that_ends_the_program_by_sigterm, .program = "handler_gives_up", .arguments = {"term"},
       .death = "SIGTERM", .code = "SIGSEGV", .origin = "original_fault")
VICTIM(handler, that_faults_itself, .program = "handler_gives_up", .arguments = {"fault"}, .code = "SIGSEGV",
       .origin = "original_fault")
VICTIM(handler, that_faults_itself_by_another_signal, .program = "handler_gives_up", .arguments = {"divide"},
       .death = "SIGFPE", .code = "SIGSEGV", .origin = "original_fault")
VICTIM(handler, that_fails_an_assertion, .program = "handler_gives_up", .arguments = {"assert"}, .death = "SIGABRT",
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(handler, that_makes_the_fault_call_abort, .program = "handler_calls", .arguments = {"abort"}, .death = "SIGABRT",
       .code = "SIGSEGV", .origin = "original_fault", .prints = "called\n")
VICTIM(handler, that_makes_the_fault_raise_it_again, .program = "handler_calls", .arguments = {"reraise"},
       .code = "SIGSEGV", .origin = "original_fault", .prints = "called\n")
VICTIM(handler, that_makes_the_fault_exit, .program = "handler_calls", .arguments = {"exit"}, .death = "exit 3",
       .code = "exit:3", .prints = "called\n")
VICTIM(handler, that_makes_the_fault_jump_away, .program = "handler_calls", .arguments = {"again"},
       .prints = "called\n")
VICTIM(handler, that_made_a_fault_jump_away_earlier, .program = "handler_calls", .arguments = {"later"},
       .code = "SIGABRT", .origin = "other_reason", .prints = "called\n")
VICTIM(handler, that_is_set_once, .program = "handler_once", .code = "SIGSEGV", .origin = "original_fault",
       .prints = "once\n")
VICTIM(handler, that_faults_itself_is_not_called_again, .program = "handler_and_mask", .arguments = {"faults"},
       .death = "SIGSEGV", .code = "SIGSEGV", .origin = "first_fault", .prints = "caught 11\n")
VICTIM(handler, that_reads_its_mask, .program = "handler_and_mask", .arguments = {"reads"},
       .prints = "caught 11\n11 blocked\n11 blocked\n")
VICTIM(handler, that_jumps_and_leaves_its_mask, .program = "handler_and_mask", .arguments = {"jumps"},
       .prints = "caught 11\n11 blocked\n")
VICTIM(handler, that_jumps_and_leaves_its_mask_to_a_fault, .program = "handler_and_mask",
       .arguments = {"jumps-and-faults"}, .code = "SIGSEGV", .origin = "second_fault", .prints = "caught 11\n")
VICTIM(handler, interrupted_by_one_that_aborts, .program = "handler_nested_gives_up", .death = "SIGABRT",
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(handler, that_prints_a_trace_and_lets_it_happen, .program = "handler_chains", .code = "SIGSEGV",
       .origin = "original_fault", .prints = "reporter\n")

VICTIM(handler, on_its_own_stack_that_exits, .program = "handler_onstack", .arguments = {"exit"}, .death = "exit 5",
       .code = "SIGSEGV", .origin = "descend", .prints = "on its own stack")
VICTIM(handler, on_its_own_stack_that_jumps, .program = "handler_onstack", .arguments = {"jump"}, .prints = "survived")
VICTIM(handler, on_its_own_stack_that_gives_up, .program = "handler_onstack", .arguments = {"die"}, .code = "SIGSEGV",
       .origin = "descend", .prints = "on its own stack")
VICTIM(handler, on_a_stack_that_just_holds_the_frame, .program = "handler_tiny_stack", .prints = "0 bytes")
VICTIM(handler, that_is_none_with_a_stack_that_holds_no_frame, .program = "small_stack", .arguments = {"fault"},
       .code = "SIGSEGV", .origin = "fault_here")
VICTIM(handler, that_is_none_with_such_a_stack_at_an_overflow, .program = "small_stack", .arguments = {"descend"},
       .code = "SIGSEGV", .origin = "descend", .tells = {"stack-overflow"})
VICTIM(handler, that_has_no_stack_left_to_run_on, .program = "handler_offstack", .code = "SIGSEGV", .origin = "descend")

VICTIM(handler, dealt_with_a_thousand_faults_before_an_abort, .program = "recovers_then_dies", .arguments = {"abort"},
       .code = "SIGABRT", .origin = "real_end")
VICTIM(handler, dealt_with_a_thousand_faults_before_a_real_one, .program = "recovers_then_dies", .arguments = {"fault"},
       .code = "SIGSEGV", .origin = "real_end")
VICTIM(handler, dealt_with_a_thousand_faults_before_an_exit, .program = "recovers_then_dies", .arguments = {"exit"},
       .code = "exit:3")
VICTIM(handler, dealt_with_a_thousand_faults_before_a_stop, .program = "recovers_then_dies", .arguments = {"term"},
       .death = "SIGTERM")
VICTIM(handler, dealt_with_a_thousand_faults_and_all_is_well, .program = "recovers_then_dies", .arguments = {"none"})

VICTIM(handler, of_sigabrt_that_returns, .program = "abort_handled", .arguments = {"abort", "return"},
       .code = "SIGABRT", .origin = "give_up", .prints = "handler\n")
VICTIM(handler, of_sigabrt_that_jumps, .program = "abort_handled", .arguments = {"abort", "jump"},
       .prints = "handler\nsurvived\n")
VICTIM(handler, of_sigabrt_that_exits, .program = "abort_handled", .arguments = {"abort", "exit"}, .death = "exit 9",
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, of_sigabrt_that__exits, .program = "abort_handled", .arguments = {"abort", "_exit"}, .death = "exit 10",
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, of_sigabrt_that_faults, .program = "abort_handled", .arguments = {"abort", "fault"}, .death = "SIGSEGV",
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, of_sigabrt_that_raises_it_again, .program = "abort_handled", .arguments = {"abort", "reraise"},
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, of_an_assertion_that_returns, .program = "abort_handled", .arguments = {"assert", "return"},
       .code = "SIGABRT", .origin = "give_up", .tells = {"given up"})
/* Until the program's stack is used up, as without the agent. */
VICTIM(handler, of_an_assertion_that_fails_one_itself, .program = "abort_handled", .arguments = {"assert", "again"},
       .prepare = have_small_stack, .death = "SIGSEGV", .code = "SIGABRT", .origin = "give_up", .any_errors = true)
VICTIM(handler, of_an_assertion_that_jumps, .program = "abort_handled", .arguments = {"assert", "jump"},
       .prints = "survived")
VICTIM(handler, of_an_assertion_that_exits, .program = "abort_handled", .arguments = {"assert", "exit"},
       .death = "exit 9", .code = "SIGABRT", .origin = "give_up", .tells = {"given up"})
VICTIM(handler, of_a_double_free_that_returns, .program = "abort_handled", .arguments = {"free", "return"},
       .code = "SIGABRT", .origin = "give_up", .tells = {"double free"})
VICTIM(handler, of_a_double_free_that_jumps, .program = "abort_handled", .arguments = {"free", "jump"},
       .prints = "survived")
VICTIM(handler, of_a_double_free_that_exits, .program = "abort_handled", .arguments = {"free", "_exit"},
       .death = "exit 10", .code = "SIGABRT", .origin = "give_up", .tells = {"double free"})
VICTIM(handler, abort_with_sigabrt_ignored, .program = "abort_handled", .arguments = {"abort", "ignored"},
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, abort_with_sigabrt_blocked, .program = "abort_handled", .arguments = {"abort", "blocked"},
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, assertion_with_sigabrt_ignored, .program = "abort_handled", .arguments = {"assert", "ignored"},
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, assertion_with_sigabrt_blocked, .program = "abort_handled", .arguments = {"assert", "blocked"},
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, double_free_with_sigabrt_blocked, .program = "abort_handled", .arguments = {"free", "blocked"},
       .code = "SIGABRT", .origin = "give_up")
VICTIM(handler, of_a_raised_sigabrt_may_return, .program = "raise_abort", .prints = "2\nignored\n")

VICTIM(handler, of_sigterm_that_lets_main_return, .program = "term_handled", .arguments = {"return"},
       .prints = "stopping\n")
VICTIM(handler, of_sigterm_that_dies_by_it, .program = "term_handled", .arguments = {"die"}, .death = "SIGTERM",
       .prints = "stopping\n")
VICTIM(handler, of_sigterm_that_exits, .program = "term_handled", .arguments = {"exit"})
VICTIM(handler, of_sigterm_that_fails, .program = "term_handled", .arguments = {"fail"}, .code = "exit:1")
VICTIM(handler, of_sigterm_that_is_set_once, .program = "term_handled", .arguments = {"once"}, .death = "SIGTERM",
       .prints = "stopping\n")

/* The same where another fault signal is blocked: then the agent's entry stays on the stack below the handler. */
static void block_another(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGILL);
    sigaddset(&set, SIGTRAP);
    sigprocmask(SIG_SETMASK, &set, NULL);
}

#define MASKED .prepare = block_another

VICTIM(masked_handler, that_repairs_and_returns, MASKED, .program = "handler_repairs", .prints = "went on 19")
VICTIM(masked_handler, that_leaves_by_siglongjmp, MASKED, .program = "handler_jumps", .prints = "survived 1000")
VICTIM(masked_handler, that_changes_the_context, MASKED, .program = "handler_skips", .prints = "4711000")
VICTIM(masked_handler, that_throws_an_exception, MASKED, .program = "handler_throws", .prints = "100 caught")
VICTIM(masked_handler, sees_what_it_would_have_seen, MASKED, .program = "handler_sees")
VICTIM(masked_handler, runs_on_the_stack_it_asked_for, MASKED, .program = "handler_place")
VICTIM(masked_handler, within_handlers, MASKED, .program = "handler_nested", .prints = "went on")
VICTIM(masked_handler, that_faults_and_is_called_again, MASKED, .program = "handler_nodefer", .prints = "3 deep")
VICTIM(masked_handler, that_edits_the_mask, MASKED, .program = "handler_edits_mask")
VICTIM(masked_handler, set_by_several_threads, MASKED, .program = "handler_toggles", .prints = "done", .racy = true)
VICTIM(masked_handler, that_gives_up, MASKED, .program = "handler_gives_up", .arguments = {"default"},
       .code = "SIGSEGV", .origin = "original_fault", .prints = "handler\n")
VICTIM(masked_handler, that_raises_its_signal_again, MASKED, .program = "handler_gives_up", .arguments = {"reraise"},
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(masked_handler, that_aborts, MASKED, .program = "handler_gives_up", .arguments = {"abort"}, .death = "SIGABRT",
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(masked_handler, that_exits, MASKED, .program = "handler_gives_up", .arguments = {"exit"}, .death = "exit 3",
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(masked_handler, that_faults_itself, MASKED, .program = "handler_gives_up", .arguments = {"fault"},
       .code = "SIGSEGV", .origin = "original_fault")
VICTIM(masked_handler, that_is_set_once, MASKED, .program = "handler_once", .code = "SIGSEGV",
       .origin = "original_fault", .prints = "once\n")
VICTIM(masked_handler, on_its_own_stack_that_exits, MASKED, .program = "handler_onstack", .arguments = {"exit"},
       .death = "exit 5", .code = "SIGSEGV", .origin = "descend", .prints = "on its own stack")
VICTIM(masked_handler, on_its_own_stack_that_jumps, MASKED, .program = "handler_onstack", .arguments = {"jump"},
       .prints = "survived")
VICTIM(masked_handler, on_a_stack_that_just_holds_the_frame, MASKED, .program = "handler_tiny_stack",
       .prints = "0 bytes")
VICTIM(masked_handler, that_has_no_stack_left_to_run_on, MASKED, .program = "handler_offstack", .code = "SIGSEGV",
       .origin = "descend")
VICTIM(masked_handler, dealt_with_a_thousand_faults_before_an_exit, MASKED, .program = "recovers_then_dies",
       .arguments = {"exit"}, .code = "exit:3")
VICTIM(masked_handler, of_sigabrt_that_jumps, MASKED, .program = "abort_handled", .arguments = {"abort", "jump"},
       .prints = "handler\nsurvived\n")
VICTIM(masked_handler, of_sigabrt_that_returns, MASKED, .program = "abort_handled", .arguments = {"abort", "return"},
       .code = "SIGABRT", .origin = "give_up", .prints = "handler\n")
VICTIM(masked_handler, of_sigterm_that_lets_main_return, MASKED, .program = "term_handled", .arguments = {"return"},
       .prints = "stopping\n")
VICTIM(masked_handler, that_interrupts, MASKED, .program = "interrupts", .prints = "11 0: read -1")

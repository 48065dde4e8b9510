/*
 * Faults of the program's own: each dies as without the agent and gives one crash report, with the faulting function as its
 * origin and what is known of the cause.
 */
#include <criterion/criterion.h>
#include <sys/resource.h>

#include "victim.h"

TestSuite(fault, .timeout = 60);

VICTIM(fault, tells_what_the_process_was_like, .program = "null_read", .code = "SIGSEGV",
       .tells = {"\"descriptors\":{\"open\":", "\"limits\":{", ":\"read_null+0x"})
VICTIM(fault, is_told_with_what_went_before, .program = "leaves_crumbs", .code = "SIGSEGV", .prints = "opened 1\n",
       .tells = {"opens library libsymbols.so", "handled SIGSEGV, for the 10th time", "made a child by fork"})
VICTIM(fault, a_null_pointer_is_read, .program = "null_read", .code = "SIGSEGV", .origin = "read_null")
VICTIM(fault, a_member_of_a_null_pointer_is_written, .program = "null_write", .code = "SIGSEGV", .origin = "write_null")
VICTIM(fault, a_null_function_pointer_is_called, .program = "null_call", .code = "SIGSEGV", .origin = "call_null")
VICTIM(fault, an_address_no_pointer_can_have_is_read, .program = "wild_read", .code = "SIGSEGV", .origin = "read_wild")
VICTIM(fault, a_wild_function_pointer_is_called, .program = "wild_call", .code = "SIGSEGV", .origin = "call_wild")
VICTIM(fault, data_is_executed, .program = "data_call", .code = "SIGSEGV", .tells = {"data of data_call"})
VICTIM(fault, a_constant_is_written, .program = "constant_write", .code = "SIGSEGV", .origin = "write_constant")
VICTIM(fault, the_program_s_code_is_written, .program = "code_write", .code = "SIGSEGV", .origin = "write_code")
VICTIM(fault, a_protected_page_is_read, .program = "protected_page", .code = "SIGSEGV", .origin = "read_protected")
VICTIM(fault, a_freed_page_is_read, .program = "freed_page", .code = "SIGSEGV", .origin = "read_freed")
VICTIM(fault, a_privileged_instruction_is_executed, .program = "privileged", .code = "SIGSEGV", .origin = "halt")
VICTIM(fault, an_integer_is_divided_by_zero, .program = "divide_by_zero", .code = "SIGFPE", .origin = "divide")
VICTIM(fault, a_division_overflows, .program = "divide_overflow", .code = "SIGFPE", .origin = "divide")
VICTIM(fault, a_trapped_floating_point_exception, .program = "float_trap", .code = "SIGFPE", .origin = "divide")
VICTIM(fault, an_instruction_does_not_exist, .program = "illegal_instruction", .code = "SIGILL",
       .origin = "run_illegal")
VICTIM(fault, a_breakpoint_without_a_debugger, .program = "breakpoint", .code = "SIGTRAP", .origin = "stop_here")
VICTIM(fault, the_compiler_s_own_trap, .program = "builtin_trap", .code = "SIGILL", .origin = "unreachable")
VICTIM(fault, a_mapped_file_was_cut_off, .program = "truncated_mapping", .code = "SIGBUS", .origin = "read_beyond",
       .tells = {"in the mapped file memfd:short"})
VICTIM(fault, a_checked_alignment_is_wrong, .program = "misaligned", .code = "SIGBUS", .origin = "read_misaligned")
VICTIM(fault, a_system_call_that_a_filter_traps, .program = "forbidden_call", .code = "SIGSYS",
       .origin = "call_forbidden")
VICTIM(fault, a_system_call_that_a_filter_traps_with_all_others, .program = "forbidden_call", .arguments = {"all"},
       .code = "SIGSYS", .origin = "call_forbidden", .afterwards = 1)

VICTIM(fault, the_main_thread_s_stack_overflows, .program = "stack_overflow", .code = "SIGSEGV", .origin = "descend")
VICTIM(fault, a_thread_s_stack_overflows, .program = "stack_overflow_thread", .code = "SIGSEGV", .origin = "descend")
VICTIM(fault, a_small_thread_s_stack_overflows, .program = "stack_overflow_small_thread", .code = "SIGSEGV",
       .origin = "fill")
VICTIM(fault, one_frame_is_bigger_than_the_stack, .program = "stack_overflow_huge_frame", .code = "SIGSEGV",
       .origin = "huge")
VICTIM(fault, a_crash_under_100000_frames, .program = "deep_recursion", .code = "SIGSEGV", .origin = "at_bottom")
VICTIM(fault, a_program_without_symbols, .program = "stripped", .code = "SIGSEGV")
VICTIM(fault, an_optimised_program_without_frame_pointers, .program = "optimized", .code = "SIGSEGV")
VICTIM(fault, a_program_without_unwind_tables, .program = "no_unwind_tables", .code = "SIGSEGV", .origin = "innermost",
       .tells = {"\"function\":\"middle\"", "\"function\":\"through_pointer\"", "\"function\":\"main\""})
VICTIM(fault, a_stub_whose_slot_was_overwritten, .program = "overwritten_slot", .code = "SIGSEGV", .origin = "parse",
       .tells = {"\"function\":\"puts@plt\"", "cannot be an address"})
VICTIM(fault, a_smashed_return_address, .program = "smashed_return", .code = "SIGSEGV")
VICTIM(fault, a_stack_pointer_that_is_no_address, .program = "stack_pointer_of_nothing", .code = "SIGBUS",
       .origin = "lose_stack")
VICTIM(fault, a_stack_pointer_that_leads_nowhere, .program = "wild_stack_pointer", .code = "SIGSEGV",
       .origin = "lose_stack")

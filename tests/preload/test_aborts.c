/*
 * Programs that give up by themselves: abort, assertions, what libc finds wrong, exceptions that nobody catches. What they say
 * on stderr is as without the agent, and the report says it too.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(aborting, .timeout = 60);

VICTIM(aborting, abort_is_called, .program = "aborts", .code = "SIGABRT", .origin = "give_up")
VICTIM(aborting, an_assertion_fails, .program = "asserts", .code = "SIGABRT", .origin = "insist",
       .tells = {"answer == 42"})
VICTIM(aborting, an_assertion_about_an_error_number_fails, .program = "asserts_perror", .code = "SIGABRT",
       .origin = "insist", .tells = {"Permission denied"})
VICTIM(aborting, the_stack_protector_notices, .program = "smashed_stack", .code = "SIGABRT",
       .tells = {"stack smashing detected"})
VICTIM(aborting, a_block_is_freed_twice, .program = "double_free", .code = "SIGABRT", .origin = "free_again",
       .tells = {"double free"})
VICTIM(aborting, an_invalid_pointer_is_freed, .program = "invalid_free", .code = "SIGABRT", .origin = "free_wrong",
       .tells = {"invalid pointer"})
VICTIM(aborting, malloc_finds_the_heap_damaged, .program = "heap_overrun", .code = "SIGABRT", .tells = {"malloc"})
VICTIM(aborting, a_fortified_copy_does_not_fit, .program = "fortified", .code = "SIGABRT", .origin = "copy",
       .tells = {"buffer overflow detected"})

VICTIM(aborting, a_standard_exception_is_not_caught, .program = "uncaught", .arguments = {"standard"},
       .code = "SIGABRT", .origin = "pay", .tells = {"runtime_error", "no money left"})
VICTIM(aborting, an_int_is_thrown_and_not_caught, .program = "uncaught", .arguments = {"int"}, .code = "SIGABRT",
       .origin = "pay")
VICTIM(aborting, an_exception_class_of_its_own_is_not_caught, .program = "uncaught", .arguments = {"own"},
       .code = "SIGABRT", .origin = "pay", .tells = {"Broken", "the till is broken"})
VICTIM(aborting, an_exception_that_is_no_std_exception_is_not_caught, .program = "uncaught", .arguments = {"plain"},
       .code = "SIGABRT", .origin = "pay", .tells = {"Refused"})
VICTIM(aborting, an_exception_leaves_a_noexcept_function, .program = "noexcept_broken", .code = "SIGABRT",
       .tells = {"logic_error", "promised and broken"})
VICTIM(aborting, a_pure_virtual_function_is_called, .program = "pure_virtual", .code = "SIGABRT", .origin = "Base")
VICTIM(aborting, a_thread_throws, .program = "throws_in_thread", .code = "SIGABRT", .origin = "work",
       .tells = {"out_of_range", "no such item"})
VICTIM(aborting, a_joinable_thread_is_destroyed, .program = "joinable", .code = "SIGABRT")
VICTIM(aborting, a_destructor_throws_during_unwinding, .program = "throws_in_destructor", .code = "SIGABRT")
VICTIM(aborting, an_exception_is_thrown_on_and_not_caught, .program = "rethrows", .code = "SIGABRT",
       .tells = {"invalid_argument", "thrown on"})
VICTIM(aborting, an_exception_that_is_thrown_on_comes_from_where_it_was_thrown, .program = "rethrows",
       .code = "SIGABRT", .tells = {"thrown in fail (rethrows.cc:5), thrown on by pass_on (rethrows.cc:12)"})
VICTIM(aborting, an_exception_that_a_future_kept, .program = "thrown_on", .arguments = {"future"}, .code = "SIGABRT",
       .origin = "pass_on", .tells = {"type Lost was thrown in fail", "thrown on by pass_on", "the way was lost"})
VICTIM(aborting, an_exception_that_a_pointer_kept, .program = "thrown_on", .arguments = {"pointer"}, .code = "SIGABRT",
       .origin = "pass_on", .tells = {"type Lost was thrown in fail", "thrown on by pass_on", "the way was lost"})
VICTIM(aborting, an_exception_that_was_made_and_not_thrown, .program = "thrown_on", .arguments = {"made"},
       .code = "SIGABRT", .origin = "pass_on", .tells = {"std::range_error was thrown in make", "made and not thrown"})
VICTIM(aborting, an_exception_that_is_thrown_on_after_many_others, .program = "thrown_on", .arguments = {"many"},
       .code = "SIGABRT", .origin = "pass_on", .tells = {"type Lost was thrown in fail", "thrown on by pass_on"})
VICTIM(aborting, an_exception_of_a_library_that_is_linked_in, .program = "throws_static", .arguments = {"plainly"},
       .code = "SIGABRT", .origin = "fail", .tells = {"std::underflow_error", "linked in"})
VICTIM(aborting, an_exception_with_a_virtual_base, .program = "throws_static", .arguments = {"virtually"},
       .code = "SIGABRT", .origin = "fail", .tells = {"Refused", "virtually"})
VICTIM(aborting, a_plug_in_catches_what_it_throws, .program = "loads_throwing", .prints = "2000 caught")
VICTIM(aborting, a_terminate_handler_aborts, .program = "terminate_handler", .code = "SIGABRT", .prints = "last words",
       .tells = {"told by the handler in fail (terminate_handler.cc"})
VICTIM(aborting, caught_exceptions_are_no_report, .program = "caught", .prints = "1000 caught")

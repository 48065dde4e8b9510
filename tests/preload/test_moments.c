/*
 * Crashes at bad moments: before main and after it, inside libc and the loader, with locks held by this thread or another, on
 * memory that is no longer what it was.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(moment, .timeout = 240);

VICTIM(moment, in_a_constructor, .program = "constructor_crashes", .code = "SIGSEGV", .origin = "construct")
VICTIM(moment, in_a_library_s_constructor, .program = "linked_library", .environment = {"FRAGILE=begin"},
       .code = "SIGSEGV")
VICTIM(moment, in_a_library_s_destructor, .program = "linked_library", .environment = {"FRAGILE=end"},
       .code = "SIGSEGV")
VICTIM(moment, in_the_constructor_of_what_dlopen_loads, .program = "loads_library", .arguments = {"call"},
       .environment = {"FRAGILE=begin"}, .code = "SIGSEGV")
VICTIM(moment, in_a_function_of_what_dlopen_loaded, .program = "loads_library", .arguments = {"call"},
       .code = "SIGSEGV", .prints = "loaded 1")
VICTIM(moment, in_the_destructor_at_dlclose, .program = "loads_library", .arguments = {"close"},
       .environment = {"FRAGILE=end"}, .code = "SIGSEGV")
VICTIM(moment, in_a_library_that_is_gone, .program = "loads_library", .arguments = {"gone"}, .code = "SIGSEGV",
       .origin = "main")
VICTIM(moment, in_an_atexit_handler, .program = "exit_handler_crashes", .arguments = {"atexit"}, .code = "SIGSEGV",
       .origin = "fault_late")
VICTIM(moment, in_an_on_exit_handler, .program = "exit_handler_crashes", .arguments = {"on_exit"}, .code = "SIGSEGV",
       .origin = "fault_late")
VICTIM(moment, in_a_destructor, .program = "exit_handler_crashes", .arguments = {"destructor"}, .code = "SIGSEGV",
       .origin = "fault_late")
VICTIM(moment, in_a_quick_exit_handler, .program = "exit_handler_crashes", .arguments = {"quick"}, .code = "SIGSEGV",
       .origin = "fault_late")
VICTIM(moment, exit_in_an_exit_handler, .program = "exits_in_exit", .arguments = {"exit"}, .code = "exit:8")
VICTIM(moment, _exit_in_an_exit_handler, .program = "exits_in_exit", .arguments = {"_exit"}, .code = "exit:7")
VICTIM(moment, in_the_handler_of_a_harmless_signal, .program = "handler_of_usr1_crashes", .code = "SIGSEGV",
       .origin = "on_usr1")
VICTIM(moment, in_a_callback_of_qsort, .program = "comparison_crashes", .code = "SIGSEGV", .origin = "compare")
VICTIM(moment, in_libc_for_a_wrong_argument, .program = "strlen_of_null", .code = "SIGSEGV", .origin = "measure")
VICTIM(moment, in_generated_code, .program = "generated_code_crashes", .code = "SIGSEGV")

VICTIM(moment, with_the_loader_s_lock_held, .program = "loader_locked", .code = "SIGSEGV", .origin = "look_and_fault")
VICTIM(moment, with_the_loader_s_lock_held_by_another, .program = "loader_locked_elsewhere",
       .environment = {"FRAGILE=slow"}, .code = "SIGSEGV", .origin = "fault_meanwhile", .slower_ms = 700)
VICTIM(moment, with_the_loader_s_lock_held_by_another_for_ever, .program = "held_elsewhere", .arguments = {"loader"},
       .code = "SIGSEGV", .origin = "fault_meanwhile")
VICTIM(moment, with_another_thread_in_exit_for_ever, .program = "held_elsewhere", .arguments = {"exit"},
       .code = "SIGSEGV", .origin = "fault_meanwhile")
VICTIM(moment, with_the_time_zone_s_lock_busy_elsewhere, .program = "held_elsewhere", .arguments = {"time"},
       .code = "SIGSEGV", .origin = "fault_meanwhile", .racy = true)
VICTIM(moment, with_the_environment_s_lock_busy_elsewhere, .program = "held_elsewhere", .arguments = {"environment"},
       .code = "SIGSEGV", .origin = "fault_meanwhile", .racy = true)
VICTIM(moment, in_the_middle_of_a_report, .program = "crashes_in_report", .code = "SIGSEGV",
       .origin = "fault_in_handler", .any_others = true, .racy = true)
VICTIM(moment, in_a_static_object_s_constructor, .program = "static_objects", .environment = {"FRAGILE=begin"},
       .code = "SIGSEGV", .origin = "Fragile::fault")
VICTIM(moment, in_a_static_object_s_destructor, .program = "static_objects", .environment = {"FRAGILE=end"},
       .code = "SIGSEGV", .origin = "Fragile::fault")
VICTIM(moment, with_a_stream_s_lock_held, .program = "stdio_locked", .arguments = {"own"}, .code = "SIGSEGV",
       .origin = "write_and_fault")
VICTIM(moment, with_all_streams_locked_by_another, .program = "stdio_locked", .arguments = {"other"}, .code = "SIGSEGV",
       .origin = "fault_meanwhile")
VICTIM(moment, with_malloc_busy_elsewhere, .program = "malloc_locked", .code = "SIGSEGV", .origin = "fault_meanwhile",
       .racy = true)
VICTIM(moment, in_the_middle_of_malloc, .program = "malloc_interrupted", .arguments = {"malloc"}, .code = "SIGSEGV",
       .origin = "fault_in_handler", .racy = true)
VICTIM(moment, in_the_middle_of_localtime, .program = "malloc_interrupted", .arguments = {"time"}, .code = "SIGSEGV",
       .origin = "fault_in_handler", .racy = true)
VICTIM(moment, in_the_middle_of_printf, .program = "malloc_interrupted", .arguments = {"print"}, .code = "SIGSEGV",
       .origin = "fault_in_handler", .racy = true)

VICTIM(moment, with_the_heap_smeared, .program = "heap_smeared", .code = "SIGSEGV", .origin = "fault_here")
VICTIM(moment, with_the_stack_smeared, .program = "stack_smeared", .code = "SIGSEGV", .origin = "fault_here")
VICTIM(moment, with_libc_s_data_smeared, .program = "statics_smeared", .code = "SIGSEGV", .origin = "fault_here")
VICTIM(moment, with_the_record_read_only, .program = "record_taken_away", .arguments = {"protect"}, .code = "SIGSEGV",
       .origin = "fault_here")
VICTIM(moment, with_the_record_unmapped, .program = "record_taken_away", .arguments = {"unmap"}, .code = "SIGSEGV",
       .origin = "fault_here", .racy = true)
VICTIM(moment, without_a_thread_pointer, .program = "thread_pointer_lost", .death = "SIGSEGV", .code = "KILLED",
       .afterwards = 1)

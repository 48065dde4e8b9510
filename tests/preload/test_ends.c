/*
 * Ends that are no crash: the status is the program's, handlers run once, and a status that is not zero is one exit report.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(ending, .timeout = 60);

VICTIM(ending, return_0, .program = "ends", .arguments = {"return", "0"}, .prints = "return 0\nhandler\n")
VICTIM(ending, return_3, .program = "ends", .arguments = {"return", "3"}, .code = "exit:3", .prints = "handler")
VICTIM(ending, exit_0, .program = "ends", .arguments = {"exit", "0"})
VICTIM(ending, exit_4, .program = "ends", .arguments = {"exit", "4"}, .code = "exit:4")
VICTIM(ending, exit_256_is_0, .program = "ends", .arguments = {"exit", "256"})
VICTIM(ending, exit_minus_1_is_255, .program = "ends", .arguments = {"exit", "-1"}, .code = "exit:255")
VICTIM(ending, _exit_0, .program = "ends", .arguments = {"_exit", "0"})
VICTIM(ending, _exit_5, .program = "ends", .arguments = {"_exit", "5"}, .code = "exit:5")
VICTIM(ending, _Exit_6, .program = "ends", .arguments = {"_Exit", "6"}, .code = "exit:6")
VICTIM(ending, quick_exit_0, .program = "ends", .arguments = {"quick_exit", "0"}, .prints = "handler")
VICTIM(ending, quick_exit_7, .program = "ends", .arguments = {"quick_exit", "7"}, .code = "exit:7", .prints = "handler")
VICTIM(ending, pthread_exit_of_main, .program = "ends", .arguments = {"pthread_exit", "0"}, .prints = "handler")
VICTIM(ending, exit_in_a_thread_after_main_has_gone, .program = "ends", .arguments = {"thread", "8"}, .code = "exit:8",
       .prints = "handler")
VICTIM(ending, a_raw_exit_group_is_found_afterwards, .program = "ends", .arguments = {"exit_group", "9"},
       .death = "exit 9", .code = "KILLED", .afterwards = 1)
VICTIM(ending, syscall_of_exit_group, .program = "ends", .arguments = {"syscall of exit_group", "9"}, .code = "exit:9")
VICTIM(ending, syscall_of_exit_group_with_0, .program = "ends", .arguments = {"syscall of exit_group", "0"})
VICTIM(ending, syscall_of_exit_in_the_only_thread, .program = "ends", .arguments = {"syscall of exit", "4"},
       .code = "exit:4")

/*
 * Signals that somebody sends: those that mean something went wrong are crash reports, those that ask a program to stop are
 * not, and the program dies by exactly the signal it was sent.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>

#include "victim.h"

#define VICTIMS QMON_BUILD_DIR "/victims/"

TestSuite(sent, .timeout = 60);

VICTIM(sent, kill_segv, .program = "sends_itself", .arguments = {"kill", "11"}, .code = "SIGSEGV",
       .origin = "send_signal")
VICTIM(sent, kill_bus, .program = "sends_itself", .arguments = {"kill", "7"}, .code = "SIGBUS", .origin = "send_signal")
VICTIM(sent, kill_ill, .program = "sends_itself", .arguments = {"kill", "4"}, .code = "SIGILL", .origin = "send_signal")
VICTIM(sent, kill_fpe, .program = "sends_itself", .arguments = {"kill", "8"}, .code = "SIGFPE", .origin = "send_signal")
VICTIM(sent, kill_abrt, .program = "sends_itself", .arguments = {"kill", "6"}, .code = "SIGABRT",
       .origin = "send_signal")
VICTIM(sent, kill_trap, .program = "sends_itself", .arguments = {"kill", "5"}, .code = "SIGTRAP",
       .origin = "send_signal")
VICTIM(sent, kill_sys, .program = "sends_itself", .arguments = {"kill", "31"}, .code = "SIGSYS",
       .origin = "send_signal")
VICTIM(sent, kill_quit, .program = "sends_itself", .arguments = {"kill", "3"}, .code = "SIGQUIT",
       .origin = "send_signal")
VICTIM(sent, kill_xcpu, .program = "sends_itself", .arguments = {"kill", "24"}, .code = "SIGXCPU",
       .origin = "send_signal")
VICTIM(sent, kill_xfsz, .program = "sends_itself", .arguments = {"kill", "25"}, .code = "SIGXFSZ",
       .origin = "send_signal")
VICTIM(sent, kill_usr1, .program = "sends_itself", .arguments = {"kill", "10"}, .code = "SIGUSR1")
VICTIM(sent, kill_usr2, .program = "sends_itself", .arguments = {"kill", "12"}, .code = "SIGUSR2")
VICTIM(sent, raise_segv, .program = "sends_itself", .arguments = {"raise", "11"}, .code = "SIGSEGV",
       .origin = "send_signal")
VICTIM(sent, raise_abrt, .program = "sends_itself", .arguments = {"raise", "6"}, .code = "SIGABRT",
       .origin = "send_signal")
VICTIM(sent, tgkill_fpe, .program = "sends_itself", .arguments = {"tgkill", "8"}, .code = "SIGFPE",
       .origin = "send_signal")
VICTIM(sent, sigqueue_bus, .program = "sends_itself", .arguments = {"sigqueue", "7"}, .code = "SIGBUS",
       .origin = "send_signal")
VICTIM(sent, pthread_kill_ill, .program = "sends_itself", .arguments = {"pthread_kill", "4"}, .code = "SIGILL",
       .origin = "send_signal")
VICTIM(sent, segv_to_the_own_process_group, .program = "sends_itself", .arguments = {"kill0", "11"}, .code = "SIGSEGV")

VICTIM(sent, kill_term_is_a_stop, .program = "sends_itself", .arguments = {"kill", "15"}, .death = "SIGTERM")
VICTIM(sent, kill_int_is_a_stop, .program = "sends_itself", .arguments = {"kill", "2"}, .death = "SIGINT")
VICTIM(sent, kill_hup_is_a_stop, .program = "sends_itself", .arguments = {"kill", "1"}, .death = "SIGHUP")
VICTIM(sent, a_broken_pipe_is_a_stop, .program = "broken_pipe", .death = "SIGPIPE")
VICTIM(sent, segv_from_another_process, .program = "is_sent", .arguments = {"11"}, .code = "SIGSEGV",
       .origin = "wait_for_it", .tells = {"SIGSEGV was sent by another process: is_sent, pid "})
VICTIM(sent, abrt_from_another_process, .program = "is_sent", .arguments = {"6"}, .code = "SIGABRT",
       .origin = "wait_for_it")
VICTIM(sent, segv_from_another_process_that_a_handler_raises_again, .program = "is_sent",
       .arguments = {"11", "reraise"}, .code = "SIGSEGV", .origin = "wait_for_it",
       .tells = {"SIGSEGV was sent by another process"})
/* A parent that ends a worker is no accident; one that wants its core is. */
VICTIM(sent, usr1_from_the_parent, .program = "child_is_killed", .arguments = {"10", "waitpid"}, .prints = "10\n",
       .death = "exit 0", .code = "SIGUSR1", .tells = {"\"severity\":\"warning\""})
VICTIM(sent, abrt_from_the_parent, .program = "child_is_killed", .arguments = {"6", "waitpid"}, .prints = "134\n",
       .death = "exit 0", .code = "SIGABRT", .tells = {"\"severity\":\"critical\""})
VICTIM(sent, usr1_from_another_process, .program = "is_sent", .arguments = {"10"}, .code = "SIGUSR1",
       .tells = {"\"severity\":\"critical\""})
VICTIM(sent, term_from_another_process, .program = "is_sent", .arguments = {"15"}, .death = "SIGTERM")
VICTIM(sent, kill_is_found_afterwards, .program = "is_sent", .arguments = {"9"}, .death = "SIGKILL", .code = "SIGKILL",
       .afterwards = 1)
VICTIM(sent, an_alarm_nobody_handles, .program = "alarm_rings", .code = "SIGALRM", .origin = "wait_long")
VICTIM(sent, a_profiling_timer_nobody_handles, .program = "timer_rings", .arguments = {"2"}, .code = "SIGPROF",
       .origin = "spin")
VICTIM(sent, a_virtual_timer_nobody_handles, .program = "timer_rings", .arguments = {"1"}, .code = "SIGVTALRM",
       .origin = "spin")
VICTIM(sent, too_much_cpu_time, .program = "cpu_limit", .code = "SIGXCPU", .origin = "spin")
VICTIM(sent, too_big_a_file, .program = "file_limit", .code = "SIGXFSZ", .origin = "grow")
VICTIM(sent, a_real_time_signal, .program = "sends_itself", .arguments = {"kill", "40"}, .death = "signal 40",
       .code = "SIGRTMIN+6")

/* What comes while it dies is not what it dies of. */
#define FIRST(...) .program = "dies_of_the_first", .arguments = {__VA_ARGS__}, .origin = "die_here", .racy = true
VICTIM(sent, an_alarm_to_one_that_dies_of_a_fault, FIRST("fault", "14"), .code = "SIGSEGV")
VICTIM(sent, term_to_one_that_dies_of_a_fault, FIRST("fault", "15"), .code = "SIGSEGV")
VICTIM(sent, a_lower_fault_to_one_that_dies_of_a_fault, FIRST("fault", "4"), .code = "SIGSEGV")
VICTIM(sent, the_same_to_one_that_dies_of_a_fault, FIRST("fault", "11"), .code = "SIGSEGV")
VICTIM(sent, another_fault_to_one_that_dies_of_what_was_sent, FIRST("sent", "8"), .code = "SIGBUS")
VICTIM(sent, hup_to_one_that_dies_of_what_was_sent, FIRST("sent", "1"), .code = "SIGBUS")

VICTIM(sent, two_faults_that_waited, .program = "dies_of_pending", .arguments = {"7", "8"}, .code = "SIGBUS",
       .origin = "unblock")
VICTIM(sent, a_fault_that_waited_with_a_lower_signal, .program = "dies_of_pending", .arguments = {"3", "11"},
       .code = "SIGSEGV", .origin = "unblock")
VICTIM(sent, to_one_that_recovers_from_faults, .program = "sent_among_faults", .death = "exit 0",
       .prints = "600 came\n")

/* A wrapper that ends as its child did is an echo of it. */
VICTIM(sent, to_itself_by_a_wrapper_whose_child_had_it, .program = "/usr/bin/timeout",
       .arguments = {"20", "/bin/sh", "-c", "kill -SEGV $$"}, .death = "SIGSEGV", .code = "SIGSEGV", .any_errors = true,
       .racy = true)
/* So is one with a status that means the signal. Where nobody tells of the child, the status is told. */
#define SHELL(text) .program = "/bin/bash", .arguments = {"-c", text}, .any_errors = true
VICTIM(sent, to_a_child_of_a_shell_that_says_so_by_its_status, SHELL(VICTIMS "null_read; exit $?"), .death = "exit 139",
       .code = "SIGSEGV", .origin = "read_null", .stops = "exit status 139", .racy = true)
VICTIM(sent, to_a_grandchild_of_a_shell_that_says_so_by_its_status,
       SHELL("sh -c '" VICTIMS "aborts; exit $?'; exit $?"), .death = "exit 134", .code = "SIGABRT",
       .origin = "give_up")
VICTIM(sent, to_a_static_child_of_a_shell_that_says_so_by_its_status, SHELL(VICTIMS "static_crash fault; exit $?"),
       .death = "exit 139", .code = "SIGSEGV")
VICTIM(sent, to_a_killed_child_of_a_shell_that_says_so_by_its_status,
       SHELL("sleep 9 & kill -KILL $!; wait $!; exit $?"), .death = "exit 137", .code = "SIGKILL")
VICTIM(sent, to_a_child_without_a_core_by_one_that_exits_with_its_number, .program = "/usr/bin/setsid",
       .arguments = {"-f", "-w", "/bin/sh", "-c", "ulimit -c 0; exec " VICTIMS "null_read"}, .death = "exit 11",
       .code = "SIGSEGV", .origin = "read_null", .any_errors = true)
VICTIM(sent, a_status_that_is_a_signal_s_number_from_a_child_that_had_none, .program = "/usr/bin/setsid",
       .arguments = {"-f", "-w", "/bin/sh", "-c", VICTIMS "null_read; exit 11"}, .death = "exit 11", .code = "exit:11",
       .any_others = true, .any_errors = true)
VICTIM(sent, to_a_child_of_another_user_by_a_program_that_says_so, .program = "/usr/sbin/runuser",
       .arguments = {"-u", "nobody", "--", VICTIMS "null_read"}, .needs = {"/usr/sbin/runuser"}, .open_place = true,
       .death = "exit 139", .code = "SIGSEGV", .origin = "read_null", .any_errors = true, .racy = true)
VICTIM(sent, to_a_child_of_another_user_s_shell_by_a_program_that_says_so, .program = "/bin/su",
       .arguments = {"nobody", "-s", "/bin/sh", "-c", VICTIMS "null_read"}, .needs = {"/bin/su"}, .open_place = true,
       .death = "exit 139", .code = "SIGSEGV", .origin = "read_null", .any_errors = true)
VICTIM(sent, to_a_child_of_a_shell_that_says_another, SHELL(VICTIMS "null_read; exit 134"), .death = "exit 134",
       .code = "SIGSEGV", .other_kinds = 1)
VICTIM(sent, to_nobody_is_a_status_like_any_other, SHELL("/bin/true; exit 139"), .code = "exit:139")
VICTIM(sent, to_nobody_that_an_ended_child_had_is_told, SHELL("sleep 9 & kill -TERM $!; wait $!; exit $?"),
       .code = "exit:143")

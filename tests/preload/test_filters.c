/*
 * System call filters. Each call that the fatal path makes fails in turn, or a sandbox's list allows next to nothing, or kills:
 * the process dies as it would have died, and there is one report in the end.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(filter, .timeout = 60);

#define REFUSED(sentence, error, calls, end, ...)                                                                      \
    VICTIM(filter, sentence, .program = "refuses_calls", .arguments = {#error, calls, end}, .afterwards = 1,           \
           __VA_ARGS__)
#define FAULT .code = "SIGSEGV"
#define ABORT .code = "SIGABRT"

REFUSED(refuses_open, 1, "open,openat", "fault", FAULT)
REFUSED(refuses_clone, 1, "clone,clone3,fork,vfork", "fault", FAULT)
REFUSED(does_not_know_clone, 38, "clone,clone3,fork,vfork", "fault", FAULT)
REFUSED(refuses_exec, 1, "execve,execveat", "fault", FAULT)
REFUSED(does_not_know_exec, 38, "execve,execveat", "fault", FAULT)
REFUSED(refuses_prctl, 1, "prctl", "fault", FAULT)
REFUSED(refuses_sigaltstack, 1, "sigaltstack", "fault", FAULT)
REFUSED(refuses_sigprocmask, 1, "rt_sigprocmask", "fault", FAULT)
REFUSED(refuses_timers, 1, "timer_create,timer_settime,timer_delete", "fault", FAULT)
REFUSED(refuses_timer_settime, 1, "timer_settime", "fault", FAULT)
REFUSED(refuses_memfd, 38, "memfd_create", "fault", FAULT)
REFUSED(refuses_mmap, 12, "mmap,munmap,mprotect", "fault", FAULT)
REFUSED(refuses_madvise, 22, "madvise", "fault", FAULT)
REFUSED(refuses_madvise_with_eperm, 1, "madvise", "fault", FAULT)
REFUSED(refuses_wait, 10, "wait4,waitid", "fault", FAULT)
REFUSED(refuses_to_sleep, 1, "nanosleep,rt_sigtimedwait,futex", "fault", FAULT)
REFUSED(refuses_setsid, 1, "setsid,umask,chdir", "fault", FAULT)
REFUSED(refuses_close_range, 38, "close_range", "fault", FAULT)
REFUSED(refuses_dup, 9, "dup3", "fault", FAULT)
REFUSED(refuses_limits, 1, "prlimit64", "fault", FAULT)
REFUSED(refuses_read, 5, "read,pread64", "fault", FAULT)
REFUSED(refuses_write, 28, "write,pwrite64,ftruncate", "fault", FAULT)
REFUSED(refuses_readlink_and_stat, 1, "readlinkat,newfstatat", "fault", FAULT)
REFUSED(refuses_to_say_who, 38, "getpid,gettid,getppid", "fault", FAULT)
REFUSED(refuses_signals, 1, "tgkill,kill,rt_tgsigqueueinfo,rt_sigqueueinfo", "fault", FAULT)
REFUSED(refuses_to_queue_signals_for_an_abort, 38, "rt_tgsigqueueinfo,rt_sigqueueinfo", "abort", ABORT)
REFUSED(refuses_clone_for_an_abort, 1, "clone,clone3,fork,vfork", "abort", ABORT)
REFUSED(refuses_exec_for_an_abort, 13, "execve,execveat", "abort", ABORT)
REFUSED(refuses_open_for_an_abort, 2, "open,openat", "abort", ABORT)
REFUSED(refuses_dispositions, 1, "rt_sigaction", "fault", FAULT)
REFUSED(refuses_dispositions_for_an_abort, 1, "rt_sigaction", "abort", ABORT)
REFUSED(does_not_know_dispositions_for_an_abort, 38, "rt_sigaction", "abort", ABORT)
REFUSED(allows_little_but_no_dispositions_for_an_abort, 1,
        "allow:read,write,exit,exit_group,rt_sigreturn,rt_sigprocmask,tgkill,gettid,getpid", "abort", ABORT)
VICTIM(filter, refuses_dispositions_for_a_stop, .program = "refuses_calls", .arguments = {"1", "rt_sigaction", "stop"},
       .death = "SIGTERM", .stops = "SIGTERM")
REFUSED(refuses_clone_for_an_exit, 1, "clone,clone3,fork,vfork", "5", .code = "exit:5")
REFUSED(refuses_exec_for_an_exit, 1, "execve,execveat", "5", .code = "exit:5")
REFUSED(allows_next_to_nothing, 1, "allow:read,write,exit,exit_group,rt_sigreturn,tgkill,gettid,getpid", "fault", FAULT)
REFUSED(allows_next_to_nothing_for_an_abort, 1,
        "allow:read,write,exit,exit_group,rt_sigreturn,rt_sigaction,rt_sigprocmask,tgkill,gettid,getpid", "abort",
        ABORT)
REFUSED(allows_next_to_nothing_for_an_exit, 1, "allow:read,write,exit,exit_group,rt_sigreturn", "5", .code = "exit:5")
REFUSED(kills_for_clone, 0, "clone,clone3,fork,vfork", "fault", FAULT)
REFUSED(kills_for_exec, 0, "execve,execveat", "fault", FAULT)
REFUSED(kills_for_open, 0, "open,openat", "fault", FAULT)
REFUSED(kills_for_nearly_everything, 0, "allow:read,write,exit,exit_group,rt_sigreturn", "fault", FAULT)
REFUSED(kills_for_nearly_everything_but_an_exit, 0, "allow:read,write,exit,exit_group,rt_sigreturn", "5",
        .code = "exit:5")
VICTIM(filter, of_the_strict_mode, .program = "strict_mode", .code = "SIGSEGV", .afterwards = 1)
VICTIM(filter, of_the_strict_mode_lets_the_only_thread_exit, .program = "strict_mode", .arguments = {"exit"},
       .any_lifecycle = true)
VICTIM(filter, of_the_strict_mode_kills_who_returns, .program = "strict_mode", .arguments = {"return"},
       .death = "SIGKILL", .code = "KILLED", .afterwards = 1)

/* One that was there before the program: nothing is known of it, and what may be missing in it is tried by another process. */
#define BEFORE(name, groups, program_, ...)                                                                            \
    VICTIM(filter, name, .program = "filtered_from_the_start",                                                         \
           .arguments = {groups, QMON_BUILD_DIR "/victims/" program_}, .racy = true, __VA_ARGS__)
BEFORE(of_timers_from_the_start, "timer", "null_read", .code = "SIGSEGV", .origin = "read_null")
BEFORE(of_timers_from_the_start_and_an_abort, "timer", "aborts", .code = "SIGABRT", .origin = "give_up")
BEFORE(of_timers_from_the_start_and_a_deep_stack, "timer", "deep_recursion", .code = "SIGSEGV")
BEFORE(of_timers_from_the_start_and_a_locked_loader, "timer", "loader_locked_elsewhere", .code = "SIGSEGV")
VICTIM(filter, of_timers_from_the_start_and_an_exception, .program = "filtered_from_the_start",
       .arguments = {"timer", QMON_BUILD_DIR "/victims/uncaught", "standard"}, .racy = true, .code = "SIGABRT",
       .tells = {"std::"})
BEFORE(of_communication_from_the_start, "ipc", "null_read", .code = "SIGSEGV", .origin = "read_null")
BEFORE(of_communication_from_the_start_and_a_thread, "ipc", "thread_crashes", .code = "SIGSEGV")
BEFORE(of_both_from_the_start, "both", "null_read", .code = "SIGSEGV", .origin = "read_null")
VICTIM(filter, of_both_from_the_start_and_a_child, .program = "filtered_from_the_start",
       .arguments = {"both", QMON_BUILD_DIR "/victims/fork_crashes", "child"}, .racy = true, .death = "exit 0",
       .code = "SIGSEGV")
BEFORE(of_both_from_the_start_and_nothing_happens, "both", "handler_repairs")

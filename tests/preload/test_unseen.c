/*
 * What the host sees of the agent: no child, no thread, no descriptor, no change of errno; and what a first process of a pid
 * namespace and a subreaper are bound to reap is theirs alone.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(unseen, .timeout = 240);
TestSuite(first_process, .timeout = 60);

#define FIRST(...) "--pid", "--fork", "--mount-proc", __VA_ARGS__

VICTIM(unseen, by_wait, .program = "counts_children", .arguments = {"any"}, .death = "exit 0", .code = "SIGSEGV",
       .prints = "0 more children, some alive 0, SIGCHLD 3", .racy = true)
VICTIM(unseen, by_wait_for_all_kinds, .program = "counts_children", .arguments = {"any", "all"}, .death = "exit 0",
       .code = "SIGSEGV", .racy = true)
VICTIM(unseen, where_children_are_ignored, .program = "counts_children", .arguments = {"any", "ignore"},
       .death = "exit 0", .code = "SIGSEGV", .racy = true)
VICTIM(unseen, by_a_subreaper, .program = "counts_children", .arguments = {"any", "subreaper"}, .death = "exit 0",
       .code = "SIGSEGV", .racy = true)
VICTIM(unseen, by_a_subreaper_all_of_whose_children_are_told, .program = "counts_children",
       .arguments = {"any", "subreaper"}, .environment = {"QMON_LIFECYCLE=all"}, .death = "exit 0", .code = "SIGSEGV",
       .starts = 4, .racy = true)
VICTIM(unseen, by_a_subreaper_of_the_third_generation, .program = "subreaper", .death = "exit 0", .code = "SIGSEGV",
       .reports = 3, .other_kinds = 2, .prints = "5 reaped, then 0", .racy = true)
VICTIM(unseen, by_a_subreaper_that_was_one_before_an_exec, .program = "subreaper", .arguments = {"exec"},
       .death = "exit 0", .code = "SIGSEGV", .reports = 3, .other_kinds = 2, .prints = "5 reaped, then 0", .racy = true)
VICTIM(unseen, in_proc, .program = "looks_around", .racy = true)
VICTIM(unseen, among_descriptors, .program = "descriptors", .prints = "first 3, pipe 4 5")
VICTIM(unseen, in_errno, .program = "keeps_errno")
VICTIM(unseen, by_unshare_and_setns, .program = "unshares")

VICTIM(first_process, faults, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "fault")}, .environment = {"QMON_EXCLUDE=unshare"},
       .code = "SIGSEGV", .origin = "fault_here", .prints = "pid 1\n")
VICTIM(first_process, aborts, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "abort")}, .environment = {"QMON_EXCLUDE=unshare"},
       .death = "SIGSEGV", .code = "SIGABRT", .origin = "main", .tells = {"abort()"})
VICTIM(first_process, fails_an_assertion, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "assert")}, .environment = {"QMON_EXCLUDE=unshare"},
       .death = "SIGSEGV", .code = "SIGABRT", .origin = "main", .tells = {"assertion"})
VICTIM(first_process, aborts_as_a_child, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "abort")}, .death = "SIGSEGV", .code = "SIGABRT",
       .origin = "main")
/* The same with unshare itself watched: it is the root then, and ends as its child ends, by a signal to itself for one: an echo. */
VICTIM(first_process, faults_as_a_child, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "fault")}, .code = "SIGSEGV",
       .origin = "fault_here", .prints = "pid 1\n")
VICTIM(first_process, fails_as_a_child, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "-", "6")}, .code = "exit:6")
VICTIM(first_process, and_a_child_of_it_crash_as_children, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/reaps_as_first")}, .death = "exit 0", .code = "SIGSEGV",
       .prints = "3 reaped, 1 of them crashed")
VICTIM(first_process, is_stopped, .program = "/usr/bin/unshare",
       .arguments = {FIRST("/bin/sh", "-c", "trap 'exit 3' TERM; (sleep 0.1; kill -TERM 1) & wait; exit 9")},
       .environment = {"QMON_EXCLUDE=unshare"}, .code = "exit:3")
VICTIM(first_process, is_killed_from_outside, .program = "/bin/sh",
       .arguments = {"-c", "unshare --pid --fork --mount-proc sleep 99 & sleep 0.3; "
                           "kill -KILL $(cat /proc/$!/task/$!/children); wait $!; echo $?"},
       .environment = {"QMON_EXCLUDE=unshare,sh,dash,cat"}, .prints = "1\n", .death = "exit 0", .code = "KILLED",
       .afterwards = 1, .any_lifecycle = true, .any_errors = true)
VICTIM(first_process, is_immune_to_its_own_signals, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "kill")}, .environment = {"QMON_EXCLUDE=unshare"},
       .prints = "still here")
VICTIM(first_process, handles_signals, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "handle")}, .environment = {"QMON_EXCLUDE=unshare"},
       .prints = "handler of 15\nhandler of 11\n")
VICTIM(first_process, fails, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "-", "6")}, .environment = {"QMON_EXCLUDE=unshare"},
       .code = "exit:6")
VICTIM(first_process, reaps_its_own_alone, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/reaps_as_first")}, .environment = {"QMON_EXCLUDE=unshare"},
       .death = "exit 0", .code = "SIGSEGV", .prints = "3 reaped, 1 of them crashed")

/* A sandbox's root ends with the status of a program that process 1 has waited for in its place: an echo all the same. */
VICTIM(first_process, of_a_bare_clone_call_and_its_children_are_of_its_tree, .program = "sandbox",
       .arguments = {"fault"}, .death = "exit 139", .code = "SIGSEGV", .origin = "fault_here")
/* Such a process 1 stays until it has no child left, of which a receiver of ours is one. */
VICTIM(first_process, is_not_held_by_a_channel_that_is_down, .program = "sandbox", .arguments = {"end"},
       .environment = {"QMON_WEBHOOK_URL=http://127.0.0.1:9/", "QMON_LIFECYCLE=all"}, .starts = 3, .slower_ms = 900)
VICTIM(first_process, is_not_held_by_a_crash_that_no_channel_takes, .program = "sandbox", .arguments = {"fault"},
       .environment = {"QMON_WEBHOOK_URL=http://127.0.0.1:9/", "QMON_CSV_FILE=/proc/nowhere/events.csv"},
       .death = "exit 139", .code = "SIGSEGV", .origin = "fault_here", .slower_ms = 900)
VICTIM(first_process, is_not_held_by_a_failure_that_no_channel_takes, .program = "/usr/bin/unshare",
       .arguments = {FIRST(QMON_BUILD_DIR "/victims/first_process", "-", "6")},
       .environment = {"QMON_EXCLUDE=unshare", "QMON_WEBHOOK_URL=http://127.0.0.1:9/"}, .code = "exit:6",
       .slower_ms = 900)
VICTIM(first_process, is_not_held_where_nothing_can_be_kept, .program = "/usr/bin/bwrap",
       .arguments = {"--ro-bind", "/", "/", "--unshare-pid", "sleep", "0.2"}, .needs = {"/usr/bin/bwrap"},
       .environment = {"QMON_WEBHOOK_URL=http://127.0.0.1:9/", "QMON_LIFECYCLE=all"}, .slower_ms = 900)

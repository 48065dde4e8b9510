/*
 * Starts and stops: a root process announces exactly one of each, whatever it becomes and however it ends; the processes it starts
 * announce none, unless that is asked for.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(lifecycle, .timeout = 60);

#define SHELL(script) .program = "/bin/sh", .arguments = {"-c", script}
#define VICTIMS QMON_BUILD_DIR "/victims/"

VICTIM(lifecycle, of_a_program_that_lives_no_time, .program = "short_life", .stops = "exit status 0", .racy = true)
VICTIM(lifecycle, of_one_that_is_stopped, .program = "is_sent", .arguments = {"15"}, .death = "SIGTERM",
       .stops = "SIGTERM")
VICTIM(lifecycle, of_one_that_fails, .program = "ends", .arguments = {"return", "3"}, .code = "exit:3",
       .stops = "exit status 3")
VICTIM(lifecycle, of_one_that_crashes, .program = "null_read", .code = "SIGSEGV", .stops = "SIGSEGV")
VICTIM(lifecycle, of_one_that_execs, .program = "exec_chain", .arguments = {"0"}, .stops = "exit status 0")
VICTIM(lifecycle, of_a_script_of_many_children,
       SHELL("i=0; while [ $i -lt 60 ]; do /bin/true; i=$((i + 1)); done; echo $i"), .prints = "60\n",
       .stops = "exit status 0", .slower_ms = 6000)
VICTIM(lifecycle, of_a_script_in_a_script, SHELL("sh -c 'sh -c \"exit 3\"; exit 4'; exit 0"), .stops = "exit status 0")
VICTIM(lifecycle, of_a_pipeline, SHELL("yes | head -n 3"), .prints = "y\ny\ny\n", .stops = "exit status 0")
VICTIM(lifecycle, of_a_daemon, .program = "daemonizes", .arguments = {"end"}, .stops = "exit status 0")
VICTIM(lifecycle, of_a_daemon_that_crashes, .program = "daemonizes", .arguments = {"crash"}, .death = "exit 0",
       .code = "SIGSEGV", .stops = "SIGSEGV")
VICTIM(lifecycle, of_a_daemon_that_crashes_at_once, .program = "daemonizes", .arguments = {"crash", "0"},
       .death = "exit 0", .code = "SIGSEGV", .stops = "SIGSEGV", .racy = true)
VICTIM(lifecycle, of_a_daemon_that_fails_at_once, .program = "daemonizes", .arguments = {"3", "0"}, .death = "exit 0",
       .code = "exit:3", .stops = "exit status 3", .racy = true)
VICTIM(lifecycle, of_a_daemon_that_fails_soon, .program = "daemonizes", .arguments = {"3", "3000"}, .death = "exit 0",
       .code = "exit:3", .stops = "exit status 3", .racy = true)
VICTIM(lifecycle, of_a_daemon_that_ends_at_once, .program = "daemonizes", .arguments = {"end", "0"},
       .stops = "exit status 0", .racy = true)
/* There a program that ends is held until that is told; this one's daemon waits for its end. The shell outside is a root, too. */
VICTIM(lifecycle, of_a_daemon_in_a_container,
       SHELL("agent=$LD_PRELOAD; unset LD_PRELOAD; unshare --pid --fork --mount-proc"
             " sh -c \"LD_PRELOAD=$agent " VICTIMS "daemonizes crash; sleep 1\""),
       .death = "exit 0", .code = "SIGSEGV", .starts = 2, .stops = "SIGSEGV")
VICTIM(lifecycle, of_a_child_left_running, SHELL(VICTIMS "stays_alive 200 & exit 0"), .stops = "exit status 0")
VICTIM(lifecycle, of_all_processes, SHELL("/bin/true; /bin/true; :"), .environment = {"QMON_LIFECYCLE=all"},
       .starts = 3)
VICTIM(lifecycle, of_none, .program = "short_life", .environment = {"QMON_LIFECYCLE=off"}, .starts = NO_STARTS)
VICTIM(lifecycle, of_a_failing_child_when_asked_for, SHELL("/bin/false; exit 0"), .environment = {"QMON_EXIT=all"},
       .death = "exit 0", .code = "exit:1")
VICTIM(lifecycle, of_failures_switched_off, .program = "ends", .arguments = {"return", "3"},
       .environment = {"QMON_EXIT=off"}, .death = "exit 3")
VICTIM(lifecycle, switched_off_altogether, .program = "null_read", .environment = {"QMON_DISABLE=1"},
       .death = "SIGSEGV", .starts = NO_STARTS)
VICTIM(lifecycle, of_an_excluded_program, .program = "null_read", .environment = {"QMON_EXCLUDE=*/null_r*"},
       .death = "SIGSEGV", .starts = NO_STARTS)
VICTIM(lifecycle, with_other_signals_for_crashes, .program = "null_read", .environment = {"QMON_SIGNALS=SIGBUS"},
       .death = "SIGSEGV", .stops = "SIGSEGV")
VICTIM(lifecycle, of_a_live_process_is_not_ended_by_a_flush,
       SHELL(VICTIMS "stays_alive & child=$!; sleep 0.2; [ -z \"$QMON_STATE_DIR\" ] || " QMON_BUILD_DIR
                     "/qmon flush >/dev/null; kill $child; wait $child; echo $?"),
       .prints = "143", .any_errors = true, .stops = "exit status 0")
VICTIM(lifecycle, of_a_process_number_that_is_used_again, .program = "/usr/bin/unshare",
       .arguments = {"--pid", "--fork", "--mount-proc", "/bin/sh", "-c",
                     VICTIMS "stays_alive & child=$!; sleep 0.2; kill -9 $child; wait $child; sleep 0.3; "
                             "echo $((child - 1)) >/proc/sys/kernel/ns_last_pid; " VICTIMS
                             "stays_alive 50 & [ $! = $child ] && echo same; wait; exit 0"},
       .environment = {"QMON_EXCLUDE=unshare"}, .prints = "same\n", .death = "exit 0", .code = "SIGKILL",
       .any_errors = true) /* the shell does not always say "Killed" */

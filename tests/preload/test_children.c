/*
 * fork, vfork, posix_spawn and exec: a child is a process of its own, a parent is not disturbed by what happens in it, and a
 * program that execs is reported as what it has become.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports.h"
#include "victim.h"
#include "victim_place.h"

TestSuite(child, .timeout = 120);
TestSuite(exec, .timeout = 60);

/* posix_spawn: what its attributes and file actions ask for is what the child gets. */
#define SPAWNS(...) .program = "spawns_with", .arguments = {__VA_ARGS__}
VICTIM(child, of_posix_spawn_inherits, SPAWNS("-"), .prints = "7 blocked 10 ignored 11 ignored 12 blocked 15 ignored")
VICTIM(child, of_posix_spawn_with_default_signals, SPAWNS("setsigdef"),
       .prints = "1 ignored 7 blocked 12 blocked group")
VICTIM(child, of_posix_spawn_with_a_mask, SPAWNS("setsigmask"), .prints = "2 blocked 8 blocked")
VICTIM(child, of_posix_spawn_with_a_group, SPAWNS("setpgroup"), .prints = "group own, session parent's")
VICTIM(child, of_posix_spawn_with_a_session, SPAWNS("setsid"), .prints = "session own")
VICTIM(child, of_posix_spawn_with_its_identity, SPAWNS("resetids"))
VICTIM(child, of_posix_spawn_with_a_policy, SPAWNS("setscheduler"), .prints = "policy 0 0")
VICTIM(child, of_posix_spawn_with_file_actions, SPAWNS("actions"), .prints = "in /, 7 says hello, 8 is closed")
VICTIM(child, of_posix_spawn_with_all_of_it,
       SPAWNS("setsigdef", "setsigmask", "setsid", "resetids", "setscheduler", "actions"),
       .prints = "2 blocked 8 blocked group own, session own, policy 0 0")
VICTIM(child, of_posix_spawn_with_all_of_it_crashes,
       SPAWNS("setsigdef", "setsigmask", "setsid", "resetids", "setscheduler", "actions", "crash"), .death = "exit 0",
       .code = "SIGSEGV", .origin = "fault_in_spawned")

VICTIM(child, of_fork_crashes, .program = "fork_crashes", .arguments = {"c"}, .death = "exit 0", .code = "SIGSEGV",
       .origin = "fault_in_child")
VICTIM(child, of__Fork_crashes, .program = "fork_crashes", .arguments = {"bc"}, .death = "exit 0", .code = "SIGSEGV",
       .origin = "fault_in_child")
VICTIM(child, of__Fork_ends_well, .program = "fork_crashes", .arguments = {"b"})
VICTIM(child, of__Fork_and_parent_crash, .program = "fork_crashes", .arguments = {"bcp"}, .code = "SIGSEGV",
       .reports = 2)
VICTIM(child, of_fork_ends_and_the_parent_crashes, .program = "fork_crashes", .arguments = {"p"}, .code = "SIGSEGV",
       .origin = "fault_in_parent")
VICTIM(child, and_parent_crash, .program = "fork_crashes", .arguments = {"cp"}, .code = "SIGSEGV", .reports = 2)
VICTIM(child, of_fork_ends_well, .program = "fork_crashes", .arguments = {"-"})
VICTIM(child, of_fork_fails_and_that_is_the_parent_s_business, .program = "fork_crashes", .arguments = {"-", "3"},
       .prints = "child 300")
VICTIM(child, among_twenty_crashes, .program = "fork_many", .death = "exit 0", .code = "SIGSEGV", .reports = 5,
       .prints = "5 crashed, 1 failed, 14 well, 0 unknown", .slower_ms = 6000)
VICTIM(child, of_the_eighth_generation_crashes, .program = "fork_generations", .death = "exit 0", .code = "SIGSEGV",
       .origin = "fault_at_last")
VICTIM(child, of_a_threaded_program_crashes, .program = "fork_with_threads", .death = "exit 0", .code = "SIGSEGV",
       .origin = "fault_in_child", .racy = true)
VICTIM(child, runs_its_fork_handlers, .program = "fork_handlers", .prints = "later before child")
VICTIM(child, crashes_in_a_fork_handler, .program = "fork_handlers", .arguments = {"crash"}, .death = "exit 0",
       .code = "SIGSEGV", .origin = "child_handler")
VICTIM(child, is_made_in_the_handler_of_a_fault, .program = "fork_in_handler", .code = "SIGSEGV",
       .origin = "original_fault", .prints = "child\n")
VICTIM(child, is_made_after_a_handled_fault, .program = "fork_exits_in_handler", .prints = "child 0")
VICTIM(child, of_a_bare_clone_ends_well, .program = "raw_fork", .prints = "child 0")
VICTIM(child, of_a_bare_clone_crashes, .program = "raw_fork", .arguments = {"crash"}, .death = "exit 0",
       .code = "SIGSEGV", .afterwards = 1)

VICTIM(child, of_a_bare_clone_kills_itself, .program = "raw_fork", .arguments = {"kill"}, .death = "exit 0",
       .prints = "child 9", .code = "SIGKILL", .tells = {"killed itself (SIGKILL)"})

VICTIM(child, of_clone_ends_well, .program = "clones", .arguments = {"process"}, .prints = "child 500")
VICTIM(child, of_clone_exits, .program = "clones", .arguments = {"process", "exit"}, .prints = "child 400")
VICTIM(child, of_clone_crashes, .program = "clones", .arguments = {"process", "fault"}, .death = "exit 0",
       .code = "SIGSEGV", .origin = "fault_in_clone")
VICTIM(child, of_clone_aborts, .program = "clones", .arguments = {"process", "abort"}, .death = "exit 0",
       .code = "SIGABRT", .origin = "work", .tells = {"abort()"})
VICTIM(child, of_clone_is_killed, .program = "clones", .arguments = {"process", "kill"}, .prints = "child 9",
       .death = "exit 0", .code = "SIGKILL")
VICTIM(child, of_clone_that_shares_memory_ends_well, .program = "clones", .arguments = {"memory"},
       .prints = "child 500")
VICTIM(child, of_clone_that_shares_memory_crashes, .program = "clones", .arguments = {"memory", "fault"},
       .death = "exit 0", .code = "SIGSEGV", .origin = "fault_in_clone", .racy = true)
VICTIM(child, of_clone_that_shares_memory_kills_itself, .program = "clones", .arguments = {"memory", "kill"},
       .prints = "child 9", .death = "exit 0", .code = "SIGKILL", .tells = {"killed itself (SIGKILL)"}, .racy = true)
VICTIM(child, of_clone_that_shares_memory_is_killed, .program = "clones", .arguments = {"memory", "is_killed"},
       .prints = "child 9", .death = "exit 0", .code = "SIGKILL",
       .tells = {"was killed by its parent, clones (SIGKILL)"}, .racy = true)
VICTIM(child, of_clone_that_is_waited_for_ends_well, .program = "clones", .arguments = {"vfork"}, .prints = "child 500")
VICTIM(child, of_clone_that_is_waited_for_crashes, .program = "clones", .arguments = {"vfork", "fault"},
       .death = "exit 0", .code = "SIGSEGV", .origin = "fault_in_clone", .racy = true)
VICTIM(child, of_clone_that_is_waited_for_kills_itself, .program = "clones", .arguments = {"vfork", "kill"},
       .prints = "child 9", .death = "exit 0", .code = "SIGKILL", .tells = {"killed itself (SIGKILL)"}, .racy = true)
VICTIM(child, of_clone_that_shares_memory_faults_unseen, .program = "clones", .arguments = {"memory", "blocked"},
       .death = "exit 0", .code = "SIGSEGV")
VICTIM(child, of_clone_that_is_a_thread_ends_well, .program = "clones", .arguments = {"thread"})
VICTIM(child, of_clone_that_is_a_thread_crashes, .program = "clones", .arguments = {"thread", "fault"},
       .code = "SIGSEGV", .origin = "fault_in_clone", .racy = true)
VICTIM(child, of_vfork_ends, .program = "vfork_ends", .arguments = {"_exit"}, .prints = "child 600")
VICTIM(child, of_vfork_faults, .program = "vfork_ends", .arguments = {"fault"}, .prints = "SEGV default 1",
       .death = "exit 0", .code = "SIGSEGV", .reports = 3, .origin = "fault_in_child", .racy = true)
VICTIM(child, of_vfork_faults_and_the_parent_crashes, .program = "vfork_ends", .arguments = {"fault", "crash"},
       .code = "SIGSEGV", .reports = 4, .origin = "fault_in_child", .racy = true)
VICTIM(child, of_vfork_aborts, .program = "vfork_ends", .arguments = {"abort"}, .death = "exit 0", .code = "SIGABRT",
       .reports = 3, .origin = "be_child", .tells = {"abort()"}, .racy = true)
VICTIM(child, of_vfork_faults_in_each_of_four_threads, .program = "vfork_in_threads", .prints = "8 children faulted",
       .death = "exit 0", .code = "SIGSEGV", .reports = 8, .origin = "fault_in_child", .racy = true)
VICTIM(child, of_vfork_faults_in_four_threads_and_the_parent_crashes, .program = "vfork_in_threads",
       .arguments = {"crash"}, .code = "SIGSEGV", .reports = 9, .racy = true)
VICTIM(child, of_vfork_is_killed, .program = "vfork_ends", .arguments = {"kill"}, .prints = "child f")
VICTIM(child, of_vfork_kills_itself, .program = "vfork_ends", .arguments = {"kill for good"}, .prints = "child 9",
       .death = "exit 0", .code = "SIGKILL", .reports = 3, .tells = {"killed itself (SIGKILL)"}, .racy = true)
VICTIM(child, of_vfork_is_killed_by_a_stranger, .program = "vfork_ends", .arguments = {"stranger"}, .prints = "child 9",
       .death = "exit 0", .code = "SIGKILL", .reports = 3)
VICTIM(child, of_vfork_execs, .program = "vfork_ends", .arguments = {"exec"}, .prints = "child 700")
VICTIM(child, of_vfork_execs_a_program_that_crashes, .program = "vfork_ends", .arguments = {"crash"}, .death = "exit 0",
       .code = "SIGSEGV", .reports = 3)
VICTIM(child, of_vfork_finds_nothing_to_exec, .program = "vfork_ends", .arguments = {"missing"}, .prints = "child 600")
VICTIM(child, of_vfork_changes_its_signals, .program = "vfork_ends", .arguments = {"signals"},
       .prints = "SEGV default 1")
VICTIM(child, of_vfork_changes_its_signals_and_the_parent_crashes, .program = "vfork_ends",
       .arguments = {"signals", "crash"}, .code = "SIGSEGV", .origin = "fault_in_parent")
#define KEEPS_SIGNALS(name, ...)                                                                                       \
    VICTIM(child, name, .program = "guest_signals", .arguments = {__VA_ARGS__},                                        \
           .prints = "child 500 saw 81, own 3\nthe maker's handler has 11")
KEEPS_SIGNALS(of_vfork_leaves_the_handlers_of_its_parent, "vfork", "first")
KEEPS_SIGNALS(of_vfork_leaves_the_handlers_of_a_thread_s_process, "vfork", "thread")
KEEPS_SIGNALS(of_clone_leaves_the_handlers_of_who_waits, "clone", "first")
KEEPS_SIGNALS(of_clone_leaves_the_handlers_of_a_thread_that_waits, "clone", "thread")
KEEPS_SIGNALS(of_clone_leaves_the_handlers_of_who_goes_on, "running", "first")
KEEPS_SIGNALS(of_a_clone_that_nobody_sees_leaves_the_handlers_of_its_maker, "unseen", "first")
KEEPS_SIGNALS(of_a_clone_that_nobody_sees_leaves_the_handlers_of_a_thread, "unseen", "thread")
VICTIM(child, of_vfork_with_signals_of_its_own_and_the_parent_crashes, .program = "guest_signals",
       .arguments = {"vfork", "first", "crash"}, .code = "SIGSEGV", .origin = "fault_in_maker")
VICTIM(child, of_vfork_ends_and_the_parent_crashes, .program = "vfork_ends", .arguments = {"_exit", "crash"},
       .code = "SIGSEGV", .origin = "fault_in_parent")
VICTIM(child, of_vfork_execs_and_the_parent_crashes, .program = "vfork_ends", .arguments = {"exec", "crash"},
       .code = "SIGSEGV", .origin = "fault_in_parent")
VICTIM(child, of_posix_spawn, .program = "spawns", .death = "exit 0", .code = "SIGSEGV")
/* Of children that end well nothing is told: so nothing is made for them that costs more than they do, and nothing is left. */
Test(child, without_the_agent_that_ends_well_needs_no_receiver) {
    const struct victim victim = {.program = "spawns_static", .environment = {"QMON_LIFECYCLE=off"}};
    struct victim_place place;
    struct tree_result result;
    char store[sizeof place.state + 16];
    victim_place_make(&place, &victim);
    victim_place_run(&place, true, &result);
    snprintf(store, sizeof store, "%s/store.db", place.state);
    cr_expect(WIFEXITED(result.wait_status) && WEXITSTATUS(result.wait_status) == 0);
    cr_expect_str_eq(result.output, "0 0 0 0 700\n");
    cr_expect_neq(access(store, F_OK), 0, "a receiver was at work");
    cr_expect_eq(records_sweep(place.state), 0);
    tree_free(&result);
    victim_place_drop(&place);
}

VICTIM(child, of_system_and_popen, .program = "shells_out", .death = "exit 0", .code = "SIGSEGV", .reports = 2,
       .any_errors = true)
VICTIM(child, outlives_its_parent_and_crashes, .program = "orphan_crashes", .death = "exit 0", .code = "SIGSEGV",
       .origin = "fault_alone")
VICTIM(child, is_a_daemon_that_crashes, .program = "daemonizes", .arguments = {"crash"}, .death = "exit 0",
       .code = "SIGSEGV", .origin = "fault_in_daemon")
VICTIM(child, is_a_daemon_that_ends_well, .program = "daemonizes", .arguments = {"end"})
VICTIM(child, is_a_daemon_of_libc_that_crashes, .program = "daemon_of_libc", .death = "exit 0", .code = "SIGSEGV",
       .origin = "fault_in_daemon")

VICTIM(exec, fails_in_every_way_and_then_a_crash, .program = "exec_fails", .code = "SIGSEGV", .origin = "fault_here")
VICTIM(exec, has_many_forms, .program = "exec_forms", .prints = "none 2 one two words")
VICTIM(exec, five_times_and_then_a_status, .program = "exec_chain", .arguments = {"4"}, .code = "exit:4",
       .prints = "0 left")
VICTIM(exec, five_times_and_then_a_crash, .program = "exec_chain", .arguments = {"crash"}, .code = "SIGSEGV",
       .origin = "fault_at_last")
VICTIM(exec, by_a_thread_that_is_not_the_first, .program = "exec_in_thread", .code = "SIGSEGV",
       .origin = "fault_at_last", .racy = true)
VICTIM(exec, resets_handlers, .program = "exec_resets", .code = "SIGSEGV", .prints = "7: ignored")
VICTIM(exec, of_a_static_program_that_ends_well, .program = "exec_static", .any_lifecycle = true)
VICTIM(exec, of_a_static_program_that_crashes, .program = "exec_static", .arguments = {"crash"}, .death = "SIGSEGV",
       .any_lifecycle = true)
VICTIM(exec, by_syscall_right_after_the_start, .program = "exec_by_syscall", .arguments = {"syscall"},
       .code = "SIGSEGV", .origin = "fault_here", .racy = true)
VICTIM(exec, by_a_bare_call_right_after_the_start, .program = "exec_by_syscall", .arguments = {"bare"},
       .code = "SIGSEGV", .origin = "fault_here", .racy = true)

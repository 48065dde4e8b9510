/*
 * Deaths that the process itself cannot see. A monitored parent that waits tells them at once; else whoever comes next does.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "victim.h"

TestSuite(lost, .timeout = 60);

VICTIM(lost, to_SIGKILL_with_what_went_before, .program = "leaves_crumbs", .arguments = {"kill"}, .death = "SIGKILL",
       .code = "SIGKILL", .afterwards = 1, .any_lifecycle = true, .prints = "opened 1\n",
       .tells = {"opens library libsymbols.so", "handled SIGSEGV, for the 10th time", "about to end"})
VICTIM(lost, child_whose_parent_calls_wait, .program = "child_is_killed", .arguments = {"kill", "wait"},
       .death = "exit 0", .code = "SIGKILL", .prints = "9\n")
VICTIM(lost, child_whose_parent_calls_waitpid, .program = "child_is_killed", .arguments = {"kill", "waitpid"},
       .death = "exit 0", .code = "SIGKILL", .prints = "9\n", .racy = true)
VICTIM(lost, child_whose_parent_calls_wait4, .program = "child_is_killed", .arguments = {"kill", "wait4"},
       .death = "exit 0", .code = "SIGKILL", .prints = "9\n")
VICTIM(lost, child_whose_parent_calls_waitid, .program = "child_is_killed", .arguments = {"kill", "waitid"},
       .death = "exit 0", .code = "SIGKILL", .prints = "2009\n")
VICTIM(lost, child_whose_parent_asks_for_no_status, .program = "child_is_killed", .arguments = {"kill", "null"},
       .death = "exit 0", .code = "SIGKILL", .prints = "0\n")
VICTIM(lost, child_whose_parent_ignores_it, .program = "child_is_killed", .arguments = {"kill", "ignore"},
       .death = "exit 0", .code = "SIGKILL", .afterwards = 1)
VICTIM(lost, child_that_has_exited_and_writes_its_last_words, .program = "killed_on_the_way_out", .death = "exit 0",
       .code = "SIGKILL", .prints = "9\n")
VICTIM(lost, child_with_a_child_that_has_exited_and_writes_its_last_words, .program = "killed_on_the_way_out",
       .arguments = {"parent"}, .death = "exit 0", .code = "SIGKILL", .prints = "9\n")
/* What its parent is told of it is what it ended with, not what the thread did that tells of the child's end. */
VICTIM(lost, child_of_a_subreaper_that_ends_at_once_by_its_thread, .program = "ends_by_its_thread", .death = "exit 0",
       .code = "SIGKILL", .prints = "300\n", .racy = true)
VICTIM(lost, child_of_a_subreaper_that_returns_at_once_from_clone, .program = "ends_by_its_thread",
       .arguments = {"clone"}, .death = "exit 0", .code = "SIGKILL", .prints = "300\n", .racy = true)
VICTIM(lost, children_of_fork_before_they_could_begin, .program = "kills_at_once", .arguments = {"fork"},
       .death = "exit 0", .code = "SIGKILL", .reports = 10, .prints = "10 killed\n", .racy = true)
VICTIM(lost, children_of_the_third_generation_before_they_could_begin, .program = "kills_at_once",
       .arguments = {"fork", "3"}, .death = "exit 0", .code = "SIGKILL", .reports = 10, .prints = "10 killed\n",
       .racy = true)
VICTIM(lost, children_of__Fork_before_they_could_begin, .program = "kills_at_once", .arguments = {"bare"},
       .death = "exit 0", .code = "SIGKILL", .reports = 10, .prints = "10 killed\n", .racy = true)
VICTIM(lost, a_child_before_any_initializer, .program = "/bin/sh",
       .arguments = {"-c", QMON_BUILD_DIR "/victims/resolver_crashes; echo $?"}, .death = "exit 0", .prints = "139\n",
       .code = "SIGSEGV", .any_errors = true)
VICTIM(lost, children_before_they_could_exec, .program = "kills_at_once", .arguments = {"exec"}, .death = "exit 0",
       .code = "SIGKILL", .reports = 10, .prints = "10 killed\n", .racy = true)
/* Not what the child was to be: one in thousands is killed between making its file and saying in it who it is. */
VICTIM(lost, children_of_posix_spawn_before_they_could_begin, .program = "kills_at_once", .arguments = {"spawn"},
       .death = "exit 0", .code = "SIGKILL", .reports = 10, .prints = "10 killed\n", .racy = true,
       .tells = {"was killed by its parent, kills_at_once (SIGKILL)"})
/* What SIGTERM has ended is not ended by the SIGKILL that follows, but what handles SIGTERM is. */
VICTIM(lost, children_that_SIGTERM_ended_before, .program = "terminates_then_kills", .arguments = {"default"},
       .prints = "10 terminated, 0 killed\n", .racy = true)
VICTIM(lost, groups_that_SIGTERM_ended_before, .program = "terminates_then_kills", .arguments = {"group"},
       .prints = "10 terminated, 0 killed\n", .racy = true)
VICTIM(lost, children_just_made_that_SIGTERM_ended_before, .program = "terminates_then_kills", .arguments = {"young"},
       .prints = "10 terminated, 0 killed\n", .racy = true)
VICTIM(lost, programs_just_started_that_SIGTERM_ended_before, .program = "terminates_then_kills",
       .arguments = {"spawned"}, .prints = "10 terminated, 0 killed\n", .racy = true)
VICTIM(lost, children_that_handle_SIGTERM, .program = "terminates_then_kills", .arguments = {"handled"},
       .death = "exit 0", .code = "SIGKILL", .reports = 10, .prints = "0 terminated, 10 killed\n")
VICTIM(lost, children_that_block_SIGTERM, .program = "terminates_then_kills", .arguments = {"blocked"},
       .death = "exit 0", .code = "SIGKILL", .reports = 10, .prints = "0 terminated, 10 killed\n")
/* Who did it is known where libc's kill() of a watched process did; and a relative's is no accident. */
VICTIM(lost, to_its_own_SIGKILL, .program = "/bin/sh", .arguments = {"-c", "kill -KILL $$"}, .death = "SIGKILL",
       .code = "SIGKILL", .afterwards = 1, .any_lifecycle = true,
       .tells = {"killed itself (SIGKILL)", "\"severity\":\"critical\""})
VICTIM(lost, child_that_a_shell_kills, .program = "/bin/sh",
       .arguments = {"-c", "sleep 9 & kill -KILL $!; wait $!; echo $?"}, .death = "exit 0", .prints = "137",
       .code = "SIGKILL", .any_errors = true,
       .tells = {"was killed by its parent, dash (SIGKILL)", "\"severity\":\"warning\"", "\"sender_pid\":"})
VICTIM(lost, child_that_is_killed_by_its_brother, .program = "/bin/sh",
       .arguments = {"-c", "sleep 9 & sleep 0.1; sh -c \"kill -KILL $!; :\"; wait $!; echo $?"}, .death = "exit 0",
       .prints = "137", .code = "SIGKILL", .any_errors = true,
       .tells = {"was killed by dash (SIGKILL)", "of the same tree", "\"severity\":\"warning\""})
VICTIM(lost, group_by_killpg, .program = "kills_group", .arguments = {"killpg"}, .death = "exit 0", .code = "SIGKILL",
       .reports = 3, .prints = "3 killed, then -1 -1", .tells = {"its parent"}, .racy = true)
VICTIM(lost, group_by_its_number, .program = "kills_group", .arguments = {"kill"}, .death = "exit 0", .code = "SIGKILL",
       .reports = 3, .prints = "3 killed, then -1 -1", .tells = {"its parent"})
VICTIM(lost, own_group, .program = "kills_group", .arguments = {"own"}, .death = "exit 0", .code = "SIGKILL",
       .reports = 2, .afterwards = 1, .prints = "1 killed, then")
VICTIM(lost, child_that_exits_by_a_bare_system_call, .program = "child_is_killed", .arguments = {"exit", "waitpid"},
       .prints = "768\n")

/* A cgroup of version 1 with little memory; nothing where there is none. */
static void little_memory(void) {
    char path[128], text[32];
    snprintf(path, sizeof path, "/sys/fs/cgroup/memory/victim-%d", getppid());
    mkdir(path, 0755);
    snprintf(path, sizeof path, "/sys/fs/cgroup/memory/victim-%d/memory.limit_in_bytes", getppid());
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, "30000000", 8) != 8)
        _exit(125);
    close(fd);
    snprintf(path, sizeof path, "/sys/fs/cgroup/memory/victim-%d/cgroup.procs", getppid());
    snprintf(text, sizeof text, "%d", getpid());
    fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text))
        _exit(125);
    close(fd);
}

static void remove_cgroup(void) {
    char path[128];
    snprintf(path, sizeof path, "/sys/fs/cgroup/memory/victim-%d", getpid());
    rmdir(path);
}

Test(lost, process_that_ran_out_of_memory, .fini = remove_cgroup) {
    const struct victim victim = {.program = "/bin/sh",
                                  .arguments = {"-c", QMON_BUILD_DIR "/victims/eats_memory; echo $?"},
                                  .prepare = little_memory,
                                  .any_errors = true,
                                  .prints = "137",
                                  .code = "SIGKILL",
                                  .death = "exit 0",
                                  .tells = {"OOM"}};
    if (access("/sys/fs/cgroup/memory/memory.limit_in_bytes", R_OK) != 0 ||
        access("/sys/fs/cgroup/memory/cgroup.procs", W_OK) != 0)
        cr_skip_test("no memory cgroup of version 1 to write to");
    victim_check(&victim);
}

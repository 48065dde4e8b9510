/*
 * A crash where something is missing: descriptors, memory, processes, room on the disk, privileges, system calls. The death is
 * what it would be; the report may be found only afterwards: the receiver inherits the program's limits, and
 * without CAP_SYS_RESOURCE it cannot widen them.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "victim.h"

TestSuite(scarce, .timeout = 60);

static void no_standard_descriptors(void) {
    close(0);
    close(1);
    close(2);
}

static void no_files(void) {
    const struct rlimit limit = {0, 0};
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void become_nobody(void) {
    if (setgid(65534) != 0 || setuid(65534) != 0)
        _exit(125);
}

static void nobody_without_files(void) {
    become_nobody();
    no_files();
}

/* As `ulimit -S -f 0` does. */
static void no_files_for_now(void) {
    const struct rlimit limit = {0, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* A /dev/shm of its own. */
static void mount_shm(const char *options, unsigned long flags) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/dev/shm", "tmpfs", flags, options) != 0)
        _exit(125);
}

static void full_shm(void) {
    mount_shm("size=4k", 0);
    int fd = open("/dev/shm/filler", O_CREAT | O_WRONLY, 0600);
    char page[4096] = {1};
    (void) !write(fd, page, sizeof page);
    close(fd);
}

/* Room for the start of a record, not for all of it. */
static void small_shm(void) {
    mount_shm("size=64k", 0);
}

static void read_only_shm(void) {
    mount_shm("size=1m", MS_RDONLY);
}

/* No shm in it, and no null. */
static void empty_dev(void) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/dev", "tmpfs", 0, "size=64k") != 0)
        _exit(125);
}

static void write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text))
        _exit(125);
    close(fd);
}

/* Into a control group of version 1 with one setting; the test removes it. */
static void join_group(const char *kind, const char *setting, const char *value) {
    char path[160], pid[16];
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/scarce-%d", kind, getppid());
    mkdir(path, 0755);
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/scarce-%d/%s", kind, getppid(), setting);
    write_text(path, value);
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/scarce-%d/cgroup.procs", kind, getppid());
    snprintf(pid, sizeof pid, "%d", getpid());
    write_text(path, pid);
}

static void leave_groups(void) {
    char path[160];
    snprintf(path, sizeof path, "/sys/fs/cgroup/pids/scarce-%d", getpid());
    rmdir(path);
    snprintf(path, sizeof path, "/sys/fs/cgroup/memory/scarce-%d", getpid());
    rmdir(path);
}

static void alone(void) {
    join_group("pids", "pids.max", "1");
}

/* Without a core, which would count where it is written to a file system in memory. */
static void little_memory(void) {
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    join_group("memory", "memory.limit_in_bytes", "24000000");
}

static bool has_groups(const char *kind) {
    char path[160];
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cgroup.procs", kind);
    return access(path, W_OK) == 0;
}

Test(scarce, no_process_in_its_control_group, .fini = leave_groups) {
    if (!has_groups("pids"))
        cr_skip_test("no pids cgroup of version 1 to write to");
    victim_check(&(const struct victim){
        .program = "null_read", .prepare = alone, .code = "SIGSEGV", .origin = "read_null", .afterwards = 1});
}

/* The OOM killer takes the receiver, never the program. */
Test(scarce, no_memory_in_its_control_group, .fini = leave_groups) {
    if (!has_groups("memory"))
        cr_skip_test("no memory cgroup of version 1 to write to");
    victim_check(&(const struct victim){.program = "fills_memory",
                                        .arguments = {"1000000"},
                                        .prepare = little_memory,
                                        .code = "SIGSEGV",
                                        .origin = "fault_here",
                                        .afterwards = 1,
                                        .any_lifecycle = true /* a receiver that is killed may tell one twice */});
}

VICTIM(scarce, dev_is_empty, .program = "null_read", .prepare = empty_dev, .code = "SIGSEGV", .origin = "read_null")
VICTIM(scarce, descriptors_closed_by_a_loop, .program = "closes_all", .arguments = {"loop"}, .code = "SIGSEGV",
       .origin = "fault_here")
VICTIM(scarce, descriptors_closed_by_closefrom, .program = "closes_all", .arguments = {"closefrom"}, .code = "SIGSEGV",
       .origin = "fault_here")
VICTIM(scarce, descriptors_closed_by_close_range, .program = "closes_all", .arguments = {"range"}, .code = "SIGSEGV",
       .origin = "fault_here")
VICTIM(scarce, descriptors_used_up, .program = "descriptors_used_up", .code = "SIGSEGV", .origin = "fault_here")
VICTIM(scarce, descriptors_0_to_2_are_closed, .program = "null_read", .prepare = no_standard_descriptors,
       .code = "SIGSEGV", .origin = "read_null")
VICTIM(scarce, room_for_one_descriptor_from_an_exec_on, .program = "/usr/bin/prlimit",
       .arguments = {"--nofile=4", QMON_BUILD_DIR "/victims/null_read"}, .code = "SIGSEGV", .origin = "read_null",
       .afterwards = 1)
VICTIM(scarce, no_descriptor_beyond_2, .program = "limited", .arguments = {"nofile", "3", "fault"}, .code = "SIGSEGV",
       .origin = "fault_here", .afterwards = 1, .racy = true)
VICTIM(scarce, no_descriptor_at_all, .program = "limited", .arguments = {"nofile", "0", "fault"}, .code = "SIGSEGV",
       .origin = "fault_here", .afterwards = 1, .racy = true)
VICTIM(scarce, no_address_space, .program = "limited", .arguments = {"as", "1000000", "fault"}, .code = "SIGSEGV",
       .origin = "fault_here", .afterwards = 1)
VICTIM(scarce, no_address_space_for_an_abort, .program = "limited", .arguments = {"as", "1000000", "abort"},
       .code = "SIGABRT", .afterwards = 1)
VICTIM(scarce, no_data, .program = "limited", .arguments = {"data", "0", "fault"}, .code = "SIGSEGV",
       .origin = "fault_here", .afterwards = 1, .racy = true)
VICTIM(scarce, no_stack, .program = "limited", .arguments = {"stack", "4096", "fault"}, .code = "SIGSEGV",
       .origin = "fault_here", .afterwards = 1)
VICTIM(scarce, no_room_in_files_since_before_an_exec, .program = "/usr/bin/prlimit",
       .arguments = {"--fsize=0", QMON_BUILD_DIR "/victims/null_write"}, .needs = {"/usr/bin/prlimit"},
       .code = "SIGSEGV", .afterwards = 1)
VICTIM(scarce, no_room_in_files_of_a_child, .program = "/bin/sh",
       .arguments = {"-c", "prlimit --fsize=0 " QMON_BUILD_DIR "/victims/null_write; echo $? >&2"},
       .needs = {"/usr/bin/prlimit"}, .death = "exit 0", .code = "SIGSEGV", .afterwards = 1, .any_errors = true)
VICTIM(scarce, no_room_in_files, .program = "limited", .arguments = {"fsize", "0", "fault"}, .code = "SIGSEGV",
       .origin = "fault_here", .afterwards = 1, .racy = true)
VICTIM(scarce, no_room_in_files_for_an_exit, .program = "limited", .arguments = {"fsize", "0", "exit"},
       .code = "exit:5", .afterwards = 1, .racy = true)
/* Without files the record is a System V segment. */
VICTIM(scarce, no_room_in_files_from_the_start, .program = "null_read", .prepare = no_files, .code = "SIGSEGV",
       .origin = "read_null", .afterwards = 1)
VICTIM(scarce, no_room_in_files_from_the_start_for_an_ordinary_user, .program = "null_read",
       .prepare = nobody_without_files, .open_place = true, .code = "SIGSEGV", .origin = "read_null", .afterwards = 1)
VICTIM(scarce, room_in_files_to_be_had, .program = "null_read", .prepare = no_files_for_now, .code = "SIGSEGV",
       .origin = "read_null", .afterwards = 1)
VICTIM(scarce, no_room_in_files_for_an_exec_and_a_failure, .program = "/bin/sh",
       .arguments = {"-c", "exec sh -c 'sh -c \"exit 3\"; exit 5'"}, .prepare = no_files, .code = "exit:5",
       .afterwards = 1)
VICTIM(scarce, no_room_in_files_for_a_child_that_crashes, .program = "fork_crashes", .arguments = {"child"},
       .prepare = no_files, .death = "exit 0", .code = "SIGSEGV", .afterwards = 1)
VICTIM(scarce, no_room_in_files_for_a_sigkill, .program = "/bin/sh", .arguments = {"-c", "kill -KILL $$"},
       .prepare = no_files, .code = "SIGKILL", .afterwards = 1)
VICTIM(scarce, no_queued_signals, .program = "limited", .arguments = {"sigpending", "0", "fault"}, .code = "SIGSEGV",
       .origin = "fault_here")
VICTIM(scarce, no_queued_signals_for_an_abort, .program = "limited", .arguments = {"sigpending", "0", "abort"},
       .code = "SIGABRT")
VICTIM(scarce, no_core_wanted, .program = "limited", .arguments = {"core", "0", "fault"}, .code = "SIGSEGV")
VICTIM(scarce, no_processes, .program = "limited", .arguments = {"nproc", "0", "fault"}, .prepare = become_nobody,
       .open_place = true, .code = "SIGSEGV", .origin = "fault_here", .afterwards = 1)
VICTIM(scarce, no_processes_at_the_end, .program = "limited", .arguments = {"nproc", "0", "exit"},
       .prepare = become_nobody, .open_place = true, .code = "exit:5", .afterwards = 1)

VICTIM(scarce, dev_shm_is_full, .program = "null_read", .prepare = full_shm, .code = "SIGSEGV", .origin = "read_null")
VICTIM(scarce, dev_shm_is_nearly_full, .program = "null_read", .prepare = small_shm, .code = "SIGSEGV",
       .origin = "read_null")
VICTIM(scarce, dev_shm_is_read_only, .program = "null_read", .prepare = read_only_shm, .code = "SIGSEGV",
       .origin = "read_null")

VICTIM(scarce, an_ordinary_user, .program = "null_read", .prepare = become_nobody, .open_place = true,
       .code = "SIGSEGV", .origin = "read_null")
VICTIM(scarce, root_who_becomes_nobody, .program = "drops_privileges", .arguments = {"setuid"}, .open_place = true,
       .code = "SIGSEGV", .origin = "fault_here", .afterwards = 1)
VICTIM(scarce, root_who_becomes_nobody_in_a_closed_place, .program = "drops_privileges", .arguments = {"setuid"},
       .code = "SIGSEGV", .origin = "fault_here", .afterwards = 1)
VICTIM(scarce, root_who_becomes_nobody_and_ends, .program = "drops_privileges", .arguments = {"setuid", "3"},
       .open_place = true, .code = "exit:3")
VICTIM(scarce, root_who_acts_as_nobody, .program = "drops_privileges", .arguments = {"seteuid"}, .code = "SIGSEGV",
       .origin = "fault_here", .afterwards = 1)
VICTIM(scarce, root_who_keeps_a_way_back, .program = "drops_privileges", .arguments = {"setresuid"}, .code = "SIGSEGV",
       .origin = "fault_here", .afterwards = 1)
/* Children that are another user than those who wait for them. */
#define CHANGES_USER(...) .program = "changes_user", .arguments = {__VA_ARGS__}, .open_place = true

VICTIM(scarce, privileges_that_a_program_drops_and_execs_at_once, .program = "/usr/bin/setpriv",
       .arguments = {"--reuid=65534", "--clear-groups", QMON_BUILD_DIR "/victims/null_read"}, .open_place = true,
       .code = "SIGSEGV", .origin = "read_null", .racy = true)
VICTIM(scarce, a_child_of_another_user_that_is_killed, CHANGES_USER("program", "wait"), .death = "exit 0",
       .code = "SIGKILL", .tells = {"changes_user was killed", "\"uid\":65534"}, .afterwards = 1)
VICTIM(scarce, a_child_of_another_user_that_crashes, CHANGES_USER("program", "fault"), .death = "exit 11",
       .code = "SIGSEGV", .origin = "fault_in_child", .other_kinds = 1)
VICTIM(scarce, a_child_of_another_user_that_ends, CHANGES_USER("program", "end"), .code = "exit:3")
VICTIM(scarce, a_child_of_a_worker_without_privileges, CHANGES_USER("worker"), .death = "exit 0", .code = "SIGKILL",
       .afterwards = 1)
VICTIM(scarce, a_process_that_may_not_be_dumped, .program = "drops_privileges", .arguments = {"dumpable"},
       .code = "SIGSEGV", .origin = "fault_here")
VICTIM(scarce, no_new_privileges, .program = "drops_privileges", .arguments = {"privileges"}, .code = "SIGSEGV",
       .origin = "fault_here")
VICTIM(scarce, no_capabilities_to_be_had, .program = "drops_privileges", .arguments = {"capabilities"},
       .code = "SIGSEGV", .origin = "fault_here")
/* The record that it had before the exec is out of its view. */
#define COVERED(...)                                                                                                   \
    { "--mount", "/bin/sh", "-c", "mount -t tmpfs none /dev && exec \"$@\"", "sh", __VA_ARGS__ }
VICTIM(scarce, devices_from_an_exec_on, .program = "/usr/bin/unshare",
       .arguments = COVERED(QMON_BUILD_DIR "/victims/null_read"), .code = "SIGSEGV", .origin = "read_null")
VICTIM(scarce, devices_from_an_exec_on_and_a_failure, .program = "/usr/bin/unshare",
       .arguments = COVERED(QMON_BUILD_DIR "/victims/first_process", "-", "6"), .code = "exit:6", .any_output = true)
VICTIM(scarce, devices_from_an_exec_on_and_a_kill, .program = "/bin/sh",
       .arguments = {"-c",
                     "unshare --mount sh -c 'mount -t tmpfs none /dev && exec sh -c \"kill -9 \\$\\$\"'; echo $?"},
       .prints = "137", .death = "exit 0", .code = "SIGKILL", .any_errors = true)
VICTIM(scarce, an_empty_root_directory, .program = "changes_root", .code = "SIGSEGV", .origin = "fault_here",
       .afterwards = 1, .racy = true)
VICTIM(scarce, an_empty_root_directory_and_no_privileges, .program = "changes_root", .arguments = {"nobody"},
       .code = "SIGSEGV", .origin = "fault_here", .afterwards = 1, .racy = true)

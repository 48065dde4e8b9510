/* Where the state goes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/config.h>

#include "scratch.h"

static struct scratch scratch;

static void setup(void) {
    scratch = scratch_make();
}

static void teardown(void) {
    scratch_remove(&scratch);
}

TestSuite(state_dir, .init = setup, .fini = teardown, .timeout = 20);

static void expect_mode_0700(const char *path) {
    struct stat status;

    cr_assert_eq(stat(path, &status), 0, "%s", path);
    cr_expect_eq(status.st_mode & 07777, 0700, "%s has mode %o", path, status.st_mode & 07777);
}

Test(state_dir, makes_the_wanted_directory_and_its_parents_for_its_owner_alone) {
    const char *wanted = scratch_path(&scratch, "a/b/c");
    char *const environment[] = {NULL};
    char path[PATH_MAX];

    umask(0277);
    cr_assert_eq(qmon_state_dir(wanted, environment, path, sizeof path), 0);
    cr_expect_str_eq(path, wanted);
    expect_mode_0700(path);
    expect_mode_0700(scratch_path(&scratch, "a"));
    cr_assert_eq(qmon_state_dir(wanted, environment, path, sizeof path), 0, "the second time");
}

Test(state_dir, leaves_nothing_behind_in_it_and_drops_trailing_slashes) {
    char path[PATH_MAX], command[PATH_MAX + 32], wanted[SCRATCH_BYTES + 4];

    snprintf(wanted, sizeof wanted, "%s//", scratch.path);
    cr_assert_eq(qmon_state_dir(wanted, (char *const[]){NULL}, path, sizeof path), 0);
    cr_expect_str_eq(path, scratch.path);
    snprintf(command, sizeof command, "test -z \"$(ls -A %s)\"", path);
    cr_expect_eq(system(command), 0);
}

/* Runs as somebody who is not root, with a state home below the scratch directory. */
static int as_somebody(int (*body)(void)) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (geteuid() == 0 &&
            (chmod(scratch.path, 0777) < 0 || setgroups(0, NULL) < 0 || setgid(54321) < 0 || setuid(54321) < 0))
            _exit(99);
        _exit(body());
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static char state_home[PATH_MAX], home[PATH_MAX], shared[PATH_MAX], relative_home[] = "XDG_STATE_HOME=here";

static int falls_back_through_the_others(void) {
    char *const both[] = {state_home, home, NULL};
    char *const only_home[] = {home, NULL};
    char *const relative[] = {relative_home, home, NULL};
    char path[PATH_MAX], expected[PATH_MAX];

    snprintf(expected, sizeof expected, "%s/state/qmon", scratch.path);
    if (qmon_state_dir("", both, path, sizeof path) != 0 || strcmp(path, expected) != 0)
        return 1;
    if (qmon_state_dir("/proc/nowhere", both, path, sizeof path) != 1 || strcmp(path, expected) != 0)
        return 2;
    if (qmon_state_dir("relative", both, path, sizeof path) != 1 || strcmp(path, expected) != 0)
        return 3;
    snprintf(expected, sizeof expected, "%s/home/.local/state/qmon", scratch.path);
    if (qmon_state_dir("", only_home, path, sizeof path) != 0 || strcmp(path, expected) != 0)
        return 4;
    if (qmon_state_dir("", relative, path, sizeof path) != 0 || strcmp(path, expected) != 0)
        return 5;
    if (chmod(expected, 0500) < 0 || qmon_state_dir(expected, both, path, sizeof path) != 1)
        return 6;
    return chmod(expected, 0700) < 0 ? 7 : 0;
}

Test(state_dir, takes_the_next_that_can_be_written) {
    snprintf(state_home, sizeof state_home, "XDG_STATE_HOME=%s/state", scratch.path);
    snprintf(home, sizeof home, "HOME=%s/home", scratch.path);
    cr_expect_eq(as_somebody(falls_back_through_the_others), 0);
}

static int trusts_only_its_own_in_tmp(void) {
    char *const environment[] = {NULL};
    char path[PATH_MAX], own[64];

    snprintf(own, sizeof own, "/tmp/qmon-%u", (unsigned) geteuid());
    rmdir(own);
    if (symlink(scratch.path, own) < 0)
        return 1;
    if (qmon_state_dir("", environment, path, sizeof path) >= 0)
        return 2; /* a symbolic link */
    if (unlink(own) < 0 || mkdir(own, 0700) < 0 || chmod(own, 0755) < 0)
        return 3;
    if (qmon_state_dir("", environment, path, sizeof path) >= 0)
        return 4; /* open to others */
    if (rmdir(own) < 0 || qmon_state_dir("", environment, path, sizeof path) != 0 || strcmp(path, own) != 0)
        return 5;
    return qmon_state_dir("/proc/no", environment, path, sizeof path) != 1 ? 6 : (rmdir(own), 0);
}

Test(state_dir, trusts_a_directory_in_tmp_only_when_it_is_its_own) {
    cr_assert_neq(geteuid(), 54321);
    cr_expect_eq(as_somebody(trusts_only_its_own_in_tmp), 0);
}

Test(state_dir, is_not_fooled_by_a_read_only_file_system_as_root) {
    char path[PATH_MAX];
    int r;

    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        cr_skip_test("needs root and a mount namespace");
    cr_assert_eq(mount("none", scratch.path, "tmpfs", MS_RDONLY, "size=64k"), 0);
    r = qmon_state_dir(scratch.path, (char *const[]){NULL}, path, sizeof path);
    umount(scratch.path);
    cr_expect_eq(r, 1);
    cr_expect_str_neq(path, scratch.path);
}

Test(state_dir, says_when_the_buffer_is_too_small) {
    char path[8];

    cr_expect_lt(qmon_state_dir(scratch.path, (char *const[]){NULL}, path, sizeof path), 0);
}

static int goes_beside_anothers_store(void) {
    char *const environment[] = {home, NULL};
    char path[PATH_MAX], expected[PATH_MAX];

    snprintf(expected, sizeof expected, "%s/user-54321", shared);
    if (qmon_state_dir(shared, environment, path, sizeof path) != 0 || strcmp(path, expected) != 0)
        return 1;
    if (chmod(expected, 0755) < 0 || qmon_state_dir(shared, environment, path, sizeof path) != 1)
        return 2;
    snprintf(expected, sizeof expected, "%s/home/.local/state/qmon", scratch.path);
    return strcmp(path, expected) != 0 ? 3 : 0;
}

/* The first user to come made the store, for itself alone. */
Test(state_dir, goes_beside_the_store_of_another_user) {
    if (geteuid() != 0)
        cr_skip_test("only root can be two users");
    snprintf(shared, sizeof shared, "%s", scratch_path(&scratch, "shared"));
    cr_assert_eq(mkdir(shared, 0777), 0);
    cr_assert_eq(chmod(shared, 01777), 0);
    scratch_write(&scratch, "shared/store.lock", "");
    cr_assert_eq(chmod(scratch_path(&scratch, "shared/store.lock"), 0600), 0);
    snprintf(home, sizeof home, "HOME=%s/home", scratch.path);
    cr_expect_eq(as_somebody(goes_beside_anothers_store), 0);
}

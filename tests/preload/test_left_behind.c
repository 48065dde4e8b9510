/* What is left of a program when it has ended: nothing that anybody could run into. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "victim_place.h"

TestSuite(left_behind, .timeout = 120);

#define ROUNDS 100

static struct scratch scratch;

static void copy_program(const char *from, const char *to) {
    static char bytes[1 << 20];
    const int in = open(from, O_RDONLY | O_CLOEXEC);
    const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    const ssize_t count = read(in, bytes, sizeof bytes);
    cr_assert_gt(count, 0);
    cr_assert_eq(write(out, bytes, (size_t) count), count);
    close(in);
    close(out);
}

/* A root: its start and its end are told while and after it runs. */
static int run_program(const char *path, const char *in) {
    static char preload[600], state[SCRATCH_BYTES + 64];
    char *const words[] = {(char *) path, NULL}, *const environment[] = {preload, state, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", VICTIM_AGENT);
    snprintf(state, sizeof state, "QMON_STATE_DIR=%s", scratch_path(&scratch, "state"));
    posix_spawn_file_actions_init(&actions);
    if (in != NULL)
        posix_spawn_file_actions_addchdir_np(&actions, in);
    cr_assert_eq(posix_spawn(&pid, path, &actions, NULL, words, environment), 0);
    posix_spawn_file_actions_destroy(&actions);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static void write_over(const char *program, int death) {
    scratch = scratch_make();
    const char *path = strdup(scratch_path(&scratch, "program"));
    copy_program(program, path);
    for (int i = 0; i < ROUNDS; i++) {
        cr_assert_eq(run_program(path, NULL) & 0x7f, death);
        const int fd = open(path, O_WRONLY | O_CLOEXEC);
        cr_assert_geq(fd, 0, "round %d: %s", i, strerror(errno));
        close(fd);
    }
    scratch_remove(&scratch);
}

Test(left_behind, a_program_that_has_ended_can_be_written_over) {
    write_over("/bin/true", 0);
}

Test(left_behind, a_program_that_has_crashed_can_be_written_over) {
    write_over(QMON_BUILD_DIR "/victims/null_read", SIGSEGV);
}

Test(left_behind, a_file_system_that_a_program_was_in_can_be_unmounted) {
    char program[SCRATCH_BYTES + 64];
    scratch = scratch_make();
    const char *place = strdup(scratch_path(&scratch, "mount"));
    snprintf(program, sizeof program, "%s/program", place);
    cr_assert_eq(mkdir(place, 0755), 0);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        scratch_remove(&scratch);
        cr_skip_test("may not mount: %s", strerror(errno));
    }
    for (int i = 0; i < ROUNDS; i++) {
        cr_assert_eq(mount("none", place, "tmpfs", 0, NULL), 0, "%s", strerror(errno));
        copy_program("/bin/true", program);
        cr_assert_eq(run_program(program, place), 0);
        const int result = umount2(place, 0), error = errno;
        umount2(place, MNT_DETACH);
        cr_assert_eq(result, 0, "round %d: %s", i, strerror(error));
    }
    scratch_remove(&scratch);
}

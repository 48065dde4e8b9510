#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bound.h"
#include "moment.h"
#include "record_file.h"
#include "record_maker.h"
#include "scratch.h"

static struct scratch scratch;
static int directory;
static struct made_record made;

static void set_up(void) {
    scratch = scratch_make();
    directory = open(scratch.path, O_RDONLY | O_DIRECTORY);
    made = make_record(scratch.path, 4242);
}

static void tear_down(void) {
    unmake_record(&made);
    close(directory);
    scratch_remove(&scratch);
}

TestSuite(record_file, .init = set_up, .fini = tear_down, .timeout = 10);

static const char *made_name(void) {
    return strrchr(made.path, '/') + 1;
}

static struct qmon__record_file opened(void) {
    struct qmon__record_file file;
    cr_assert_eq(qmon__record_open_at(&file, directory, made_name()), 0);
    return file;
}

static bool exists(const char *suffix) {
    char path[600];
    snprintf(path, sizeof path, "%s%s", made.path, suffix);
    return access(path, F_OK) == 0;
}

Test(record_file, reads_what_the_process_wrote) {
    struct qmon__record_file file = opened();
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), 0);
    cr_assert_eq(file.copy->process.pid, 4242);
    cr_assert_str_eq(file.copy->process.executable, "/usr/bin/victim");
    strcpy(made.at->process.executable, "/usr/bin/other");
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), 0);
    cr_assert_str_eq(file.copy->process.executable, "/usr/bin/victim", "a section is loaded once");
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, true), 0);
    cr_assert_str_eq(file.copy->process.executable, "/usr/bin/other");
    qmon__record_close(&file);
}

Test(record_file, says_what_is_wrong_with_a_file_that_is_no_record) {
    struct qmon__record_file file = opened();
    made.at->header.magic ^= 1;
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), -EBADMSG);
    cr_assert_str_eq(file.problem, "it does not begin as a record does");
    made.at->header.magic ^= 1;
    made.at->header.version = 77;
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), -EBADMSG);
    cr_assert_str_eq(file.problem, "it is of another version");
    made.at->header.version = QMON_RECORD_VERSION;
    made.at->header.state = 4711;
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), -EBADMSG);
    cr_assert_str_eq(file.problem, "its state is none that there is");
    qmon__record_close(&file);
}

Test(record_file, is_of_the_user_whose_file_it_is_unless_that_is_root) {
    if (geteuid() != 0)
        cr_skip_test("only root can give files away");
    made.at->process.uid = 33;
    struct qmon__record_file file = opened();
    cr_expect_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), 0);
    cr_expect_eq(file.copy->process.uid, 33);
    qmon__record_close(&file);
    cr_assert_eq(chown(made.path, 65534, (gid_t) -1), 0);
    file = opened();
    cr_expect_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), 0);
    cr_expect_eq(file.copy->process.uid, 65534, "it could say what it likes");
    qmon__record_close(&file);
}

Test(record_file, survives_a_file_that_is_truncated_while_it_is_open) {
    struct qmon__record_file file = opened();
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), 0);
    cr_assert_eq(truncate(made.path, 5000), 0);
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_CRASH, false), -EBADMSG);
    cr_assert_str_eq(file.problem, "it ends after 5000 bytes, in the middle");
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_RING, false), -EBADMSG);
    qmon__record_close(&file);
}

Test(record_file, clamps_every_count_and_ends_every_text) {
    memset(&made.at->process, 0xff, sizeof made.at->process);
    memset(&made.at->crash, 0xff, sizeof made.at->crash);
    memset(&made.at->modules, 0xff, sizeof made.at->modules);
    memset(&made.at->crumbs, 0xff, sizeof made.at->crumbs);
    memset(&made.at->threads, 0xff, sizeof made.at->threads);
    struct qmon__record_file file = opened();
    unsigned all = QMON__LOAD_HEAD | QMON__LOAD_CRASH | QMON__LOAD_MODULES | QMON__LOAD_CRUMBS | QMON__LOAD_THREADS;
    cr_assert_eq(qmon__record_load(&file, all, false), 0);
    const struct qmon_record *copy = file.copy;
    cr_expect_eq(copy->process.command_line_bytes, QMON_COMMAND_LINE_BYTES);
    cr_expect_eq(strnlen(copy->process.executable, QMON_PATH_BYTES), QMON_PATH_BYTES - 1);
    cr_expect_eq(strnlen(copy->process.boot_id, 40), 39);
    cr_expect_eq(copy->crash.stage, QMON_STAGE_SEALED);
    cr_expect_eq(copy->crash.register_count, QMON_CRASH_REGISTERS);
    cr_expect_eq(copy->crash.frame_count_inner, QMON_CRASH_FRAMES_HALF);
    cr_expect_eq(copy->crash.frame_count_outer, QMON_CRASH_FRAMES_HALF);
    cr_expect_eq(copy->crash.stack_byte_count, QMON_CRASH_STACK_BYTES);
    cr_expect_eq(copy->crash.code_byte_count, QMON_CRASH_CODE_BYTES);
    cr_expect_eq(strnlen(copy->crash.abort_message, 1024), 1023);
    cr_expect_eq(strnlen(copy->crash.exception_type, 512), 511);
    cr_expect_eq(copy->modules.count, QMON_RECORD_MODULES);
    cr_expect_eq(copy->modules.path_bytes, QMON_MODULE_PATHS_BYTES);
    for (unsigned i = 0; i < QMON_RECORD_MODULES; i++) {
        cr_expect_leq(copy->modules.entries[i].path + copy->modules.entries[i].path_bytes, QMON_MODULE_PATHS_BYTES);
        cr_expect_leq(copy->modules.entries[i].build_id_bytes, QMON_BUILD_ID_BYTES);
    }
    cr_expect_eq(strnlen(copy->crumbs.entries[63].text, QMON_CRUMB_TEXT_BYTES), QMON_CRUMB_TEXT_BYTES - 1);
    cr_expect_eq(copy->threads.count, QMON_RECORD_THREADS);
    for (unsigned i = 0; i < QMON_RECORD_THREADS; i++) {
        cr_expect_eq(copy->threads.entries[i].first, QMON_RECORD_THREADS_FRAMES);
        cr_expect_eq(copy->threads.entries[i].frame_count, 0);
        cr_expect_eq(strnlen(copy->threads.entries[i].name, QMON_THREAD_NAME_BYTES), QMON_THREAD_NAME_BYTES - 1);
    }
    made.at->threads.entries[0].first = 1;
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_THREADS, true), 0);
    cr_expect_eq(copy->threads.entries[0].frame_count, QMON_RECORD_THREAD_FRAMES);
    qmon__record_close(&file);
}

Test(record_file, opens_regular_files_only_and_no_links) {
    char path[600];
    struct qmon__record_file file;
    snprintf(path, sizeof path, "%s/f-1", scratch.path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_lt(qmon__record_open_at(&file, directory, "f-1"), 0);
    snprintf(path, sizeof path, "%s/f-2", scratch.path);
    cr_assert_eq(symlink(made.path, path), 0);
    cr_assert_eq(qmon__record_open_at(&file, directory, "f-2"), -ELOOP);
    cr_assert_eq(qmon__record_open_at(&file, directory, "."), -EISDIR);
}

Test(record_file, adopts_a_descriptor_with_a_description_of_its_own) {
    int fd = open(made.path, O_RDWR);
    struct qmon__record_file first, second;
    cr_assert_eq(qmon__record_adopt(&first, fd, made.path), 0);
    cr_assert_eq(qmon__record_adopt(&second, fd, made.path), 0);
    close(fd);
    cr_assert_str_eq(first.name, made_name());
    cr_assert_eq(qmon__record_try_lock(&first, QMON__LOCK_PROCESS), 0);
    cr_assert_eq(qmon__record_try_lock(&second, QMON__LOCK_PROCESS), -EAGAIN, "two descriptions, two owners");
    cr_assert(qmon__record_is_locked(&second, QMON__LOCK_PROCESS));
    cr_assert_not(qmon__record_is_locked(&first, QMON__LOCK_PROCESS), "by others, it asks");
    cr_assert_eq(qmon__record_try_lock(&second, QMON__LOCK_RING), 0, "the ring has a lock of its own");
    qmon__record_close(&first);
    cr_assert_eq(qmon__record_try_lock(&second, QMON__LOCK_PROCESS), 0);
    qmon__record_close(&second);
}

Test(record_file, adopts_a_copy_that_has_no_name) {
    int fd = memfd_create("record", MFD_ALLOW_SEALING);
    cr_assert_eq(write(fd, made.at, sizeof *made.at), (ssize_t) sizeof *made.at);
    cr_assert_eq(ftruncate(fd, QMON_RECORD_BYTES), 0);
    cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    struct qmon__record_file file;
    cr_assert_eq(qmon__record_adopt(&file, fd, ""), 0);
    cr_assert_eq(file.directory, -1);
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), 0);
    cr_assert_eq(file.copy->process.pid, 4242);
    cr_assert_lt(qmon__record_set_state(&file, QMON_STATE_DONE), 0);
    qmon__record_remove(&file);
    qmon__record_close(&file);
    close(fd);
}

Test(record_file, does_not_take_the_name_of_another_file_for_its_own) {
    struct made_record other = make_record(scratch.path, 4243);
    int fd = open(made.path, O_RDWR);
    struct qmon__record_file file;
    cr_assert_eq(qmon__record_adopt(&file, fd, other.path), 0);
    close(fd);
    cr_assert_eq(file.directory, -1);
    qmon__record_close(&file);
    unmake_record(&other);
}

Test(record_file, removes_only_what_is_still_itself) {
    struct qmon__record_file file = opened();
    char aside[600];
    snprintf(aside, sizeof aside, "%s.1", made.path);
    cr_assert_eq(rename(made.path, aside), 0);
    struct made_record newer = make_record(scratch.path, 4242);
    qmon__record_remove(&file);
    cr_assert(exists(""), "a new process's record of the same name stays");
    cr_assert(exists(".1"));
    unmake_record(&newer);
    qmon__record_close(&file);
}

Test(record_file, moves_damaged_ones_aside_without_overwriting_others) {
    for (unsigned i = 1; i <= 3; i++) {
        struct qmon__record_file file = opened();
        cr_assert_eq(qmon__record_set_aside(&file), 0);
        qmon__record_close(&file);
        cr_assert_not(exists(""));
        cr_assert(exists(i == 1 ? ".damaged" : i == 2 ? ".damaged-2" : ".damaged-3"));
        unmake_record(&made);
        made = make_record(scratch.path, 4242);
    }
}

Test(record_file, writes_state_and_announcements_where_the_process_sees_them) {
    struct qmon__record_file file = opened();
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), 0);
    cr_assert_eq(qmon__record_announce(&file, QMON_ANNOUNCED_START), 0);
    cr_assert_eq(qmon__record_announce(&file, QMON_ANNOUNCED_STOP), 0);
    cr_assert_eq(made.at->process.announced, QMON_ANNOUNCED_START | QMON_ANNOUNCED_STOP);
    cr_assert_eq(qmon__record_set_state(&file, QMON_STATE_DONE), 0);
    cr_assert_eq(made.at->header.state, QMON_STATE_DONE);
    qmon__record_close(&file);
}

/* A criterion test is a process of its own: the limit is this test's alone. */
Test(record_file, writes_them_though_its_host_allowed_no_files) {
    const struct rlimit none = {0, 0};
    struct qmon__record_file file = opened();
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, false), 0);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    cr_assert_eq(pwrite(file.fd, "", 1, 0), -1);
    cr_expect(qmon__is_bound());
    cr_expect_eq(qmon__record_announce(&file, QMON_ANNOUNCED_TOLD), 0);
    cr_expect_eq(made.at->process.announced, QMON_ANNOUNCED_TOLD);
    cr_expect_eq(qmon__record_set_state(&file, QMON_STATE_DONE), 0);
    cr_expect_eq(made.at->header.state, QMON_STATE_DONE);
    qmon__record_close(&file);
}

Test(record_file, keeps_its_lock_through_fork_until_the_child_ends) {
    struct qmon__record_file file = opened(), other = opened();
    int go[2];
    char byte;
    cr_assert_eq(pipe(go), 0);
    cr_assert_eq(qmon__record_try_lock(&file, QMON__LOCK_PROCESS), 0);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        _exit(read(go[0], &byte, 1) == 0 ? 0 : 1);
    }
    qmon__record_close(&file);
    cr_assert_eq(qmon__record_lock_until(&other, QMON__LOCK_PROCESS, qmon_monotonic_ms() + 30), -ETIMEDOUT);
    close(go[1]);
    cr_assert_eq(qmon__record_lock_until(&other, QMON__LOCK_PROCESS, qmon_monotonic_ms() + 5000), 0);
    waitpid(child, NULL, 0);
    qmon__record_close(&other);
}

Test(record_file, closing_what_was_never_opened_is_fine) {
    struct qmon__record_file file = {0};
    qmon__record_close(&file);
    qmon__record_close(&file);
}

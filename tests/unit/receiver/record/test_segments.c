/* Records that are System V segments: those of the dead become files, others stay. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

#include <qmon/paths.h>

#include "record_file.h"
#include "record_maker.h"
#include "reports.h"
#include "scratch.h"
#include "segments.h"

static struct scratch scratch;
static char state[400];
static int id;
static uid_t maker; /* 0: root, or whoever runs the test */

static void setup(void) {
    scratch = scratch_make();
    snprintf(state, sizeof state, "%s/state", scratch.path);
    id = -1;
    maker = 0;
}

static void teardown(void) {
    if (id >= 0)
        shmctl(id, IPC_RMID, NULL);
    records_sweep(state);
    scratch_remove(&scratch);
}

TestSuite(segments, .init = setup, .fini = teardown, .timeout = 20);

/* The record of process pid in a segment with the key of that process, or another key. */
static struct qmon_record *make_segment(uint32_t pid, int other_key, uint32_t record_state) {
    char directory[500];
    snprintf(directory, sizeof directory, "%s/drafts", scratch.path);
    struct made_record made = make_record(directory, pid);
    int key = qmon_segment_key(state, made.at->process.pid_namespace, pid, 1) + other_key;
    if (maker != 0)
        cr_assert_eq(seteuid(maker), 0);
    id = shmget(key, QMON_RECORD_BYTES, IPC_CREAT | IPC_EXCL | 0600);
    if (maker != 0)
        cr_assert_eq(seteuid(0), 0);
    struct qmon_record *segment = shmat(id, NULL, 0);
    cr_assert_neq(segment, (void *) -1);
    memcpy(segment, made.at, sizeof *segment);
    atomic_store(&segment->header.state, record_state);
    unmake_record(&made);
    return segment;
}

static bool is_there(void) {
    struct shmid_ds status;
    return shmctl(id, IPC_STAT, &status) == 0;
}

/* How many files that makes; they are removed. */
static unsigned files(void) {
    qmon__segments_import(state);
    return records_sweep(state);
}

Test(segments, of_a_dead_process_becomes_a_file) {
    shmdt(make_segment((uint32_t) free_pid(), 0, QMON_STATE_SEALED));
    cr_expect_eq(files(), 1);
    cr_expect_not(is_there());
    cr_expect_eq(files(), 0);
}

Test(segments, is_its_makers_whatever_it_says) {
    if (geteuid() != 0)
        cr_skip_test("only root can be another user");
    maker = 65534;
    const uint32_t pid = (uint32_t) free_pid();
    shmdt(make_segment(pid, 0, QMON_STATE_SEALED)); /* it says that it is root's */
    qmon__segments_import(state);
    char directory[600];
    qmon_record_directory_shm(0, state, directory, sizeof directory);
    int parent = open(directory, O_RDONLY | O_DIRECTORY);
    DIR *const names = fdopendir(parent);
    unsigned found = 0;
    for (const struct dirent *entry; (entry = readdir(names)) != NULL;) {
        struct qmon__record_file file;
        if (entry->d_name[0] == '.' || qmon__record_open_at(&file, dirfd(names), entry->d_name) < 0)
            continue;
        cr_expect_eq(qmon__record_load(&file, QMON__LOAD_HEAD, true), 0);
        cr_expect_eq(file.copy->process.pid, pid);
        cr_expect_eq(file.copy->process.uid, 65534);
        qmon__record_close(&file);
        found++;
    }
    closedir(names);
    cr_expect_eq(found, 1);
    cr_expect_eq(records_sweep(state), 1);
}

Test(segments, that_somebody_has_mapped_stays) {
    struct qmon_record *segment = make_segment((uint32_t) getpid(), 0, QMON_STATE_RUNNING);
    cr_expect_eq(files(), 0);
    cr_expect(is_there());
    shmdt(segment);
}

Test(segments, of_a_process_that_lives_on_without_the_agent_stays) {
    shmdt(make_segment((uint32_t) getpid(), 0, QMON_STATE_EXEC));
    cr_expect_eq(files(), 0);
    cr_expect(is_there());
}

Test(segments, of_others_are_not_touched) {
    struct qmon_record *segment = make_segment((uint32_t) free_pid(), 2, QMON_STATE_SEALED);
    shmdt(segment);
    cr_expect_eq(files(), 0);
    cr_expect(is_there());
    segment = shmat(id, NULL, 0);
    memset(segment, 0x55, QMON_RECORD_BYTES);
    shmdt(segment);
    cr_expect_eq(files(), 0);
    cr_expect(is_there());
}

Test(segments, that_hold_nothing_any_more_are_removed) {
    shmdt(make_segment((uint32_t) free_pid(), 0, QMON_STATE_DONE));
    cr_expect_eq(files(), 0);
    cr_expect_not(is_there());
}

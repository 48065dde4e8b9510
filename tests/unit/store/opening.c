/* Whatever is there: opening gives a store that works. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database.h"
#include "rounds.h"
#include "scratch.h"
#include "support.h"
#include "together.h"

static struct scratch scratch;

static void setup(void) {
    scratch = scratch_make();
}

static void teardown(void) {
    scratch_remove(&scratch);
}

TestSuite(store_opening, .init = setup, .fini = teardown, .timeout = 20);

static void run_sql(const char *sql) {
    char command[SCRATCH_BYTES + 300];

    snprintf(command, sizeof command, "sqlite3 %s/store.db \"%s\" > /dev/null", scratch.path, sql);
    cr_assert_eq(system(command), 0, "%s", command);
}

static unsigned count_files(const char *prefix) {
    DIR *directory = opendir(scratch.path);
    struct dirent *entry;
    unsigned count = 0;

    while ((entry = readdir(directory)) != NULL)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(directory);
    return count;
}

static void overwrite(const char *name, off_t offset, size_t bytes) {
    int fd = open(scratch_path(&scratch, name), O_WRONLY | O_CREAT, 0600);
    char rubbish[4096];

    memset(rubbish, 0xa5, sizeof rubbish);
    for (size_t done = 0; done < bytes; done += sizeof rubbish)
        cr_assert_eq(pwrite(fd, rubbish, sizeof rubbish, offset + (off_t) done), sizeof rubbish);
    close(fd);
}

static bool count_row(void *context, const struct qmon_event_row *row) {
    (void) row;
    ++*(unsigned *) context;
    return true;
}

static unsigned events_in(struct qmon_store *store) {
    unsigned count = 0;

    cr_assert_eq(qmon_store_query(store, &(struct qmon_event_query){.kind = -1, .limit = 100000}, count_row, &count), 0,
                 "%s", qmon_store_problem(store));
    return count;
}

Test(store_opening, makes_files_for_their_owner_alone) {
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "store.lock"};
    struct qmon_store *store;

    umask(0);
    store = open_store(scratch.path);
    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    for (size_t i = 0; i < 4; i++) {
        struct stat status;
        cr_assert_eq(stat(scratch_path(&scratch, names[i]), &status), 0, "%s", names[i]);
        cr_expect_eq(status.st_mode & 07777, 0600, "%s has %o", names[i], status.st_mode & 07777);
    }
    qmon_store_close(store);
}

Test(store_opening, works_in_memory_when_asked_to) {
    const char *problem = "?";
    struct qmon_store *store = qmon_store_open(NULL, &problem);

    cr_expect_null(problem);
    cr_expect_not(qmon_store_is_durable(store));
    cr_expect_str_eq(qmon_store_problem(store), "");
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
    cr_expect_eq(events_in(store), 1);
    qmon_store_close(store);
    qmon_store_close(NULL);
}

static void expect_memory(const char *directory, const char *words) {
    const char *problem = NULL;
    struct qmon_store *store = qmon_store_open(directory, &problem);

    cr_expect_not(qmon_store_is_durable(store));
    cr_assert_not_null(problem);
    cr_expect_not_null(strstr(problem, words), "%s", problem);
    cr_expect_eq(save_event(store, EVENT(1, 1, .sinks = {"slack"})), 0);
    cr_expect_eq(qmon_store_count(store, "n", NULL, 1), 0);
    cr_expect_eq(counter_of(store, "n", NULL), 1);
    qmon_store_close(store);
}

Test(store_opening, works_in_memory_where_there_is_no_directory_and_says_why) {
    expect_memory("/proc/nowhere/at/all", "No such file or directory");
    expect_memory("relative", "Invalid argument");
    scratch_write(&scratch, "file", "x");
    expect_memory(scratch_path(&scratch, "file"), "Not a directory");
}

Test(store_opening, leaves_a_newer_schema_alone) {
    struct qmon_store *store = open_store(scratch.path);

    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    qmon_store_close(store);
    run_sql("PRAGMA user_version = 5");
    expect_memory(scratch.path, "written by a newer qmon (its schema is 5, ours 4)");
    run_sql("PRAGMA user_version = 4");
    store = open_store(scratch.path);
    cr_expect_eq(events_in(store), 1);
    qmon_store_close(store);
}

Test(store_opening, does_not_follow_links_out_of_the_directory) {
    struct scratch other = scratch_make();
    struct qmon_store *store = open_store(other.path);
    char path[SCRATCH_BYTES + 16];

    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    qmon_store_close(store);
    snprintf(path, sizeof path, "%s/store.db", other.path);
    cr_assert_eq(symlink(path, scratch_path(&scratch, "store.db")), 0);
    expect_memory(scratch.path, "store.db");
    store = open_store(other.path);
    cr_expect_eq(events_in(store), 1);
    qmon_store_close(store);
    scratch_remove(&other);
}

Test(store_opening, goes_through_links_on_the_way_to_the_directory) {
    char link[SCRATCH_BYTES + 8];
    struct qmon_store *store;

    snprintf(link, sizeof link, "%s.link", scratch.path);
    cr_assert_eq(symlink(scratch.path, link), 0);
    store = open_store(link);
    unlink(link);
    qmon_store_close(store);
}

Test(store_opening, begins_anew_beside_a_file_that_is_no_database) {
    const char *problem = NULL;
    struct qmon_store *store;

    overwrite("store.db", 0, 20000);
    store = qmon_store_open(scratch.path, &problem);
    cr_expect(qmon_store_is_durable(store));
    cr_assert_not_null(problem);
    cr_expect_not_null(strstr(problem, "was damaged"), "%s", problem);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
    cr_expect_eq(counter_of(store, "store.damaged", NULL), 1);
    cr_expect_eq(count_files("store.db.damaged-"), 1);
    qmon_store_close(store);
}

Test(store_opening, takes_a_file_cut_to_nothing_for_a_new_one) {
    struct qmon_store *store = open_store(scratch.path);

    save_event(store, EVENT(1, 1));
    qmon_store_close(store);
    cr_assert_eq(truncate(scratch_path(&scratch, "store.db"), 0), 0);
    store = open_store(scratch.path);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
    cr_expect_eq(events_in(store), 1);
    qmon_store_close(store);
}

Test(store_opening, replaces_a_foreign_database_of_our_name) {
    struct qmon_store *store;

    run_sql("CREATE TABLE events(a); PRAGMA user_version = 4");
    store = open_store(scratch.path);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0, "%s", qmon_store_problem(store));
    cr_expect_eq(events_in(store), 1);
    cr_expect_eq(counter_of(store, "store.damaged", NULL), 1);
    qmon_store_close(store);
}

/* Some hundred events and alerts that wait; then the pages in the middle of the file are overwritten. */
static void make_damaged(void) {
    struct qmon_store *store = open_store(scratch.path);
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 3600, .now_ms = 1000};
    struct qmon_decision decision;
    struct stat status;

    for (unsigned i = 0; i < 300; i++)
        cr_assert_eq(save_event(store, EVENT(i, 1000 + i, .fingerprint = "f", .sinks = {"slack"})), 0);
    cr_assert_eq(qmon_store_decide(store, &request, &decision), 0);
    cr_assert_eq(qmon_store_once(store, "start 1", 1000), 0);
    qmon_store_close(store);
    run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    cr_assert_eq(stat(scratch_path(&scratch, "store.db"), &status), 0);
    overwrite("store.db", status.st_size / 8192 * 4096, 8 * 4096);
}

Test(store_opening, replaces_a_file_damaged_inside_when_it_meets_the_damage, .timeout = 60) {
    struct qmon_decision_request request = {.key = "k", .limit = 1, .window_s = 3600, .now_ms = 2000};
    struct qmon_decision decision;
    struct qmon_store *store;
    uint64_t waiting, rejected, due;
    unsigned found;

    make_damaged();
    store = open_store(scratch.path);
    found = events_in(store);
    cr_expect_gt(found, 0, "nothing was saved from it");
    cr_expect_lt(found, 300, "nothing was damaged");
    cr_expect_eq(counter_of(store, "store.damaged", NULL), 1);
    cr_assert_eq(qmon_outbox_summary(store, &waiting, &rejected, &due), 0);
    cr_expect_gt(waiting, 0, "no alert was saved from it");
    cr_expect_eq(qmon_store_once(store, "start 1", 2000), 1, "what happened once has happened");
    cr_assert_eq(qmon_store_decide(store, &request, &decision), 0);
    cr_expect_not(decision.alert, "who has alerted has alerted");
    cr_expect_eq(save_event(store, EVENT(1000, 1)), 0);
    qmon_store_close(store);
}

Test(store_opening, keeps_two_damaged_files_at_most) {
    for (int i = 0; i < 8; i++) {
        struct qmon_store *store;
        overwrite("store.db", 0, 4096);
        unlink(scratch_path(&scratch, "store.db-wal")); /* it would heal the file */
        store = qmon_store_open(scratch.path, NULL);
        cr_expect_eq(counter_of(store, "store.damaged", NULL), 1);
        qmon_store_close(store);
    }
    cr_expect_leq(count_files("store.db.damaged-"), 4, "%u", count_files("store.db.damaged-")); /* and their -wal */
    cr_expect_geq(count_files("store.db.damaged-"), 2);
}

static int meet_damage(unsigned number, void *context) {
    struct qmon_store *store = qmon_store_open(context, NULL);
    int r = save_event(store, EVENT(1000 + number, 1, .sinks = {"slack"})) == 0 && qmon_store_is_durable(store);

    qmon_store_close(store);
    return r;
}

Test(store_opening, replaces_a_damaged_file_once_when_many_processes_meet_it, .timeout = 120) {
    for (unsigned round = 0; round < rounds_of(10); round++) {
        struct qmon_store *store;
        uint64_t waiting, rejected, due;
        int fine[16];
        overwrite("store.db", 0, 4096);
        unlink(scratch_path(&scratch, "store.db-wal"));
        run_together(16, meet_damage, scratch.path, fine);
        for (int i = 0; i < 16; i++)
            cr_assert_eq(fine[i], 1, "process %d of round %u", i, round);
        store = open_store(scratch.path);
        cr_expect_eq(counter_of(store, "store.damaged", NULL), 1);
        cr_assert_eq(qmon_outbox_summary(store, &waiting, &rejected, &due), 0);
        cr_expect_eq(waiting, 16, "%lu of 16 events", waiting);
        qmon_store_close(store);
    }
}

Test(store_opening, leaves_the_flushing_to_who_has_time) {
    struct qmon_store *store = open_store(scratch.path);
    struct stat status;

    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    qmon_store_close(store);
    cr_assert_eq(stat(scratch_path(&scratch, "store.db-wal"), &status), 0);
    cr_expect_gt(status.st_size, 4096, "closing was no time for it");
    store = open_store(scratch.path);
    for (unsigned i = 2; i < 40; i++)
        cr_assert_eq(save_event(store, EVENT(i, 1)), 0);
    cr_assert_eq(qmon_store_retain(store, 1000), 0);
    cr_assert_eq(stat(scratch_path(&scratch, "store.db-wal"), &status), 0);
    cr_expect_lt(status.st_size, 3 * 4200, "%ld", (long) status.st_size);
    cr_expect_eq(events_in(store), 39);
    qmon_store_close(store);
}

Test(store_opening, begins_again_when_the_directory_vanishes) {
    struct qmon_store *store = open_store(scratch.path);

    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    scratch_remove(&scratch);
    cr_expect_eq(save_event(store, EVENT(2, 1)), 0, "%s", qmon_store_problem(store));
    cr_expect_eq(events_in(store), 1);
    qmon_store_close(store);
    store = open_store(scratch.path);
    cr_expect_eq(events_in(store), 1, "it is on the disk");
    qmon_store_close(store);
}

Test(store_opening, follows_another_process_to_a_new_file) {
    struct qmon_store *one = open_store(scratch.path), *other;

    cr_assert_eq(save_event(one, EVENT(1, 1)), 0);
    cr_assert_eq(unlink(scratch_path(&scratch, "store.db")), 0);
    cr_assert_eq(unlink(scratch_path(&scratch, "store.db-wal")), 0);
    cr_assert_eq(unlink(scratch_path(&scratch, "store.db-shm")), 0);
    other = open_store(scratch.path);
    cr_assert_eq(save_event(other, EVENT(2, 1)), 0);
    cr_assert_eq(save_event(one, EVENT(3, 1)), 0);
    cr_expect_eq(events_in(other), 2);
    qmon_store_close(one);
    qmon_store_close(other);
}

Test(store_opening, goes_on_in_memory_when_told_to) {
    struct qmon_store *store = open_store(scratch.path);

    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    cr_assert_eq(qmon_store_degrade(store), 0);
    cr_expect_not(qmon_store_is_durable(store));
    cr_expect_eq(events_in(store), 0);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
    qmon_store_close(store);
}

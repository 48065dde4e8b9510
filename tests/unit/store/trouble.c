/* The disk is full, read-only or limited; processes are killed in the middle. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"
#include "support.h"

static struct scratch scratch;

static void setup(void) {
    scratch = scratch_make();
}

static void teardown(void) {
    umount2(scratch.path, MNT_DETACH);
    scratch_remove(&scratch);
}

TestSuite(store_trouble, .init = setup, .fini = teardown, .timeout = 60);

static void mount_small_disk(const char *options) {
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        cr_skip_test("needs root and a mount namespace");
    cr_assert_eq(mount("none", scratch.path, "tmpfs", 0, options), 0);
}

static char *message_of(size_t bytes) {
    char *message = malloc(bytes + 1);

    memset(message, 'x', bytes);
    message[bytes] = '\0';
    return message;
}

static int save_until_it_fails(struct qmon_store *store, const char *message, unsigned *ret_saved) {
    int r = 0;

    for (*ret_saved = 0; r == 0 && *ret_saved < 10000; ++*ret_saved)
        r = save_event(store, EVENT(*ret_saved, 1, .message = message, .sinks = {"slack"}));
    --*ret_saved;
    return r;
}

Test(store_trouble, says_that_the_disk_is_full_and_keeps_what_was_saved) {
    char *message = message_of(60000);
    struct qmon_store *store;
    uint64_t waiting, rejected, due;
    unsigned saved;

    mount_small_disk("size=2m");
    store = open_store(scratch.path);
    cr_expect_eq(save_until_it_fails(store, message, &saved), -ENOSPC, "%s", qmon_store_problem(store));
    cr_expect_gt(saved, 5);
    cr_expect_not_null(strstr(qmon_store_problem(store), "full"), "%s", qmon_store_problem(store));
    qmon_store_close(store);
    store = open_store(scratch.path);
    cr_assert_eq(qmon_outbox_summary(store, &waiting, &rejected, &due), 0);
    cr_expect_eq(waiting, saved);

    cr_assert_eq(mount("none", scratch.path, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    cr_expect_eq(save_event(store, EVENT(100000, 1, .message = message)), 0, "there is room again: %s",
                 qmon_store_problem(store));
    qmon_store_close(store);
    free(message);
}

Test(store_trouble, works_in_memory_where_not_even_the_files_fit) {
    const char *problem = NULL;
    struct qmon_store *store;

    mount_small_disk("size=8k");
    store = qmon_store_open(scratch.path, &problem);
    cr_expect_not(qmon_store_is_durable(store));
    cr_expect_not_null(problem);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
    qmon_store_close(store);
}

Test(store_trouble, works_in_memory_on_a_read_only_disk) {
    const char *problem = NULL;
    struct qmon_store *store;

    mount_small_disk("size=2m");
    store = open_store(scratch.path);
    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    qmon_store_close(store);
    cr_assert_eq(mount("none", scratch.path, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    store = qmon_store_open(scratch.path, &problem);
    cr_expect_not(qmon_store_is_durable(store));
    cr_assert_not_null(problem);
    cr_expect_not_null(strstr(problem, "Read-only"), "%s", problem);
    qmon_store_close(store);
}

Test(store_trouble, takes_a_limit_on_file_sizes_for_a_full_disk) {
    char *message = message_of(60000);
    struct qmon_store *store = open_store(scratch.path);
    unsigned saved;

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){512 << 10, 512 << 10}), 0);
    cr_expect_eq(save_until_it_fails(store, message, &saved), -ENOSPC, "%s", qmon_store_problem(store));
    cr_expect_gt(saved, 2);
    qmon_store_close(store);
    free(message);
}

/* Saves without end and tells each number that was saved. */
static void save_and_tell(int fd) {
    struct qmon_store *store = qmon_store_open(scratch.path, NULL);

    for (unsigned i = 0;; i++)
        if (save_event(store, EVENT(getpid() * 10000u + i, 1, .sinks = {"slack"})) == 0 && write(fd, "x", 1) != 1)
            _exit(1);
}

Test(store_trouble, keeps_every_event_of_processes_that_are_killed, .timeout = 120) {
    uint64_t waiting = 0, rejected, due, told = 0;
    struct qmon_store *store;

    for (unsigned round = 0; round < 40; round++) {
        unsigned wanted = round % 7 + 1;
        char byte;
        int pipes[2];
        pid_t child;
        cr_assert_eq(pipe(pipes), 0);
        child = fork();
        if (child == 0)
            save_and_tell(pipes[1]);
        close(pipes[1]);
        for (unsigned i = 0; i < wanted && read(pipes[0], &byte, 1) == 1; i++)
            told++;
        kill(child, SIGKILL);
        while (read(pipes[0], &byte, 1) == 1)
            told++;
        waitpid(child, NULL, 0);
        close(pipes[0]);
    }
    store = open_store(scratch.path);
    cr_assert_eq(qmon_outbox_summary(store, &waiting, &rejected, &due), 0);
    cr_expect_geq(waiting, told, "%lu saved, %lu are there", told, waiting);
    cr_expect_leq(waiting, told + 40, "at most one each was saved and not told");
    cr_expect_eq(counter_of(store, "store.damaged", NULL), 0);
    qmon_store_close(store);
}

Test(store_trouble, waits_for_a_lock_no_longer_than_two_seconds) {
    struct qmon_store *store = open_store(scratch.path);
    struct timespec before, after;
    char command[SCRATCH_BYTES + 128];
    FILE *holder;
    double waited_s;
    int r;

    snprintf(command, sizeof command, "sqlite3 %s/store.db > /dev/null", scratch.path);
    holder = popen(command, "w");
    fprintf(holder, "BEGIN IMMEDIATE;\n.shell touch %s/held\n", scratch.path);
    fflush(holder);
    while (access(scratch_path(&scratch, "held"), F_OK) < 0)
        usleep(1000);
    clock_gettime(CLOCK_MONOTONIC, &before);
    r = save_event(store, EVENT(1, 1));
    clock_gettime(CLOCK_MONOTONIC, &after);
    waited_s = (double) (after.tv_sec - before.tv_sec) + (double) (after.tv_nsec - before.tv_nsec) / 1e9;
    pclose(holder);
    cr_expect_eq(r, -EBUSY, "%d", r);
    cr_expect(waited_s > 1.8 && waited_s < 2.5, "%f s", waited_s);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0, "and goes on afterwards");
    qmon_store_close(store);
}

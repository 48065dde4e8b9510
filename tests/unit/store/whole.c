/* Several calls made one: all of it is kept, or nothing. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_case.h"

TestSuite(store_whole, .init = setup, .fini = teardown, .timeout = 20);

static bool count_one(void *context, const struct qmon_event_row *row) {
    (void) row;
    ++*(unsigned *) context;
    return true;
}

static unsigned events(void) {
    struct qmon_event_query any = {.kind = -1};
    unsigned count = 0;

    cr_assert_eq(qmon_store_query(store, &any, count_one, &count), 0);
    return count;
}

Test(store_whole, keeps_all_of_it) {
    qmon_store_begin(store);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
    cr_expect_eq(save_event(store, EVENT(2, 2)), 0);
    cr_expect_eq(save_event(store, EVENT(2, 2)), 1, "what was written in it is seen in it");
    cr_expect_eq(qmon_store_count(store, "n", NULL, 3), 0);
    cr_expect_eq(qmon_store_commit(store), 0);
    cr_expect_eq(events(), 2);
    cr_expect_eq(counter_of(store, "n", NULL), 3);
}

Test(store_whole, of_nothing_is_fine) {
    qmon_store_begin(store);
    cr_expect_eq(qmon_store_commit(store), 0);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0, "and what comes next is by itself again");
    cr_expect_eq(events(), 1);
}

Test(store_whole, keeps_nothing_where_one_of_it_fails) {
    char command[SCRATCH_BYTES + 160];

    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    snprintf(
        command, sizeof command,
        "sqlite3 %s/store.db \"CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END\"",
        scratch.path);
    cr_assert_eq(system(command), 0);
    qmon_store_begin(store);
    cr_expect_eq(qmon_store_count(store, "n", NULL, 1), 0);
    cr_expect_lt(save_event(store, EVENT(2, 2)), 0);
    cr_expect_lt(qmon_store_count(store, "n", NULL, 1), 0, "what comes after it is not even tried");
    cr_expect_lt(qmon_store_commit(store), 0);
    cr_expect_eq(counter_of(store, "n", NULL), 0);
    cr_expect_eq(events(), 1);
}

/* Else the others would be kept without it, and who handed it over would take it for kept. */
Test(store_whole, keeps_nothing_where_an_event_is_too_large) {
    const size_t bytes = 17u << 20;
    char *huge = malloc(bytes + 1);

    cr_assert_not_null(huge);
    memset(huge, 'x', bytes);
    huge[bytes] = '\0';
    qmon_store_begin(store);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
    cr_expect_eq(save_event(store, EVENT(2, 2, .message = huge)), -E2BIG);
    cr_expect_eq(qmon_store_commit(store), -E2BIG);
    cr_expect_eq(events(), 0);
    cr_expect_eq(save_event(store, EVENT(3, 3, .message = huge)), -E2BIG, "by itself, too");
    cr_expect_eq(save_event(store, EVENT(4, 4)), 0);
    cr_expect_eq(events(), 1);
    free(huge);
}

Test(store_whole, locks_nobody_out_before_it_writes) {
    struct qmon_store *other = open_store(scratch.path);

    qmon_store_begin(store);
    cr_expect_eq(events(), 0);
    cr_expect_eq(save_event(other, EVENT(1, 1)), 0);
    cr_expect_eq(save_event(store, EVENT(2, 2)), 0);
    cr_expect_eq(qmon_store_commit(store), 0);
    cr_expect_eq(events(), 2);
    qmon_store_close(other);
}

Test(store_whole, keeps_nothing_of_a_process_that_is_killed_in_it) {
    int status;

    qmon_store_close(store);
    pid_t child = fork();
    if (child == 0) {
        store = open_store(scratch.path);
        qmon_store_begin(store);
        save_event(store, EVENT(1, 1));
        qmon_store_count(store, "n", NULL, 1);
        kill(getpid(), SIGKILL);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    store = open_store(scratch.path);
    cr_expect_eq(events(), 0);
    cr_expect_eq(counter_of(store, "n", NULL), 0);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
}

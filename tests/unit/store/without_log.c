/* File systems on which SQLite cannot have its write-ahead log. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

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

TestSuite(store_without_log, .init = setup, .fini = teardown, .timeout = 60);

static int no_shared_memory(sqlite3_file *file, int page, int bytes, int extend, void volatile **ret_memory) {
    (void) file;
    (void) page;
    (void) bytes;
    (void) extend;
    *ret_memory = NULL;
    return SQLITE_IOERR_SHMMAP;
}

static sqlite3_vfs vfs;
static sqlite3_vfs *real;

static int open_without_shared_memory(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                                      int *ret_flags) {
    static sqlite3_io_methods methods;
    int r = real->xOpen(self, name, file, flags, ret_flags);

    if (r == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB)) {
        methods = *file->pMethods;
        methods.xShmMap = no_shared_memory;
        file->pMethods = &methods;
    }
    return r;
}

/* From here on, in this process. */
static void take_shared_memory_away(void) {
    real = sqlite3_vfs_find(NULL);
    vfs = *real;
    vfs.zName = "no-shared-memory";
    vfs.xOpen = open_without_shared_memory;
    cr_assert_eq(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

static bool is_in_log_mode(void) {
    FILE *file = fopen(scratch_path(&scratch, "store.db"), "re");
    unsigned char header[20] = {0};

    cr_assert_eq(fread(header, 1, sizeof header, file), sizeof header);
    fclose(file);
    return header[18] == 2;
}

Test(store_without_log, works_where_there_is_no_shared_memory) {
    struct qmon_store *store;

    take_shared_memory_away();
    store = open_store(scratch.path);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0);
    qmon_store_close(store);
    cr_expect_not(is_in_log_mode());
    store = open_store(scratch.path);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 1);
    qmon_store_close(store);
}

Test(store_without_log, takes_over_a_log_that_was_begun_elsewhere) {
    struct qmon_store *store = open_store(scratch.path);

    cr_assert_eq(save_event(store, EVENT(1, 1)), 0);
    qmon_store_close(store);
    cr_assert(is_in_log_mode());
    take_shared_memory_away();
    store = open_store(scratch.path);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 1, "what was in the log is there");
    qmon_store_close(store);
    cr_expect_not(is_in_log_mode());
}

Test(store_without_log, works_where_locks_are_files) {
    struct qmon_store *store;

    cr_assert_eq(sqlite3_vfs_register(sqlite3_vfs_find("unix-dotfile"), 1), SQLITE_OK);
    store = open_store(scratch.path);
    cr_expect_eq(save_event(store, EVENT(1, 1)), 0, "%s", qmon_store_problem(store));
    qmon_store_close(store);
    cr_expect_not(is_in_log_mode());
}

static int save_ten(unsigned number, void *context) {
    struct qmon_store *store = qmon_store_open(context, NULL);
    int saved = 0;

    for (unsigned i = 0; i < 10; i++)
        saved += save_event(store, EVENT(number * 10 + i, 1)) == 0;
    saved = qmon_store_is_durable(store) ? saved : 100;
    qmon_store_close(store);
    return saved;
}

Test(store_without_log, lets_several_processes_in_nevertheless) {
    int saved[6];

    take_shared_memory_away();
    run_together(6, save_ten, scratch.path, saved);
    for (int i = 0; i < 6; i++)
        cr_expect_eq(saved[i], 10, "process %d saved %d", i, saved[i]);
}

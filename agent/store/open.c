/*
 * open.c: getting hold of the database, whatever is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database.h"

static int say(struct qmon_store *store, int error) {
    snprintf(store->problem, sizeof store->problem, "%.300s: %s", store->directory, strerror(-error));
    return error;
}

/* Makes an empty store.db if there is none, readable for its owner alone whatever the umask says. */
static int make_file(struct qmon_store *store) {
    char path[QMON__PATH_BYTES + 16];
    int fd;

    snprintf(path, sizeof path, "%s/store.db", store->directory);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : say(store, -errno);
    fchmod(fd, 0600);
    close(fd);
    return 0;
}

static int connect_and_look(struct qmon_store *store, int64_t *ret_version) {
    int r = qmon__database_connect(store);

    if (r < 0)
        return r;
    r = qmon__schema_version(store, ret_version);
    if (r < 0)
        qmon__database_disconnect(store);
    return r;
}

/* Where there is no shared memory (some network file systems), a log that was begun elsewhere can be read only with the
 * file to oneself; afterwards the rollback journal does. */
static int leave_log(struct qmon_store *store) {
    static const char pragmas[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE";
    int r = qmon__database_open(store); /* and nothing more: any other pragma would look for the shared memory */

    if (r == 0 && sqlite3_exec(store->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        r = qmon__database_error(store);
    qmon__database_disconnect(store);
    return r;
}

/* A log where that is possible; the rollback journal, which is slower, where not. */
static int upgrade(struct qmon_store *store, bool with_log) {
    int64_t version = 0;
    int r = qmon__schema_version(store, &version);

    if (r < 0)
        return r;
    if (version ==
        0) /* nothing is in it: flushing costs more than it is worth, and what a power cut tears is replaced */
        sqlite3_exec(store->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (with_log)
        sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    r = qmon__schema_upgrade(store);
    sqlite3_exec(store->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    return r;
}

static int upgrade_or_do_without_log(struct qmon_store *store) {
    int64_t version;
    int r = upgrade(store, true);

    if (r == -EOPNOTSUPP) {
        qmon__database_disconnect(store);
        r = leave_log(store);
        if (r == 0)
            r = connect_and_look(store, &version);
        if (r == 0)
            r = upgrade(store, false);
    }
    if (r < 0)
        qmon__database_disconnect(store);
    return r;
}

/* 1: done, and store->problem tells it. */
static int begin_anew(struct qmon_store *store, const char *why) {
    char aside[QMON__PATH_BYTES], reason[128];
    int64_t version;
    int r;

    snprintf(reason, sizeof reason, "%s", why);
    r = qmon__damage_set_aside(store, aside);
    if (r < 0)
        return say(store, -EUCLEAN);
    r = make_file(store);
    if (r == 0)
        r = connect_and_look(store, &version);
    if (r == 0)
        r = upgrade_or_do_without_log(store);
    if (r < 0)
        return r == -EUCLEAN ? -EIO : r;
    qmon__damage_salvage(store, aside);
    snprintf(store->problem, sizeof store->problem, "%.300s/store.db was damaged (%s) and is kept as %.100s",
             store->directory, reason, strrchr(aside, '/') + 1);
    qmon_store_count(store, "store.damaged", reason, 1);
    return 1;
}

/* Under the exclusive lock. */
static int make_or_mend(struct qmon_store *store) {
    int64_t version = 0;
    int r = make_file(store);

    if (r == 0)
        r = connect_and_look(store, &version);
    if (r == -EOPNOTSUPP) {
        r = leave_log(store);
        if (r == 0)
            r = connect_and_look(store, &version);
    }
    if (r == -EUCLEAN)
        return begin_anew(store, "not readable as a database");
    if (r < 0 || version == QMON__SCHEMA_VERSION)
        return r;
    return upgrade_or_do_without_log(store);
}

static int connect_in_memory(struct qmon_store *store) {
    int r = qmon__database_connect(store);

    if (r == 0)
        r = qmon__schema_upgrade(store);
    if (r < 0)
        qmon__database_disconnect(store);
    return r;
}

static int connect_to_file(struct qmon_store *store) {
    int64_t version = 0;
    int r, lock;

    lock = qmon__lock(store->directory, false);
    if (lock < 0)
        return say(store, lock);
    r = connect_and_look(store, &version);
    qmon__unlock(lock);
    if (r == 0 && version == QMON__SCHEMA_VERSION)
        return 0;
    qmon__database_disconnect(store);
    if (r == -EBUSY)
        return r;
    lock = qmon__lock(store->directory, true);
    if (lock < 0)
        return say(store, lock);
    r = make_or_mend(store);
    qmon__unlock(lock);
    return r;
}

int qmon__store_connect(struct qmon_store *store) {
    int r = store->directory[0] == '\0' ? connect_in_memory(store) : connect_to_file(store);

    if (r == 0)
        store->problem[0] = '\0'; /* what went wrong on the way has been mended */
    return r < 0 ? r : 0;
}

int qmon__store_replace_damaged(struct qmon_store *store) {
    char why[128];
    int r = 0, lock;

    if (store->directory[0] == '\0')
        return -EUCLEAN; /* in memory: there is nothing better to be had */
    snprintf(why, sizeof why, "%s", sqlite3_errstr(sqlite3_errcode(store->db) & 0xff));
    lock = qmon__lock(store->directory, true);
    if (lock < 0)
        return say(store, lock);
    if (qmon__database_is_gone(store)) { /* another process was here first */
        qmon__database_disconnect(store);
        r = make_or_mend(store);
    } else {
        qmon__database_disconnect(store);
        r = begin_anew(store, why);
    }
    qmon__unlock(lock);
    return r < 0 ? r : 0;
}

/* Keeps what store->problem says. */
static int go_on_in_memory(struct qmon_store *store) {
    qmon__database_disconnect(store);
    store->directory[0] = '\0';
    return connect_in_memory(store) < 0 ? -ENOMEM : 0;
}

struct qmon_store *qmon_store_open(const char *directory, const char **ret_problem) {
    struct qmon_store *store = calloc(1, sizeof *store);
    char real[PATH_MAX];
    int r = 0;

    if (store == NULL)
        return NULL;
    if (directory != NULL) {
        const char *path = realpath(directory, real) != NULL ? real : directory;
        snprintf(store->directory, sizeof store->directory, "%s", path);
        r = path[0] == '/' ? qmon__store_connect(store) : say(store, -EINVAL);
    }
    if ((directory == NULL || r < 0) && go_on_in_memory(store) < 0) {
        qmon_store_close(store);
        return NULL;
    }
    if (ret_problem != NULL)
        *ret_problem = store->problem[0] != '\0' ? store->problem : NULL;
    return store;
}

int qmon_store_degrade(struct qmon_store *store) {
    return go_on_in_memory(store);
}

void qmon_store_close(struct qmon_store *store) {
    if (store == NULL)
        return;
    qmon__database_disconnect(store);
    free(store);
}

bool qmon_store_is_durable(const struct qmon_store *store) {
    return store->directory[0] != '\0';
}

const char *qmon_store_problem(const struct qmon_store *store) {
    return store->problem;
}

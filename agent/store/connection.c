#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "database.h"

void qmon__database_allow_ms(struct qmon_store *store, uint64_t busy_ms) {
    store->busy_until_ms = qmon_monotonic_ms() + busy_ms;
}

/* Somebody else has the lock, for some tens of microseconds normally: sleeps from 100 us to 3.2 ms, each process its own
 * length so that they do not march in step. */
static int wait_for_lock(void *context, int tries) {
    const struct qmon_store *store = context;
    long length_ns = 100000L << (tries < 5 ? tries : 5);
    const uint64_t now_ns = qmon_clock_ns(CLOCK_MONOTONIC);

    if (now_ns / 1000000u >= store->busy_until_ms)
        return 0;
    nanosleep(&(struct timespec){.tv_nsec = length_ns / 2 + (long) (now_ns % (uint64_t) length_ns)}, NULL);
    return 1;
}

static int after_commit(void *context, sqlite3 *db, const char *name, int pages) {
    struct qmon_store *store = context;

    store->wal_pages = pages;
    if (pages >= (store->many ? QMON__WAL_PAGES_MANY : QMON__WAL_PAGES_MAX))
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

static int change_owner(int fd, uid_t user, gid_t group) {
    struct stat status;

    if (fstat(fd, &status) == 0 && status.st_uid == user && status.st_gid == group)
        return 0;
    return fchown(fd, user, group);
}

void qmon_store_keep_owners(void) {
    sqlite3_vfs *files = sqlite3_vfs_find(NULL);

    if (files != NULL && files->iVersion >= 3)
        files->xSetSystemCall(files, "fchown", (sqlite3_syscall_ptr) change_owner);
}

int qmon__database_open(struct qmon_store *store) {
    char path[QMON__PATH_BYTES + 16] = ":memory:";
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int r;

    if (store->directory[0] != '\0') {
        snprintf(path, sizeof path, "%s/store.db", store->directory);
        flags |= SQLITE_OPEN_NOFOLLOW; /* a link could lead root into a file that is none of ours */
    } else {
        flags |= SQLITE_OPEN_CREATE;
    }
    if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK) {
        r = store->db == NULL ? -ENOMEM : qmon__database_error(store);
        qmon__database_disconnect(store);
        return r;
    }
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_handler(store->db, wait_for_lock, store);
    qmon__database_allow_ms(store, QMON__BUSY_MS);
    return 0;
}

static int configure(struct qmon_store *store) {
    bool in_memory = store->directory[0] == '\0';
    char pragmas[256];

    snprintf(pragmas, sizeof pragmas,
             "PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
             "PRAGMA journal_size_limit = %u; PRAGMA max_page_count = %u",
             QMON__WAL_PAGES_MAX * QMON__PAGE_BYTES,
             (in_memory ? QMON__MEMORY_BYTES_MAX : QMON__STORE_BYTES_MAX) / QMON__PAGE_BYTES);
    sqlite3_wal_hook(store->db, after_commit, store);
    sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, QMON__JSON_BYTES_MAX + 4096);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite3_exec(store->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return qmon__database_error(store);
    return 0;
}

int qmon__database_connect(struct qmon_store *store) {
    int r = qmon__database_open(store);

    if (r == 0)
        r = configure(store);
    if (r < 0)
        qmon__database_disconnect(store);
    return r;
}

void qmon__database_expect_many(struct qmon_store *store) {
    char pragmas[96];

    if (store->many)
        return;
    store->many = true;
    snprintf(pragmas, sizeof pragmas, "PRAGMA cache_size = -16384; PRAGMA journal_size_limit = %u",
             QMON__WAL_PAGES_MANY * QMON__PAGE_BYTES);
    sqlite3_exec(store->db, pragmas, NULL, NULL, NULL);
}

void qmon__database_disconnect(struct qmon_store *store) {
    for (int i = 0; i < QMON__STATEMENT_COUNT; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    sqlite3_close_v2(store->db);
    store->db = NULL;
    store->wal_pages = 0;
    store->many = false;
    qmon__tails_forget(store);
}

bool qmon__database_is_gone(struct qmon_store *store) {
    int moved = 0;

    if (store->db == NULL || store->directory[0] == '\0')
        return false;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}

static int from_system(int system_errno, int otherwise) {
    switch (system_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return -ENOSPC;
    case EROFS:
    case EACCES:
    case EPERM:
    case ENOENT:
    case ENOTDIR:
    case EMFILE:
    case ENFILE:
    case ELOOP:
        return -system_errno;
    default:
        return otherwise;
    }
}

static int from_code(int extended, int system_errno) {
    switch (extended) {
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
        return -EUCLEAN;
    case SQLITE_IOERR_SHMMAP:
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMLOCK:
    case SQLITE_IOERR_SHMSIZE:
        return from_system(system_errno, 0) == -ENOSPC ? -ENOSPC : -EOPNOTSUPP;
    case SQLITE_IOERR_NOMEM:
        return -ENOMEM;
    case SQLITE_CANTOPEN_SYMLINK:
        return -ELOOP;
    default:
        break;
    }
    switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return -EBUSY;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return from_system(system_errno, -EROFS);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_TOOBIG:
        return -E2BIG;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    default:
        return from_system(system_errno, -EIO);
    }
}

/* The connection's own account is lost for the log's writes; the files remember. */
static int errno_of_files(sqlite3 *db) {
    sqlite3_file *log = NULL;
    int system_errno = 0;

    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log != NULL && log->pMethods != NULL)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &system_errno);
    if (system_errno == 0)
        sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &system_errno);
    return system_errno;
}

int qmon__database_error(struct qmon_store *store) {
    int extended = sqlite3_extended_errcode(store->db);
    int system_errno = extended == SQLITE_IOERR_WRITE ? errno_of_files(store->db) : sqlite3_system_errno(store->db);
    bool foreign =
        extended == SQLITE_ERROR && strncmp(sqlite3_errmsg(store->db), "no such", 7) == 0; /* table, column */
    int r = foreign ? -EUCLEAN : from_code(extended, system_errno);
    const char *where = store->directory[0] != '\0' ? store->directory : "the store in memory";

    snprintf(store->problem, sizeof store->problem, "%.300s%s: %s%s%s", where,
             store->directory[0] != '\0' ? "/store.db" : "", sqlite3_errmsg(store->db), system_errno != 0 ? ": " : "",
             system_errno != 0 ? strerror(system_errno) : "");
    return r;
}

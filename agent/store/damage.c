/*
 * damage.c: a database that SQLite cannot read. It is kept for who wants to look at it, and what is readable goes over into
 * the new one: above all the alerts that still wait, and what would otherwise be told twice.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "database.h"

#define DAMAGED_KEPT 2
#define SALVAGE_MS 500u

static const char prefix[] = "store.db.damaged-";

static int is_damaged_copy(const struct dirent *entry) {
    return strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0 &&
           strchr(entry->d_name + sizeof prefix - 1, '-') == NULL;
}

static void remove_file(const char *directory, const char *name, const char *suffix) {
    char path[QMON__PATH_BYTES + 300];

    snprintf(path, sizeof path, "%s/%s%s", directory, name, suffix);
    unlink(path);
}

static void drop_older_copies(const char *directory) {
    struct dirent **entries;
    int count = scandir(directory, &entries, is_damaged_copy, alphasort); /* the names sort by time */

    for (int i = 0; i < count; i++) {
        if (i < count - DAMAGED_KEPT) {
            remove_file(directory, entries[i]->d_name, "");
            remove_file(directory, entries[i]->d_name, "-wal");
            remove_file(directory, entries[i]->d_name, "-shm");
            remove_file(directory, entries[i]->d_name, "-journal");
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static int move(const char *directory, const char *suffix, const char *aside) {
    char from[QMON__PATH_BYTES + 32], to[QMON__PATH_BYTES + 16];

    snprintf(from, sizeof from, "%s/store.db%s", directory, suffix);
    snprintf(to, sizeof to, "%s%s", aside, suffix);
    return rename(from, to) < 0 && errno != ENOENT ? -errno : 0;
}

int qmon__damage_set_aside(struct qmon_store *store, char ret_path[QMON__PATH_BYTES]) {
    uint64_t now_ms = qmon_real_ms();
    time_t now = (time_t) (now_ms / 1000);
    struct tm parts;
    char stamp[32];
    int r;

    gmtime_r(&now, &parts);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &parts);
    if (snprintf(ret_path, QMON__PATH_BYTES, "%s/%s%s.%03uZ", store->directory, prefix, stamp,
                 (unsigned) (now_ms % 1000)) >= QMON__PATH_BYTES - 16)
        return -ENAMETOOLONG;
    r = move(store->directory, "", ret_path);
    if (r == 0)
        r = move(store->directory, "-wal", ret_path);
    if (r == 0)
        r = move(store->directory, "-journal", ret_path);
    remove_file(store->directory, "store.db-shm", "");
    drop_older_copies(store->directory);
    return r;
}

/* Row by row, so that a bad page costs the rows behind it and not the table. */
static uint64_t copy_rows(sqlite3 *damaged, const char *from, sqlite3 *db, const char *into, uint64_t until_ms) {
    sqlite3_stmt *read = NULL, *write = NULL;
    uint64_t rows = 0;

    if (sqlite3_prepare_v2(damaged, from, -1, &read, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, into, -1, &write, NULL) == SQLITE_OK &&
        sqlite3_column_count(read) == sqlite3_bind_parameter_count(write))
        while (qmon_monotonic_ms() < until_ms && sqlite3_step(read) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(read); i++)
                sqlite3_bind_value(write, i + 1, sqlite3_column_value(read, i));
            if (sqlite3_step(write) == SQLITE_DONE)
                rows += (uint64_t) sqlite3_changes(db);
            sqlite3_reset(write);
        }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    return rows;
}

static uint64_t copy_tables(sqlite3 *damaged, sqlite3 *db) {
    static const struct {
        const char *from, *into;
    } tables[] = {
        {"SELECT * FROM once", "INSERT OR IGNORE INTO once VALUES(?, ?)"},
        {"SELECT * FROM windows", "INSERT OR IGNORE INTO windows VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"},
        {"SELECT * FROM windows", "INSERT OR IGNORE INTO windows VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0)"}, /* schema 2 */
        {"SELECT * FROM counters", "INSERT OR IGNORE INTO counters VALUES(?, ?, ?, ?)"},
        {"SELECT * FROM groups", "INSERT OR IGNORE INTO groups VALUES(?, ?, ?, ?, ?)"},
#define OUTBOX_INTO "INSERT OR IGNORE INTO outbox VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define TAILS_INTO "INSERT OR IGNORE INTO tails VALUES(?, ?, ?)"
#define EVENTS_INTO "INSERT OR IGNORE INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define OLDER_EVENTS_INTO "INSERT OR IGNORE INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
        /* From both ends, up to the damage. */
        {"SELECT * FROM outbox ORDER BY row DESC", OUTBOX_INTO},
        {"SELECT * FROM outbox ORDER BY row", OUTBOX_INTO},
        {"SELECT * FROM tails ORDER BY id DESC", TAILS_INTO},
        {"SELECT * FROM tails ORDER BY id", TAILS_INTO},
        {"SELECT * FROM events ORDER BY row DESC", EVENTS_INTO},
        {"SELECT * FROM events ORDER BY row", EVENTS_INTO},
        {"SELECT * FROM events ORDER BY row DESC", OLDER_EVENTS_INTO}, /* schema 1 */
        {"SELECT * FROM events ORDER BY row", OLDER_EVENTS_INTO},
    };
    uint64_t until_ms = qmon_monotonic_ms() + SALVAGE_MS;
    uint64_t rows = 0;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        rows += copy_rows(damaged, tables[i].from, db, tables[i].into, until_ms);
    return rows;
}

uint64_t qmon__damage_salvage(struct qmon_store *store, const char *path) {
    static const char recount[] = "UPDATE groups SET events = (SELECT count(*) FROM events WHERE group_id = groups.id)";
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
    sqlite3 *damaged = NULL;
    uint64_t rows = 0;

    if (sqlite3_open_v2(path, &damaged, flags, NULL) == SQLITE_OK) {
        sqlite3_db_config(damaged, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_exec(damaged, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
        sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        rows = copy_tables(damaged, store->db);
        sqlite3_exec(store->db, recount, NULL, NULL, NULL);
        if (sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
            sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
            rows = 0;
        }
    }
    sqlite3_close(damaged);
    return rows;
}

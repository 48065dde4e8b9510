/*
 * A segment whose record nobody has mapped any more is of a process that is dead, or that went on by an exec as a program
 * without the agent. One of those that are dead becomes a file, and is removed then. Only one at a time does that.
 */
#include "segments.h"
#include "deadly.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/paths.h>
#include <qmon/record.h>

#include "moment.h"
#include "procfs.h"

#define MOST_SEGMENTS 32768
#define BLANK_LIFE_S 60 /* its process died between making and using it */

static bool may_make_files(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur >= QMON_RECORD_BYTES;
}

/* Others make segments of that size, too. */
static bool has_our_key(const struct qmon_record *record, key_t key, const char *state_dir) {
    const struct qmon_record_process *process = &record->process;
    for (unsigned attempt = 0; attempt < QMON_SEGMENT_ATTEMPTS; attempt++)
        if (key == qmon_segment_key(state_dir, process->pid_namespace, process->pid, attempt))
            return true;
    return false;
}

static bool may_live(const struct qmon_record *record) {
    const uint32_t state = atomic_load(&record->header.state);
    if (state != QMON_STATE_EXEC)
        return false;
    return record->process.pid_namespace != qmon__proc_namespace(0, "pid") || !qmon__proc_is_ours() ||
           kill((pid_t) record->process.pid, 0) == 0 || errno != ESRCH;
}

/* Root sees to everybody's, and would have the file: it says who made the segment, whatever that one says. */
static bool write_file(int directory, const char *name, const struct qmon_record *record, uint32_t maker) {
    const uint32_t uid = maker != 0 ? maker : record->process.uid;
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool written = ftruncate(fd, QMON_RECORD_BYTES) == 0 &&
                   write(fd, record, sizeof *record) == (ssize_t) sizeof *record &&
                   pwrite(fd, &uid, sizeof uid, offsetof(struct qmon_record, process.uid)) == (ssize_t) sizeof uid;
    close(fd);
    if (!written)
        unlinkat(directory, name, 0);
    return written;
}

static bool keep(int directory, const struct qmon_record *record, uint32_t maker) {
    const struct qmon_record_process *process = &record->process;
    char name[64], aside[96];
    snprintf(name, sizeof name, "%08llx-%u", (unsigned long long) (process->pid_namespace & 0xffffffffu), process->pid);
    snprintf(aside, sizeof aside, "%s.%llu", name, (unsigned long long) process->created_boot_ns);
    return write_file(directory, name, record, maker) || write_file(directory, aside, record, maker);
}

static void import(int id, const struct shmid_ds *status, int directory, const char *state_dir) {
    const struct qmon_record *record = shmat(id, NULL, SHM_RDONLY);
    bool over = false;
    if (record == (void *) -1)
        return;
    if (record->header.magic == QMON_RECORD_MAGIC && has_our_key(record, status->shm_perm.__key, state_dir)) {
        if (atomic_load(&record->header.state) == QMON_STATE_DONE || record->process.pid == 0)
            over = true;
        else
            over = !may_live(record) && keep(directory, record, status->shm_perm.cuid);
    }
    shmdt(record);
    if (over)
        shmctl(id, IPC_RMID, NULL);
}

static bool is_left(const struct shmid_ds *status) {
    return status->shm_segsz == QMON_RECORD_BYTES && status->shm_nattch == 0 &&
           (geteuid() == 0 || status->shm_perm.cuid == geteuid());
}

static void import_all(int last, int directory, const char *state_dir) {
    struct shmid_ds status;
    for (int i = 0; i <= last && i < MOST_SEGMENTS; i++) {
        int id = shmctl(i, SHM_STAT, &status);
        if (id >= 0 && is_left(&status))
            import(id, &status, directory, state_dir);
    }
}

static int open_directory(const char *state_dir) {
    char path[QMON_RECORD_DIRECTORY_BYTES];
    struct stat status;
    qmon_record_directory_shm((uint32_t) geteuid(), state_dir, path, sizeof path);
    mkdir(path, 0700);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_uid == geteuid())
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void try_segments(void) {
    struct shmid_ds status;
    shmctl(-1, IPC_STAT, &status);
}

void qmon__segments_import(const char *state_dir) {
    struct shm_info info;
    if (qmon__is_deadly(try_segments))
        return;
    int last = shmctl(0, SHM_INFO, (struct shmid_ds *) (void *) &info);
    if (last < 0 || info.used_ids == 0 || !may_make_files())
        return;
    int directory = open_directory(state_dir);
    if (directory >= 0 && flock(directory, LOCK_EX | LOCK_NB) == 0)
        import_all(last, directory, state_dir);
    if (directory >= 0)
        close(directory);
}

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bound.h"
#include "record_file.h"

static const struct {
    unsigned section;
    size_t offset, bytes;
} sections_of_record[] = {
    {QMON__LOAD_HEAD, 0, offsetof(struct qmon_record, crash)},
    {QMON__LOAD_CRASH, offsetof(struct qmon_record, crash), sizeof(struct qmon_record_crash)},
    {QMON__LOAD_MODULES, offsetof(struct qmon_record, modules), sizeof(struct qmon_record_modules)},
    {QMON__LOAD_CRUMBS, offsetof(struct qmon_record, crumbs), sizeof(struct qmon_record_crumbs)},
    {QMON__LOAD_RING, offsetof(struct qmon_record, ring), offsetof(struct qmon_record_ring, slots)},
    {QMON__LOAD_CRASH, offsetof(struct qmon_record, thrown), sizeof(struct qmon_record_thrown)},
    {QMON__LOAD_THREADS, offsetof(struct qmon_record, threads), sizeof(struct qmon_record_threads)},
};

struct qmon_record *qmon__blank_record(void) {
    void *memory = mmap(NULL, QMON_RECORD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

void qmon__free_record(struct qmon_record *record) {
    if (record != NULL)
        munmap(record, QMON_RECORD_BYTES);
}

/* Takes over `fd` (closed on failure). */
static int record_begin(struct qmon__record_file *ret_file, int fd, bool writable) {
    struct stat status;
    if (fstat(fd, &status) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    if (!S_ISREG(status.st_mode)) {
        close(fd);
        return -EINVAL;
    }
    struct qmon_record *copy = qmon__blank_record();
    if (copy == NULL) {
        close(fd);
        return -ENOMEM;
    }
    *ret_file = (struct qmon__record_file){
        .fd = fd,
        .directory = -1,
        .device = status.st_dev,
        .inode = status.st_ino,
        .owner = status.st_uid,
        .writable = writable,
        .copy = copy,
    };
    return 0;
}

static bool same_file(const struct qmon__record_file *file, const struct stat *status) {
    return S_ISREG(status->st_mode) && status->st_dev == file->device && status->st_ino == file->inode;
}

/* Finds the directory and the name in it that `path` says, if they are this file's. */
static void record_find_name(struct qmon__record_file *file, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path || strlen(slash + 1) > NAME_MAX || strlen(path) >= PATH_MAX)
        return;
    char parent[PATH_MAX];
    memcpy(parent, path, (size_t) (slash - path));
    parent[slash - path] = '\0';
    int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    struct stat status;
    if (fstatat(directory, slash + 1, &status, AT_SYMLINK_NOFOLLOW) == 0 && same_file(file, &status)) {
        file->directory = directory;
        strcpy(file->name, slash + 1);
    } else {
        close(directory);
    }
}

int qmon__record_adopt(struct qmon__record_file *ret_file, int fd, const char *path) {
    char own[40];
    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    bool writable = true;
    int opened = open(own, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) {
        writable = false;
        opened = open(own, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (opened < 0) { /* no /proc, or not ours to open: share what we were given */
        writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
        opened = fcntl(fd, F_DUPFD_CLOEXEC, 4);
        if (opened < 0)
            return -errno;
    }
    int error = record_begin(ret_file, opened, writable);
    if (error == 0 && path != NULL && path[0] != '\0')
        record_find_name(ret_file, path);
    return error;
}

int qmon__record_open_at(struct qmon__record_file *ret_file, int directory, const char *name) {
    if (strlen(name) > NAME_MAX)
        return -ENAMETOOLONG;
    bool writable = true;
    int fd = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM)) {
        writable = false;
        fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    }
    if (fd < 0)
        return -errno;
    struct qmon__record_file file;
    int error = record_begin(&file, fd, writable);
    if (error < 0)
        return error;
    file.directory = fcntl(directory, F_DUPFD_CLOEXEC, 4);
    if (file.directory >= 0)
        strcpy(file.name, name);
    *ret_file = file;
    return 0;
}

void qmon__record_close(struct qmon__record_file *file) {
    if (file->copy == NULL)
        return;
    qmon__free_record(file->copy);
    close(file->fd);
    if (file->directory >= 0)
        close(file->directory);
    *file = (struct qmon__record_file){.fd = -1, .directory = -1};
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* The pages are had at once, which saves a fault for each. Where the kernel cannot, they come one by one. */
static void make_pages(char *from, size_t bytes) {
    const uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE), start = (uintptr_t) from / page * page;
    if (bytes > page)
        madvise((void *) start, (uintptr_t) from + bytes - start, MADV_POPULATE_WRITE);
}

/* Reads exactly `bytes`, or says what kept it from that. */
static int record_read(struct qmon__record_file *file, size_t offset, size_t bytes) {
    char *at = (char *) file->copy + offset;
    make_pages(at, bytes);
    for (size_t got = 0; got < bytes;) {
        ssize_t count = pread(file->fd, at + got, bytes - got, (off_t) (offset + got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0) {
            memset(at + got, 0, bytes - got);
            snprintf(file->problem, sizeof file->problem, "it ends after %zu bytes, in the middle", offset + got);
            return -EBADMSG;
        }
        got += (size_t) count;
    }
    return 0;
}

/* Nobody but root tells of another user's process. A copy that a receiver has been given is that of its host, whoever that is now. */
static void correct_user(struct qmon__record_file *file) {
    if (file->owner != 0 && file->directory >= 0)
        file->copy->process.uid = file->owner;
}

int qmon__record_load(struct qmon__record_file *file, unsigned sections, bool again) {
    unsigned wanted = again ? sections : sections & ~file->loaded;
    for (size_t i = 0; i < sizeof sections_of_record / sizeof sections_of_record[0]; i++) {
        if (!(wanted & sections_of_record[i].section))
            continue;
        file->loaded &= ~sections_of_record[i].section;
        int error = record_read(file, sections_of_record[i].offset, sections_of_record[i].bytes);
        if (error < 0)
            return error;
        if (sections_of_record[i].section == QMON__LOAD_HEAD) {
            const char *problem = qmon__record_header_problem(&file->copy->header);
            if (problem != NULL) {
                snprintf(file->problem, sizeof file->problem, "%s", problem);
                return -EBADMSG;
            }
        }
        qmon__record_sanitize(file->copy, sections_of_record[i].section);
        if (sections_of_record[i].section == QMON__LOAD_HEAD)
            correct_user(file);
        file->loaded |= sections_of_record[i].section;
    }
    return 0;
}

/* A store through a mapping is no write: no limit applies to it, and no filter sees it. A host that takes its file away at this
 * moment ends us by SIGBUS, which only those of us risk who are bound by what they have from their host. */
static int write_through_mapping(struct qmon__record_file *file, size_t offset, const void *bytes, size_t count) {
    const size_t page = (size_t) sysconf(_SC_PAGESIZE), start = offset / page * page;
    struct stat status;
    if (fstat(file->fd, &status) < 0 || status.st_size < QMON_RECORD_BYTES)
        return -EIO;
    char *at = mmap(NULL, offset - start + count, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, (off_t) start);
    if (at == MAP_FAILED)
        return -errno;
    memcpy(at + (offset - start), bytes, count);
    munmap(at, offset - start + count);
    return 0;
}

int qmon__record_write(struct qmon__record_file *file, size_t offset, const void *bytes, size_t count) {
    if (!file->writable)
        return -EROFS;
    ssize_t written;
    do
        written = pwrite(file->fd, bytes, count, (off_t) offset);
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t) count)
        return 0;
    const int error = written < 0 ? -errno : -EIO;
    return qmon__is_bound() ? write_through_mapping(file, offset, bytes, count) : error;
}

int qmon__record_set_state(struct qmon__record_file *file, uint32_t state) {
    int error = qmon__record_write(file, offsetof(struct qmon_record, header.state), &state, sizeof state);
    if (error == 0)
        atomic_store(&file->copy->header.state, state);
    return error;
}

int qmon__record_announce(struct qmon__record_file *file, uint32_t bits) {
    uint32_t all = atomic_load(&file->copy->process.announced) | bits;
    atomic_store(&file->copy->process.announced, all);
    return qmon__record_write(file, offsetof(struct qmon_record, process.announced), &all, sizeof all);
}

bool qmon__record_has_name(const struct qmon__record_file *file) {
    struct stat status;
    return file->directory >= 0 && fstatat(file->directory, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           same_file(file, &status);
}

void qmon__record_remove(struct qmon__record_file *file) {
    if (qmon__record_has_name(file))
        unlinkat(file->directory, file->name, 0);
}

int qmon__record_set_aside(struct qmon__record_file *file) {
    if (!qmon__record_has_name(file))
        return -ENOENT;
    for (unsigned i = 1; i <= 9; i++) {
        char aside[NAME_MAX + 16];
        if (i == 1)
            snprintf(aside, sizeof aside, "%s.damaged", file->name);
        else
            snprintf(aside, sizeof aside, "%s.damaged-%u", file->name, i);
        if (renameat2(file->directory, file->name, file->directory, aside, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    /* Nine of this name are kept already: enough to look at. */
    return unlinkat(file->directory, file->name, 0) < 0 ? -errno : 0;
}

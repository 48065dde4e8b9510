/*
 * append.c: lines appended to a file that others append to as well.
 *
 * The file is opened for each line, so that rotation by renaming is followed; it is locked (flock) while a line is written,
 * because several processes of this host write to it. A line is one write(). Where the disk ends in its middle, the part
 * that was written is taken back; a part that somebody left behind (a machine that lost power) is ended, so that the next line
 * stands alone. After an earlier attempt the file's tail is searched for the event, which may have been written by a process
 * that did not live to say so. Only regular files are written to: a pipe or a terminal could block for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qmon/quiet.h>

#include "append.h"

#define TAIL_BYTES (4 * 1024 * 1024) /* searched after an earlier attempt */
#define LOCK_STEP_MS 5u
#define REOPENS 8

static const char *class_of(int error) {
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return "disk-full";
    case EACCES:
    case EPERM:
    case EROFS:
        return "no-permission";
    case EWOULDBLOCK:
        return "locked";
    case ENOTSUP:
        return "not-a-file";
    default:
        return "file";
    }
}

static void explain(int error, const char *path, char *reason, size_t bytes) {
    const char *words = error == EWOULDBLOCK ? "somebody holds the file's lock"
                        : error == ENOTSUP   ? "not a regular file"
                                             : strerrordesc_np(error);

    snprintf(reason, bytes, "%s: %.150s: %s", class_of(error), path, words ? words : "unknown error");
}

/* Readable too where that is allowed: the tail is looked at. */
static int open_regular(const char *path, struct stat *ret_status) {
    const int flags = O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

    if (stat(path, ret_status) == 0 && !S_ISREG(ret_status->st_mode))
        return -ENOTSUP;
    int fd = open(path, O_RDWR | flags, 0600);
    if (fd < 0 && errno == EACCES)
        fd = open(path, O_WRONLY | flags, 0600);
    if (fd < 0)
        return -errno;
    if (fstat(fd, ret_status) == 0 && S_ISREG(ret_status->st_mode))
        return fd;
    close(fd);
    return -ENOTSUP;
}

static int lock(int fd, uint64_t timeout_ms) {
    const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000};

    for (uint64_t waited_ms = 0;; waited_ms += LOCK_STEP_MS) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS)
            return 0; /* a file system without locks: O_APPEND alone keeps lines apart */
        if ((errno != EWOULDBLOCK && errno != EINTR) || waited_ms >= timeout_ms)
            return -errno;
        nanosleep(&step, NULL);
    }
}

/* Opens and locks the file that has this name now: it may be rotated away between the two. */
static int open_locked(const char *path, uint64_t timeout_ms, struct stat *ret_status) {
    for (int i = 0; i < REOPENS; i++) {
        struct stat now;
        int fd = open_regular(path, ret_status);
        if (fd < 0)
            return fd;
        int r = lock(fd, timeout_ms);
        bool same = r == 0 && fstat(fd, ret_status) == 0 && stat(path, &now) == 0 && now.st_ino == ret_status->st_ino &&
                    now.st_dev == ret_status->st_dev;
        if (same)
            return fd;
        close(fd);
        if (r < 0)
            return r;
    }
    return -EAGAIN;
}

static bool ends_in_mid_line(int fd, off_t size) {
    char last = '\n';

    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* A broken line at the end does not count. */
static bool holds(int fd, off_t size, const char *mark) {
    size_t bytes = size > TAIL_BYTES ? TAIL_BYTES : (size_t) size;
    char *tail = bytes > 0 ? malloc(bytes) : NULL;

    if (!tail)
        return false;
    ssize_t got = pread(fd, tail, bytes, size - (off_t) bytes);
    const char *newline = got > 0 ? memrchr(tail, '\n', (size_t) got) : NULL;
    bool found = newline && memmem(tail, (size_t) (newline - tail), mark, strlen(mark)) != NULL;
    free(tail);
    return found;
}

static int write_whole(int fd, const char *bytes, size_t count, size_t *ret_written) {
    size_t written = 0;
    int r = 0;

    while (written < count && r == 0) {
        ssize_t n = write(fd, bytes + written, count - written);
        if (n > 0)
            written += (size_t) n;
        else if (n == 0 || errno != EINTR)
            r = n == 0 ? -EIO : -errno;
    }
    *ret_written = written;
    return r;
}

/* Takes back what a failed write left, unless somebody wrote behind it (where locks do not work); then it stays, and the next
 * writer ends it. */
static void take_back(int fd, off_t size, size_t written) {
    struct stat now;

    if (written > 0 && fstat(fd, &now) == 0 && now.st_size == size + (off_t) written && ftruncate(fd, size) < 0)
        return;
}

static int append_line(int fd, off_t size, const struct qmon__append *what) {
    const char *first = size == 0 && what->first_line ? what->first_line : "";
    size_t first_bytes = strlen(first), bytes = strlen(what->line), used = 0, written = 0;
    char *text = malloc(first_bytes + bytes + 3);
    struct qmon__quiet quiet;

    if (!text)
        return -ENOMEM;
    if (ends_in_mid_line(fd, size) || first_bytes) {
        memcpy(text, first, first_bytes);
        used = first_bytes;
        text[used++] = '\n';
    }
    memcpy(text + used, what->line, bytes);
    used += bytes;
    text[used++] = '\n';
    qmon__quiet_begin(&quiet, SIGXFSZ); /* a limit on file sizes, inherited */
    int r = write_whole(fd, text, used, &written);
    qmon__quiet_end(&quiet);
    free(text);
    if (r < 0)
        take_back(fd, size, written);
    return r;
}

void qmon__append(const struct qmon__append *what, struct qmon_delivery *ret_delivery) {
    struct stat status;
    int fd = open_locked(what->path, what->timeout_ms, &status), r = fd;

    *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
    if (fd >= 0) {
        bool there = what->mark && holds(fd, status.st_size, what->mark);
        r = there ? 0 : append_line(fd, status.st_size, what);
        close(fd); /* and with it the lock */
    }
    if (r >= 0)
        return;
    ret_delivery->verdict = QMON_DELIVERY_RETRY;
    ret_delivery->sink_down = true;
    ret_delivery->misconfigured = r != -ENOSPC && r != -EDQUOT && r != -EWOULDBLOCK && r != -EAGAIN && r != -ENOMEM &&
                                  r != -EROFS; /* perhaps to this process alone, which a sandbox shows it so */
    ret_delivery->unreachable = r == -EROFS || r == -EACCES || r == -EPERM;
    explain(-r, what->path, ret_delivery->reason, sizeof ret_delivery->reason);
}

bool qmon__append_check(const char *path, uint64_t timeout_ms, char *reason, size_t reason_bytes) {
    struct stat status;
    int fd = open_locked(path, timeout_ms, &status);

    if (fd < 0) {
        explain(-fd, path, reason, reason_bytes);
        return false;
    }
    close(fd);
    snprintf(reason, reason_bytes, "%.200s can be written to", path);
    return true;
}

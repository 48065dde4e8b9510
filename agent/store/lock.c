#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "database.h"

static int open_lock(const char *directory) {
    char path[QMON__PATH_BYTES + 16];
    int fd;

    snprintf(path, sizeof path, "%s/store.lock", directory);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == ENOENT && mkdir(directory, 0700) == 0) /* it has vanished: begin again */
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

int qmon__lock(const char *directory, bool exclusive) {
    uint64_t until_ms = qmon_monotonic_ms() + QMON__BUSY_MS;
    int fd = open_lock(directory);

    if (fd < 0)
        return fd;
    while (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0) {
        int r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        if (r != -EINTR && (r != -EBUSY || qmon_monotonic_ms() >= until_ms)) {
            close(fd);
            return r;
        }
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    return fd;
}

void qmon__unlock(int fd) {
    if (fd >= 0)
        close(fd);
}

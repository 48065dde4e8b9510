/*
 * OFD locks on single bytes of a record. They belong to our open file description, go when we die however we die, and pass
 * through fork to the child that goes on with the work.
 */
#include <errno.h>
#include <fcntl.h>

#include "moment.h"
#include "record_file.h"

static int record_fcntl(int fd, int command, short type, off_t byte, struct flock *ret_lock) {
    *ret_lock = (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    for (;;) {
        if (fcntl(fd, command, ret_lock) == 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int qmon__record_try_lock(struct qmon__record_file *file, off_t byte) {
    struct flock lock;
    int error = record_fcntl(file->fd, F_OFD_SETLK, file->writable ? F_WRLCK : F_RDLCK, byte, &lock);
    if (error == -EAGAIN || error == -EACCES)
        return -EAGAIN;
    return 0;
}

int qmon__record_lock_until(struct qmon__record_file *file, off_t byte, uint64_t deadline_monotonic_ms) {
    /* Polled: a blocking F_OFD_SETLKW can only be ended by a signal, and ours are ignored or deadly. */
    for (unsigned pause_us = 200;; pause_us = pause_us < 5000 ? pause_us * 2 : pause_us) {
        if (qmon__record_try_lock(file, byte) == 0)
            return 0;
        if (qmon_monotonic_ms() >= deadline_monotonic_ms)
            return -ETIMEDOUT;
        qmon__pause_us(pause_us);
    }
}

void qmon__record_unlock(struct qmon__record_file *file, off_t byte) {
    struct flock lock;
    record_fcntl(file->fd, F_OFD_SETLK, F_UNLCK, byte, &lock);
}

bool qmon__record_is_locked(const struct qmon__record_file *file, off_t byte) {
    struct flock lock;
    return record_fcntl(file->fd, F_OFD_GETLK, F_WRLCK, byte, &lock) == 0 && lock.l_type != F_UNLCK;
}

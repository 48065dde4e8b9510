/*
 * The rule above all: a live process is never taken for a dead one. Where nothing can be known, nothing is done.
 *
 * Our own pid namespace. The number exists and its process started no later than the record was made (plus a clock tick):
 * it is the owner, alive, also when it has exec'ed a program without the agent. A zombie has given its memory back and counts
 * as dead, but a process whose main thread alone has ended looks like one: its other threads are counted. A number
 * that is free means dead. A number that started later means that it was used again; as start times are read through the
 * reader's time namespace, a process in another one, or a held lock, makes that unsure.
 *
 * Another pid namespace. The number means nothing here. The owner's flock() through its mapping does: held is alive,
 * and free is dead where the file system keeps such locks as long as the mapping (tmpfs, ext4, xfs, btrfs, f2fs). It is not
 * dead after an exec, which drops the mapping: state EXEC needs better evidence. overlayfs drops the lock when the
 * descriptor is closed and says nothing. The better evidence is /proc: whoever sees the whole of the namespaces below
 * its own can tell that there is no such namespace any more.
 *
 * Another boot. Dead with its machine, if the file cannot have come from another machine over a network.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "live.h"
#include "procfs.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#define ZFS_MAGIC 0x2fc12fc1

static enum qmon__life judge_here(const struct qmon__life_signs *signs) {
    if (!signs->exists)
        return QMON__LIFE_DEAD;
    if (!signs->started_known) /* hidden from us: only the lock is left */
        return signs->lock_held || !signs->lock_speaks || !signs->mapping_needed ? QMON__LIFE_UNKNOWN : QMON__LIFE_DEAD;
    if (signs->started_before)
        return signs->ended ? QMON__LIFE_DEAD : QMON__LIFE_ALIVE;
    if (signs->lock_held || !signs->same_time_namespace)
        return QMON__LIFE_UNKNOWN;
    return QMON__LIFE_DEAD;
}

enum qmon__life qmon__judge_life(const struct qmon__life_signs *signs) {
    if (!signs->same_boot)
        return signs->lock_held || !signs->local_disk ? QMON__LIFE_UNKNOWN : QMON__LIFE_DEAD_BOOT;
    if (signs->same_namespace)
        return judge_here(signs);
    if (signs->lock_held)
        return QMON__LIFE_ALIVE;
    if (signs->lock_speaks && signs->mapping_needed)
        return QMON__LIFE_DEAD;
    switch (signs->elsewhere) {
    case QMON__ELSEWHERE_ALIVE:
        return QMON__LIFE_ALIVE;
    case QMON__ELSEWHERE_GONE:
        return QMON__LIFE_DEAD;
    default:
        return QMON__LIFE_UNKNOWN;
    }
}

/* The lock is tried on an open file description of its own, which goes at once: ours may be shared with a child. */
static bool lock_is_held(const struct qmon__record_file *file) {
    char own[40];
    snprintf(own, sizeof own, "/proc/self/fd/%d", file->fd);
    int fd = open(own, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return true; /* nobody can say it is free */
    bool held = flock(fd, LOCK_EX | LOCK_NB) < 0;
    close(fd);
    return held;
}

static void look_at_file_system(const struct qmon__record_file *file, struct qmon__life_signs *signs) {
    struct statfs status;
    if (fstatfs(file->fd, &status) < 0)
        return;
    switch ((unsigned long) status.f_type) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
        signs->lock_speaks = true;
        signs->local_disk = true;
        break;
    case OVERLAYFS_SUPER_MAGIC:
    case ZFS_MAGIC:
        signs->local_disk = true;
        break;
    default: /* NFS, CIFS, 9p, FUSE, ...: maybe another machine's */
        break;
    }
}

static void look_at_process(const struct qmon_record_process *process, struct qmon__life_signs *signs) {
    signs->exists = kill((pid_t) process->pid, 0) == 0 || errno == EPERM;
    if (!signs->exists)
        return;
    struct qmon__proc_stat stat;
    if (qmon__proc_stat(process->pid, &stat) < 0)
        return;
    signs->started_known = true;
    uint64_t tick_ns = qmon__tick_ns();
    signs->started_before = stat.start_ticks <= process->created_boot_ns / tick_ns + 1;
    signs->ended = stat.state == 'X' || (stat.state == 'Z' && stat.threads <= 1);
    uint64_t own = qmon__proc_namespace(0, "time");
    uint64_t theirs = qmon__proc_namespace(process->pid, "time");
    signs->same_time_namespace = own == theirs || theirs == 0;
}

enum qmon__life qmon__life_of(struct qmon__record_file *file) {
    if (qmon__record_load(file, QMON__LOAD_HEAD, false) < 0)
        return QMON__LIFE_UNKNOWN;
    const struct qmon_record_process *process = &file->copy->process;
    if (process->pid == 0 || process->pid > INT32_MAX)
        return QMON__LIFE_UNKNOWN;

    struct qmon__life_signs signs = {0};
    const char *boot = qmon__boot_id();
    signs.same_boot = process->boot_id[0] == '\0' || boot[0] == '\0' || strcmp(process->boot_id, boot) == 0;
    signs.same_namespace =
        process->pid_namespace != 0 && qmon__proc_is_ours() && process->pid_namespace == qmon__proc_namespace(0, "pid");
    signs.mapping_needed =
        atomic_load(&file->copy->header.state) != QMON_STATE_EXEC && !(process->flags & QMON_PROCESS_UNSTARTED);
    look_at_file_system(file, &signs);
    if (signs.same_boot && signs.same_namespace)
        look_at_process(process, &signs);
    /* A live owner's word needs no lock; the lock is asked only where it can decide. */
    if (signs.same_boot && signs.same_namespace && (!signs.exists || (signs.started_known && signs.started_before)))
        return qmon__judge_life(&signs);
    signs.lock_held = lock_is_held(file);
    if (signs.same_boot && !signs.same_namespace && !signs.lock_held && !(signs.lock_speaks && signs.mapping_needed))
        signs.elsewhere = qmon__look_elsewhere(file);
    return qmon__judge_life(&signs);
}

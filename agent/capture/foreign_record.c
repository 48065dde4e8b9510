/*
 * Records of the program's children that these could not make or finish by themselves (record_file.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <qmon/paths.h>

#include "agent.h"
#include "clock.h"
#include "identity.h"
#include "own.h"
#include "record_file.h"

/* A record that its process could not make: written whole, and then given its name. */
struct foreign {
    struct qmon_record_header header;
    struct qmon_record_process process;
};

static void begin_foreign(struct foreign *record, enum qmon_record_state state) {
    memset(record, 0, sizeof *record);
    record->header.magic = QMON_RECORD_MAGIC;
    record->header.version = QMON_RECORD_VERSION;
    record->header.bytes = QMON_RECORD_BYTES;
    atomic_store_explicit(&record->header.state, state, memory_order_relaxed);
}

/* May a record give way to one that the parent makes of the dead child? It is empty, or the child was about to remove it. */
static bool may_give_way(int pid) {
    struct qmon__relative present;
    return !qmon__record_of_process(pid, &present) || present.state == QMON_STATE_EMPTY ||
           present.state == QMON_STATE_STOPPED;
}

/* Does nothing where there is one; `replace`: unless its owner, being dead, can do nothing about it. Returns whether it has been
 * made. */
static bool leave_foreign(const struct foreign *record, bool replace) {
    char path[QMON_RECORD_PATH_BYTES], draft[QMON_RECORD_PATH_BYTES + 16];
    const int pid = (int) record->process.pid;
    if (qmon__agent.namespace_may_differ) /* what has this number here is somebody else */
        return false;
    if (!qmon__record_new_path(pid, path))
        return false;
    const char *end = draft + sizeof draft - 1;
    char *at = qmon__put_text(draft, end, path);
    *qmon__put_text(at, end, ".new") = '\0';
    int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool made = false;
    if (fd < 0)
        return false;
    if (qmon__sys_2(SYS_ftruncate, fd, QMON_RECORD_BYTES) == 0 &&
        qmon__sys_4(SYS_pwrite64, fd, record, sizeof *record, 0) == (long) sizeof *record) {
        if (replace && may_give_way(pid))
            qmon__sys_3(SYS_unlinkat, AT_FDCWD, path, 0);
        made = qmon__sys_5(SYS_linkat, AT_FDCWD, draft, AT_FDCWD, path, 0) == 0;
    }
    qmon__sys_3(SYS_unlinkat, AT_FDCWD, draft, 0);
    qmon__sys_1(SYS_close, fd);
    return made;
}

static void mark_child(int pid, const char *path, char *const arguments[], bool replace) {
    struct foreign record;
    begin_foreign(&record, QMON_STATE_EXEC);
    const struct qmon__life *parent = &qmon__own_life;
    const struct qmon__own_image *image = &qmon__own_image;
    record.process.pid = (uint32_t) pid;
    record.process.parent_pid = parent->pid;
    record.process.uid = parent->uid;
    record.process.gid = parent->gid;
    record.process.session = parent->session != parent->pid ? parent->session : 0;
    record.process.flags = QMON_PROCESS_UNSTARTED | (parent->flags & QMON_PROCESS_CONTAINED);
    record.process.pid_namespace = qmon__agent.pid_namespace;
    record.process.created_boot_ns = qmon__boot_ns();
    record.process.created_real_ns = record.process.image_real_ns = qmon__real_ns();
    record.process.root_pid = image->root_pid;
    record.process.root_created_boot_ns = image->root_created_boot_ns;
    record.process.host_parent_known = 1;
    memcpy(record.process.boot_id, image->boot_id, sizeof image->boot_id);
    qmon__identity_of_next_image(&record.process, path, arguments);
    leave_foreign(&record, replace);
}

void qmon__record_mark_child(int pid, const char *path, char *const arguments[]) {
    mark_child(pid, path, arguments, false);
}

void qmon__record_make_unborn(int pid) {
    struct foreign record;
    begin_foreign(&record, QMON_STATE_RUNNING);
    struct qmon__life life;
    qmon__life_of_child(&life, pid);
    qmon__identity_with(&life, &record.process);
    leave_foreign(&record, true);
}

/* Does the record's path lead elsewhere by now, as in another root, or where something is mounted over it? */
static bool is_out_of_view(void) {
    struct stat status;
    return qmon__agent.record_path[0] != '\0' &&
           (qmon__sys_4(SYS_newfstatat, AT_FDCWD, qmon__agent.record_path, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            status.st_ino != qmon__agent.record_inode || status.st_dev != qmon__agent.record_device);
}

void qmon__record_move(void) {
    struct foreign record;
    uint32_t uid;
    const bool is_other = qmon__record_is_of_other_user(&uid);
    const bool is_unseen = !is_other && is_out_of_view();
    if (!is_other && !is_unseen)
        return;
    begin_foreign(&record, QMON_STATE_EXEC);
    memcpy(&record.process, &qmon__agent.record->process, sizeof record.process);
    /* The receiver of the start keeps to the old record: it may be about to tell the start, and does not see the end of the new one. */
    if (atomic_exchange_explicit(&record.process.attendance, QMON_ATTENDANCE_NONE, memory_order_relaxed) !=
        QMON_ATTENDANCE_NONE)
        atomic_fetch_or_explicit(&record.process.announced, QMON_ANNOUNCED_START, memory_order_relaxed);
    if (!leave_foreign(&record, false))
        return;
    qmon__agent.record->whereabouts.moved_to = uid + 1;
    if (is_unseen)
        qmon__agent.record->whereabouts.elsewhere = QMON_ELSEWHERE_UNSEEN;
}

void qmon__record_move_back(void) {
    char path[QMON_RECORD_PATH_BYTES];
    if (qmon__agent.record->whereabouts.moved_to == 0)
        return;
    qmon__agent.record->whereabouts.moved_to = 0;
    if (qmon__agent.record->whereabouts.elsewhere == QMON_ELSEWHERE_UNSEEN)
        qmon__agent.record->whereabouts.elsewhere = 0;
    if (qmon__record_new_path((int) qmon__agent.record->process.pid, path))
        qmon__sys_3(SYS_unlinkat, AT_FDCWD, path, 0);
}

enum told { TOLD_ITSELF, TOLD_NOTHING, NEVER_BEGUN, NOTHING_TO_TELL, NOT_THERE, MOVED };

struct child_end {
    int pid, wait_status;
    const struct qmon_record_killer *killer; /* NULL unknown */
    uint32_t moved_to;
    bool is_unseen;        /* it moved out of its parent's view, perhaps */
    bool is_last;          /* no other record of it is to be found */
    uint32_t signals_told; /* that it says of its own children */
};

/* One that goes on in a record of its own view tells all but SIGKILL, which may have to be told by the old one. */
static bool has_moved(int fd, struct child_end *end) {
    struct qmon_record_whereabouts there = {0};
    qmon__sys_4(SYS_pread64, fd, &there, sizeof there, offsetof(struct qmon_record, whereabouts));
    end->moved_to = there.moved_to;
    end->is_unseen = there.elsewhere == QMON_ELSEWHERE_UNSEEN;
    return there.moved_to != 0 && !end->is_last;
}

static enum told note_in(int fd, struct child_end *end) {
    struct {
        struct qmon_record_header header;
        uint32_t pid, parent_pid, uid, gid, flags, others[3];
        uint64_t pid_namespace, created_boot_ns;
    } start;
    _Static_assert(offsetof(struct qmon_record, process.created_boot_ns) == 64 + 32 + 8, "start of the process part");
    memset(&start, 0, sizeof start);
    qmon__sys_4(SYS_pread64, fd, &start, sizeof start, 0);
    if (start.pid == 0 || start.created_boot_ns == 0)
        return NEVER_BEGUN;
    const uint32_t state = atomic_load_explicit(&start.header.state, memory_order_relaxed);
    if (start.pid == (uint32_t) end->pid && state == QMON_STATE_STOPPED)
        qmon__sys_4(SYS_pread64, fd, &end->signals_told, sizeof end->signals_told,
                    offsetof(struct qmon_record, process.child_signals_told));
    if (start.pid != (uint32_t) end->pid ||
        (state != QMON_STATE_EMPTY && state != QMON_STATE_RUNNING && state != QMON_STATE_EXEC))
        return TOLD_ITSELF;
    if (state == QMON_STATE_EXEC && WIFEXITED(end->wait_status) && (start.flags & QMON_PROCESS_UNSTARTED) != 0 &&
        start.parent_pid == qmon__own_life.pid)
        return NOTHING_TO_TELL;
    if (state == QMON_STATE_EXEC && has_moved(fd, end))
        return MOVED;
    const struct {
        uint32_t seen_by_parent;
        int32_t wait_status;
    } seen = {1, end->wait_status};
    if (end->killer != NULL)
        qmon__sys_4(SYS_pwrite64, fd, end->killer, sizeof *end->killer, offsetof(struct qmon_record, header.killer));
    qmon__sys_4(SYS_pwrite64, fd, &seen, sizeof seen, offsetof(struct qmon_record, end.seen_by_parent));
    return TOLD_NOTHING;
}

static enum told note_at(const char *path, struct child_end *end) {
    const int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return NOT_THERE;
    const enum told told = note_in(fd, end);
    qmon__sys_1(SYS_close, fd);
    if (told == NOTHING_TO_TELL) /* our own mark, of a program that never ran the agent: no receiver need look at it */
        qmon__sys_3(SYS_unlinkat, AT_FDCWD, path, 0);
    return told;
}

/* Among the records of a user, whom we need not trust: the file is written to only if it is that user's. */
static enum told note_of_user(uint32_t uid, struct child_end *end) {
    char path[QMON_RECORD_PATH_BYTES];
    struct stat status;
    for (unsigned choice = 0; choice < 2; choice++) {
        qmon__record_path_of_user(choice, uid, end->pid, path);
        if (qmon__sys_4(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
            status.st_uid == uid && status.st_nlink == 1) {
            const enum told told = note_at(path, end);
            if (told != MOVED) /* that is the one that we come from */
                return told;
        }
    }
    return NOT_THERE;
}

static enum told note_moved(const char *path, struct child_end *end) {
    const bool is_killed = WIFSIGNALED(end->wait_status) && WTERMSIG(end->wait_status) == SIGKILL;
    const enum told told = note_of_user(end->moved_to - 1, end);
    if (told != NOT_THERE || !end->is_unseen || !is_killed)
        return told;
    end->is_last = true;
    return note_at(path, end);
}

static enum told note_end(struct child_end *end) {
    char path[QMON_RECORD_PATH_BYTES];
    uint32_t uid;
    if (!qmon__record_path(end->pid, path))
        return NOT_THERE;
    const enum told told = note_at(path, end);
    if (told == MOVED)
        return note_moved(path, end);
    if (told == NOT_THERE && qmon__record_is_of_other_user(&uid))
        return note_of_user(uid, end);
    return told;
}

enum qmon__child_tells qmon__record_of_child_ended(int pid, int wait_status, const struct qmon_record_killer *killer,
                                                   uint32_t *ret_told) {
    struct child_end end = {.pid = pid, .wait_status = wait_status, .killer = killer};
    enum told told = note_end(&end);
    if (told == NEVER_BEGUN) { /* killed on the first steps of the agent in it */
        mark_child(pid, NULL, NULL, true);
        told = note_end(&end);
    }
    *ret_told = end.signals_told;
    if (told == NOT_THERE && end.moved_to != 0) /* its record goes when all is told */
        told = TOLD_ITSELF;
    return told == TOLD_NOTHING ? QMON__CHILD_LOST : told == TOLD_ITSELF ? QMON__CHILD_TELLS : QMON__CHILD_UNKNOWN;
}

/*
 * Records of the program's children that these could not make or finish by themselves (record_file.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include <qmon/paths.h>

#include "agent.h"
#include "clock.h"
#include "identity.h"
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

/* Does nothing where there is one; `replace`: unless that is empty, which its owner, being dead, can do nothing about. */
static void leave_foreign(const struct foreign *record, bool replace) {
    char path[QMON_RECORD_PATH_BYTES], draft[QMON_RECORD_PATH_BYTES + 16];
    struct qmon__relative present;
    const int pid = (int) record->process.pid;
    if (qmon__agent.namespace_may_differ) /* what has this number here is somebody else */
        return;
    if (!qmon__record_new_path(pid, path))
        return;
    const char *end = draft + sizeof draft - 1;
    char *at = qmon__put_text(draft, end, path);
    *qmon__put_text(at, end, ".new") = '\0';
    int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (qmon__sys_2(SYS_ftruncate, fd, QMON_RECORD_BYTES) == 0 &&
        qmon__sys_4(SYS_pwrite64, fd, record, sizeof *record, 0) == (long) sizeof *record) {
        if (replace && (!qmon__record_of_process(pid, &present) || present.state == QMON_STATE_EMPTY))
            qmon__sys_3(SYS_unlinkat, AT_FDCWD, path, 0);
        qmon__sys_5(SYS_linkat, AT_FDCWD, draft, AT_FDCWD, path, 0);
    }
    qmon__sys_3(SYS_unlinkat, AT_FDCWD, draft, 0);
    qmon__sys_1(SYS_close, fd);
}

static void mark_child(int pid, const char *path, char *const arguments[], bool replace) {
    struct foreign record;
    begin_foreign(&record, QMON_STATE_EXEC);
    const struct qmon_record_process *parent = qmon__own_identity();
    record.process.pid = (uint32_t) pid;
    record.process.parent_pid = parent->pid;
    record.process.uid = parent->uid;
    record.process.gid = parent->gid;
    record.process.session = parent->session != parent->pid ? parent->session : 0;
    record.process.flags = QMON_PROCESS_UNSTARTED | (parent->flags & QMON_PROCESS_CONTAINED);
    record.process.pid_namespace = qmon__agent.pid_namespace;
    record.process.created_boot_ns = qmon__boot_ns();
    record.process.created_real_ns = record.process.image_real_ns = qmon__real_ns();
    record.process.root_pid = parent->root_pid;
    record.process.root_created_boot_ns = parent->root_created_boot_ns;
    record.process.host_parent_known = 1;
    memcpy(record.process.boot_id, parent->boot_id, sizeof parent->boot_id);
    qmon__identity_of_next_image(&record.process, path, arguments);
    leave_foreign(&record, replace);
}

void qmon__record_mark_child(int pid, const char *path, char *const arguments[]) {
    mark_child(pid, path, arguments, false);
}

void qmon__record_make_unborn(int pid) {
    struct foreign record;
    begin_foreign(&record, QMON_STATE_RUNNING);
    record.process = *qmon__own_identity();
    qmon__identity_inherit(&record.process, pid);
    leave_foreign(&record, true);
}

enum told { TOLD_ITSELF, TOLD_NOTHING, NEVER_BEGUN };

static enum told note_end(int pid, int wait_status, const struct qmon_record_killer *killer) {
    char path[QMON_RECORD_PATH_BYTES];
    struct {
        struct qmon_record_header header;
        uint32_t pid, others[7];
        uint64_t pid_namespace, created_boot_ns;
    } start;
    _Static_assert(offsetof(struct qmon_record, process.created_boot_ns) == 64 + 32 + 8, "start of the process part");
    memset(&start, 0, sizeof start);
    if (!qmon__record_path(pid, path))
        return TOLD_ITSELF;
    const int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return TOLD_ITSELF;
    qmon__sys_4(SYS_pread64, fd, &start, sizeof start, 0);
    enum told told = start.pid == 0 || start.created_boot_ns == 0 ? NEVER_BEGUN : TOLD_ITSELF;
    if (told == TOLD_ITSELF && start.pid == (uint32_t) pid) {
        const uint32_t state = atomic_load_explicit(&start.header.state, memory_order_relaxed);
        const struct {
            uint32_t seen_by_parent;
            int32_t wait_status;
        } seen = {1, wait_status};
        if (state == QMON_STATE_EMPTY || state == QMON_STATE_RUNNING || state == QMON_STATE_EXEC) {
            if (killer != NULL)
                qmon__sys_4(SYS_pwrite64, fd, killer, sizeof *killer, offsetof(struct qmon_record, header.killer));
            qmon__sys_4(SYS_pwrite64, fd, &seen, sizeof seen, offsetof(struct qmon_record, end.seen_by_parent));
            told = TOLD_NOTHING;
        }
    }
    qmon__sys_1(SYS_close, fd);
    return told;
}

bool qmon__record_of_child_ended(int pid, int wait_status, const struct qmon_record_killer *killer) {
    enum told told = note_end(pid, wait_status, killer);
    if (told == NEVER_BEGUN) { /* killed on the first steps of the agent in it */
        mark_child(pid, NULL, NULL, true);
        told = note_end(pid, wait_status, killer);
    }
    return told == TOLD_NOTHING;
}

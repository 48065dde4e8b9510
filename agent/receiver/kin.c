#include "kin.h"

#include <unistd.h>

#include <qmon/log.h>

#include "live.h"
#include "moment.h"
#include "places.h"
#include "procfs.h"

#define DECIDE_MS 200u

bool qmon__is_of_tree(const struct qmon_record_process *root, const struct qmon_record_process *process) {
    return process->root_pid == root->root_pid && process->root_created_boot_ns == root->root_created_boot_ns &&
           process->pid_namespace == root->pid_namespace;
}

bool qmon__is_forked_of(const struct qmon_record_process *root, const struct qmon_record_process *process) {
    return (process->flags & QMON_PROCESS_FORKED) && process->execs == 0 && process->pid != root->pid &&
           qmon__is_of_tree(root, process);
}

bool qmon__says_it_left_session(const struct qmon_record_process *root, const struct qmon_record_process *process) {
    if (process->session == 0 || process->session == process->root_pid)
        return false;
    return (root->flags & QMON_PROCESS_FORKED) || process->session != root->session;
}

uint64_t qmon__failed_boot_ns(struct qmon__record_file *file) {
    const struct qmon_record_end *end = &file->copy->end;
    switch (atomic_load(&file->copy->header.state)) {
    case QMON_STATE_CRASHING:
    case QMON_STATE_SEALED:
        if (qmon__record_load(file, QMON__LOAD_CRASH, false) < 0)
            return 0;
        return file->copy->crash.boot_ns != 0 ? file->copy->crash.boot_ns : qmon_boot_ns();
    case QMON_STATE_STOPPED:
        return end->how == QMON_END_SIGNAL || (end->status & 0xff) != 0 ? end->boot_ns : 0;
    default:
        return 0;
    }
}

uint32_t qmon__successor_of(const struct qmon__record_file *root) {
    uint32_t successor = 0;
    ssize_t got = pread(root->fd, &successor, sizeof successor, offsetof(struct qmon_record, header.successor));
    return got == (ssize_t) sizeof successor ? successor : 0;
}

uint32_t qmon__decide_successor(struct qmon__record_file *root, uint32_t pid) {
    if (qmon__record_lock_until(root, QMON__LOCK_SUCCESSOR, qmon_monotonic_ms() + DECIDE_MS) < 0)
        return QMON__NOBODY;
    uint32_t decided = qmon__successor_of(root);
    if (decided == 0) {
        qmon__record_write(root, offsetof(struct qmon_record, header.successor), &pid, sizeof pid);
        decided = pid;
    }
    qmon__record_unlock(root, QMON__LOCK_SUCCESSOR);
    return decided;
}

struct succession {
    struct qmon__record_file *heir;
    uint64_t failed_boot_ns;
    struct qmon__record_file root; /* that has the role, and has ended well */
    bool found, has_rival;         /* another goes on */
};

static bool has_ended_well_before(const struct qmon_record *root, uint64_t boot_ns) {
    return atomic_load(&root->header.state) == QMON_STATE_STOPPED && root->end.how == QMON_END_EXIT &&
           (root->end.status & 0xff) == 0 && root->end.boot_ns <= boot_ns;
}

static bool consider(void *context, int directory, const char *name, const struct qmon__record_name *parsed) {
    struct succession *succession = context;
    const struct qmon_record_process *heir = &succession->heir->copy->process;
    struct qmon__record_file file;
    if (parsed->pid_namespace != heir->pid_namespace || parsed->pid == heir->pid ||
        qmon__record_open_at(&file, directory, name) < 0)
        return true;
    const struct qmon_record *record = file.copy;
    if (qmon__record_load(&file, QMON__LOAD_HEAD, false) == 0 && qmon__is_of_tree(heir, &record->process)) {
        const struct qmon_record_process *process = &record->process;
        if ((process->flags & QMON_PROCESS_ROOT) && has_ended_well_before(record, succession->failed_boot_ns)) {
            if (succession->found)
                qmon__record_close(&succession->root);
            succession->root = file;
            succession->found = true;
            return true;
        }
        succession->has_rival |= (process->flags & QMON_PROCESS_FORKED) && process->execs == 0 &&
                                 process->session == heir->session && qmon__life_of(&file) == QMON__LIFE_ALIVE;
    }
    qmon__record_close(&file);
    return true;
}

static void take_place(struct qmon__record_file *file, const struct qmon_record_process *root) {
    struct qmon_record_process *process = &file->copy->process;
    process->flags |= QMON_PROCESS_ROOT | (root->flags & (QMON_PROCESS_TELL_LIFECYCLE | QMON_PROCESS_TELL_EXIT));
    qmon__record_announce(file, QMON_ANNOUNCED_START); /* that of the root is its receiver's to tell */
    qmon__record_write(file, offsetof(struct qmon_record, process.flags), &process->flags, sizeof process->flags);
    qmon_log("process %u was daemonized: %u, which has failed, was in its place", root->pid, process->pid);
}

void qmon__succeed_root(struct qmon__record_file *file) {
    const struct qmon_record_process *process = &file->copy->process;
    if (!(process->flags & QMON_PROCESS_FORKED) || (process->flags & QMON_PROCESS_ROOT) || process->execs != 0 ||
        process->session == 0 || process->session == process->root_pid || file->directory < 0 ||
        !qmon__proc_is_ours() || process->pid_namespace != qmon__proc_namespace(0, "pid"))
        return;
    struct succession succession = {.heir = file, .failed_boot_ns = qmon__failed_boot_ns(file)};
    if (succession.failed_boot_ns == 0)
        return;
    qmon__place_visit(file->directory, consider, &succession);
    if (!succession.found)
        return;
    if (!succession.has_rival && qmon__decide_successor(&succession.root, process->pid) == process->pid)
        take_place(file, &succession.root.copy->process);
    qmon__record_close(&succession.root);
}

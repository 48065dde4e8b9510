/*
 * Programs that become daemons: the root forks, the child leaves its session and goes on, the root exits with 0. To people the
 * program has not stopped. The child's record becomes the root's: it is told that its end is to be told, which its agent
 * reads from the shared mapping when the end comes, and that its start has been told already.
 *
 * A child that stays in the root's session is a background job, not a daemon: the root's stop is told. As the child may need
 * a moment to leave, forked children that are alive are watched for up to a second.
 * * A root may end unseen, by the C library's own _exit in daemon(3) for one. A root that is gone without a trace within seconds of
 * forking a daemon is taken to have made itself one; had it been killed in just those seconds, nobody could tell.
 *
 * The root's session is noted when its start is told. Where that came too late, it is inferred: a process that has the
 * root's number as its session, or the session of the root's parent, has not left.
 */
#include <string.h>

#include <qmon/log.h>

#include "live.h"
#include "moment.h"
#include "places.h"
#include "procfs.h"
#include "settle.h"

#define WATCH_MS 1000u
#define FIRST_MS 5u
#define FIRST_UNSEEN_MS 50u
#define YOUNG_NS 5000000000ull

struct search {
    struct qmon__record_file *root;
    uint32_t root_session, parent_session; /* 0 unknown */
    bool young_only;                       /* daemons that were forked just now */
    unsigned children;                     /* forked children that are alive, daemon or not */
    struct qmon__record_file daemon;       /* the oldest */
    bool found;
};

static bool is_forked_child(const struct search *search, const struct qmon_record *record) {
    const struct qmon_record_process *root = &search->root->copy->process;
    const struct qmon_record_process *process = &record->process;
    return (process->flags & QMON_PROCESS_FORKED) && process->execs == 0 && process->root_pid == root->root_pid &&
           process->root_created_boot_ns == root->root_created_boot_ns &&
           process->pid_namespace == root->pid_namespace && process->pid != root->pid &&
           atomic_load(&record->header.state) == QMON_STATE_RUNNING;
}

static bool has_left_session(const struct search *search, uint32_t pid) {
    struct qmon__proc_stat stat;
    if (qmon__proc_stat(pid, &stat) < 0 || stat.session == 0 || stat.session == search->root->copy->process.pid)
        return false;
    return stat.session != (search->root_session != 0 ? search->root_session : search->parent_session);
}

static bool is_young(const struct qmon_record *record) {
    return qmon__now_boot_ns() < record->process.created_boot_ns + YOUNG_NS;
}

static bool consider(void *context, int directory, const char *name, const struct qmon__record_name *parsed) {
    struct search *search = context;
    const struct qmon_record_process *root = &search->root->copy->process;
    if (parsed->pid_namespace != root->pid_namespace || parsed->moved_aside || parsed->pid == root->pid)
        return true;
    struct qmon__record_file file;
    if (qmon__record_open_at(&file, directory, name) < 0)
        return true;
    bool child = qmon__record_load(&file, QMON__LOAD_HEAD, false) == 0 && is_forked_child(search, file.copy) &&
                 qmon__life_of(&file) == QMON__LIFE_ALIVE;
    search->children += child;
    bool better = child && (!search->young_only || is_young(file.copy)) && has_left_session(search, parsed->pid) &&
                  (!search->found || file.copy->process.created_boot_ns < search->daemon.copy->process.created_boot_ns);
    if (!better) {
        qmon__record_close(&file);
        return true;
    }
    if (search->found)
        qmon__record_close(&search->daemon);
    search->daemon = file;
    search->found = true;
    return true;
}

/* Makes the daemon's record the root's. False: it has ended meanwhile. */
static bool make_root(struct qmon__record_file *file, const struct qmon_record_process *root, uint64_t deadline_ms) {
    if (qmon__record_lock_until(file, QMON__LOCK_PROCESS, deadline_ms) < 0)
        return false;
    if (qmon__record_load(file, QMON__LOAD_HEAD, true) < 0 ||
        atomic_load(&file->copy->header.state) != QMON_STATE_RUNNING)
        return false;
    uint32_t flags = file->copy->process.flags | QMON_PROCESS_ROOT |
                     (root->flags & (QMON_PROCESS_TELL_LIFECYCLE | QMON_PROCESS_TELL_EXIT));
    qmon__record_announce(file, QMON_ANNOUNCED_START);
    if (qmon__record_write(file, offsetof(struct qmon_record, process.flags), &flags, sizeof flags) < 0)
        return false;
    /* Had it begun to end before it could see that? Then its end was nobody's to tell. */
    return qmon__record_has_name(file) && qmon__record_load(file, QMON__LOAD_HEAD, true) == 0 &&
           atomic_load(&file->copy->header.state) == QMON_STATE_RUNNING && qmon__life_of(file) == QMON__LIFE_ALIVE;
}

uint32_t qmon__hand_over_to_daemon(struct qmon__record_file *file, bool unseen, uint64_t deadline_ms) {
    const struct qmon_record_process *root = &file->copy->process;
    struct qmon__proc_stat parent;
    if (!(root->flags & QMON_PROCESS_ROOT) || file->directory < 0 || !qmon__proc_is_ours() ||
        root->pid_namespace != qmon__proc_namespace(0, "pid"))
        return 0;
    struct search search = {.root = file, .root_session = root->session, .young_only = unseen};
    if (qmon__proc_stat(root->parent_pid, &parent) == 0)
        search.parent_session =
            parent.session; /* A child that was forked a moment ago may not have got round to making its record. */
    uint64_t first_ms = qmon__now_monotonic_ms() + (unseen ? FIRST_UNSEEN_MS : FIRST_MS);
    uint64_t end_ms = qmon__now_monotonic_ms() + WATCH_MS;
    if (end_ms > deadline_ms)
        end_ms = deadline_ms;
    for (;;) {
        uint64_t started_ms = qmon__now_monotonic_ms();
        search.children = 0;
        qmon__place_visit(file->directory, consider, &search);
        if (search.found) {
            uint32_t pid = search.daemon.copy->process.pid;
            bool made = make_root(&search.daemon, root, deadline_ms);
            qmon__record_close(&search.daemon);
            search.found = false;
            if (made)
                return pid;
        }
        uint64_t now_ms = qmon__now_monotonic_ms();
        bool may_come = search.children > 0 || now_ms < first_ms;
        if (!may_come || now_ms >= end_ms)
            return 0;
        qmon__pause_us((unsigned) ((search.children > 0 ? 20 : 1) + 4 * (now_ms - started_ms)) * 1000);
    }
}

void qmon__note_session(struct qmon__record_file *file, uint32_t live_pid) {
    struct qmon__proc_stat stat;
    if (file->copy->process.session != 0 || live_pid == 0 || qmon__proc_stat(live_pid, &stat) < 0)
        return;
    file->copy->process.session = stat.session;
    qmon__record_write(file, offsetof(struct qmon_record, process.session), &stat.session, sizeof stat.session);
}

/*
 * Programs that become daemons: the root forks, the child leaves its session and goes on, the root exits with 0. To people the
 * program has not stopped. The child's record becomes the root's: it is told that its end is to be told, which its agent
 * reads from the shared mapping when the end comes, and that its start has been told already.
 *
 * A child that stays in the root's session is a background job, not a daemon: the root's stop is told. As the child may need
 * a moment to leave, forked children that are alive are watched for up to a second. One that ends well sees to it that the
 * child it has just made has a record (ends.c), so that there is no moment without one of the two.
 *
 * Nor is what a program's children do any of the root's business, once the root's child has become that program by an exec: those of
 * PostgreSQL's server leave their session too, and pg_ctl, which started it, ends meanwhile.
 *
 * A daemon may fail before anybody has found it, and be seen to before its root. So both receivers can say who goes on in the
 * root's place, and it is decided once, in the root's record (kin.h).
 *
 * A root may end unseen, by a bare system call for one. A root that is gone without a trace within seconds of forking a daemon is
 * taken to have made itself one; had it been killed in just those seconds, nobody could tell.
 *
 * The root's session is noted when its start is told. Where that came too late, it is inferred: a process that has the
 * root's number as its session, or the session of the root's parent, has not left.
 */
#include <signal.h>
#include <string.h>

#include <qmon/log.h>

#include "kin.h"
#include "live.h"
#include "moment.h"
#include "places.h"
#include "procfs.h"
#include "settle.h"

#define WATCH_MS 1000u
#define FIRST_MS 5u
#define FIRST_UNSEEN_MS 50u
#define YOUNG_NS 5000000000ull
#define GENERATIONS 16u

struct search {
    struct qmon__record_file *root;
    uint32_t root_session, parent_session; /* 0 unknown */
    bool young_only;                       /* daemons that were forked just now */
    unsigned children;                     /* forked children that are, or may turn out to be, one */
    struct qmon__record_file daemon;       /* the oldest */
    unsigned found;                        /* enum candidate: what it is */
};

static bool has_left_session(const struct search *search, const struct qmon_record_process *process) {
    const struct qmon_record_process *root = &search->root->copy->process;
    struct qmon__proc_stat stat;
    if (qmon__says_it_left_session(root, process))
        return true;
    if (qmon__proc_stat(process->pid, &stat) < 0 || stat.session == 0)
        return false;
    if (root->flags & QMON_PROCESS_FORKED)
        return stat.session == root->pid || stat.session == process->pid;
    if (stat.session == root->pid)
        return false;
    return stat.session != (search->root_session != 0 ? search->root_session : search->parent_session);
}

static bool is_young(const struct qmon_record *record) {
    return qmon_boot_ns() < record->process.created_boot_ns + YOUNG_NS;
}

/* What a forked child is to the search. */
enum candidate {
    CANDIDATE_NONE,
    CANDIDATE_WAIT, /* it may leave its session yet, or its receiver is about to say what it was */
    CANDIDATE_DEAD, /* was a daemon, and has failed since the root's end */
    CANDIDATE_LIVE,
};

/* Made by one that ended, for its child, which has not got round to it. */
static bool is_marked_child(const struct qmon_record_process *root, const struct qmon_record *record) {
    return (record->process.flags & QMON_PROCESS_UNSTARTED) && qmon__is_of_tree(root, &record->process) &&
           atomic_load(&record->header.state) == QMON_STATE_EXEC;
}

struct line {
    const struct qmon_record_process *root;
    uint32_t pid;
    bool is_of_tree, has_become_another;
};

static bool look_at_ancestor(void *context, int directory, const char *name, const struct qmon__record_name *parsed) {
    struct line *line = context;
    struct qmon__record_file file;
    if (parsed->pid != line->pid || parsed->moved_aside || parsed->pid_namespace != line->root->pid_namespace ||
        qmon__record_open_at(&file, directory, name) < 0)
        return true;
    if (qmon__record_load(&file, QMON__LOAD_HEAD, false) == 0 && qmon__is_of_tree(line->root, &file.copy->process) &&
        qmon__life_of(&file) == QMON__LIFE_ALIVE) {
        line->is_of_tree = true;
        line->has_become_another = !(file.copy->process.flags & QMON_PROCESS_UNSTARTED) &&
                                   !qmon__is_forked_of(line->root, &file.copy->process);
    }
    qmon__record_close(&file);
    return false;
}

/* Is there another program between the root and this process, which goes on? */
static bool belongs_to_another(const struct search *search, uint32_t pid) {
    const struct qmon_record_process *root = &search->root->copy->process;
    struct qmon__proc_stat stat;
    for (unsigned i = 0; i < GENERATIONS && qmon__proc_stat(pid, &stat) == 0 && stat.parent_pid > 1; i++) {
        struct line line = {.root = root, .pid = pid = stat.parent_pid};
        if (pid == root->pid)
            return false;
        qmon__place_visit(search->root->directory, look_at_ancestor, &line);
        if (!line.is_of_tree || line.has_become_another)
            return line.has_become_another;
    }
    return false;
}

static enum candidate judge(const struct search *search, struct qmon__record_file *file) {
    const struct qmon_record *root = search->root->copy, *record = file->copy;
    if (is_marked_child(&root->process, record))
        return qmon__life_of(file) == QMON__LIFE_ALIVE ? CANDIDATE_WAIT : CANDIDATE_NONE;
    if (!qmon__is_forked_of(&root->process, &record->process))
        return CANDIDATE_NONE;
    if (atomic_load(&record->header.state) == QMON_STATE_RUNNING) {
        if (qmon__life_of(file) != QMON__LIFE_ALIVE || belongs_to_another(search, record->process.pid))
            return CANDIDATE_NONE;
        bool fits = (!search->young_only || is_young(record)) && has_left_session(search, &record->process);
        return fits ? CANDIDATE_LIVE : CANDIDATE_WAIT;
    }
    if (search->young_only || !qmon__says_it_left_session(&root->process, &record->process) ||
        qmon__failed_boot_ns(file) < root->end.boot_ns || qmon__failed_boot_ns(file) == 0)
        return CANDIDATE_NONE;
    return atomic_load(&record->header.state) == QMON_STATE_STOPPED ? CANDIDATE_WAIT : CANDIDATE_DEAD;
}

/* Begun, and no more: on a busy machine that can take longer than we would look for it. What it is will be seen then. One that had
 * been marked by its parent is in state EXEC until it says that it runs, and forked, which nothing is that execs. */
static bool is_being_made(const struct qmon__record_file *file, const struct qmon__record_name *parsed) {
    const struct qmon_record_header *header = &file->copy->header;
    const uint32_t state = atomic_load(&header->state);
    const bool forked = (file->copy->process.flags & QMON_PROCESS_FORKED) != 0;
    return (header->magic == 0 || header->magic == QMON_RECORD_MAGIC) &&
           (state == QMON_STATE_EMPTY || (state == QMON_STATE_EXEC && forked)) && kill((pid_t) parsed->pid, 0) == 0;
}

static bool is_older(const struct qmon__record_file *file, const struct qmon__record_file *other) {
    return file->copy->process.created_boot_ns < other->copy->process.created_boot_ns;
}

static bool consider(void *context, int directory, const char *name, const struct qmon__record_name *parsed) {
    struct search *search = context;
    const struct qmon_record_process *root = &search->root->copy->process;
    if (parsed->pid_namespace != root->pid_namespace || parsed->moved_aside || parsed->pid == root->pid)
        return true;
    struct qmon__record_file file;
    if (qmon__record_open_at(&file, directory, name) < 0)
        return true;
    const int error = qmon__record_load(&file, QMON__LOAD_HEAD, false);
    enum candidate candidate = error == 0 ? judge(search, &file) : CANDIDATE_NONE;
    if (candidate == CANDIDATE_NONE && is_being_made(&file, parsed))
        candidate = CANDIDATE_WAIT;
    search->children += candidate != CANDIDATE_NONE;
    bool better = candidate > CANDIDATE_WAIT &&
                  (candidate > search->found || (candidate == search->found && is_older(&file, &search->daemon)));
    if (!better) {
        qmon__record_close(&file);
        return true;
    }
    if (search->found != CANDIDATE_NONE)
        qmon__record_close(&search->daemon);
    search->daemon = file;
    search->found = candidate;
    return true;
}

/* The child has begun to end by an exit, and reads at this moment whether that is to be told. It removes its record if it is
 * not; a record that is left tells the flags to whoever sees to it. */
static bool keeps_its_record(struct qmon__record_file *file) {
    for (unsigned tries = 0; tries < 200; tries++) {
        if (!qmon__record_has_name(file))
            return false;
        if (qmon__life_of(file) != QMON__LIFE_ALIVE)
            break;
        qmon__pause_us(1000);
    }
    return qmon__record_has_name(file);
}

/* Makes the daemon's record the root's. False: it has ended meanwhile, and that is nobody's to tell. */
static bool make_root(struct qmon__record_file *file, const struct qmon_record_process *root, uint64_t deadline_ms) {
    if (qmon__record_lock_until(file, QMON__LOCK_PROCESS, deadline_ms) < 0)
        return false;
    if (qmon__record_load(file, QMON__LOAD_HEAD, true) < 0 || !qmon__record_has_name(file) ||
        atomic_load(&file->copy->header.state) == QMON_STATE_STOPPED ||
        atomic_load(&file->copy->header.state) == QMON_STATE_DONE)
        return false;
    uint32_t flags = file->copy->process.flags | QMON_PROCESS_ROOT |
                     (root->flags & (QMON_PROCESS_TELL_LIFECYCLE | QMON_PROCESS_TELL_EXIT));
    qmon__record_announce(file, QMON_ANNOUNCED_START);
    if (qmon__record_write(file, offsetof(struct qmon_record, process.flags), &flags, sizeof flags) < 0)
        return false;
    if (qmon__record_load(file, QMON__LOAD_HEAD, true) < 0)
        return false;
    /* A crash is told with what the record says when we have let go of it. */
    return atomic_load(&file->copy->header.state) == QMON_STATE_STOPPED ? keeps_its_record(file)
                                                                        : qmon__record_has_name(file);
}

static uint32_t look_for_daemon(struct qmon__record_file *file, bool unseen, uint64_t deadline_ms) {
    const struct qmon_record_process *root = &file->copy->process;
    struct qmon__proc_stat parent;
    struct search search = {.root = file, .root_session = root->session, .young_only = unseen};
    if (qmon__proc_stat(root->parent_pid, &parent) == 0)
        search.parent_session = parent.session;
    /* A child that was forked a moment ago may not have got round to making its record. */
    unsigned patience_ms = unseen ? FIRST_UNSEEN_MS : FIRST_MS;
    uint64_t first_ms = qmon_monotonic_ms() + patience_ms;
    uint64_t end_ms = qmon_monotonic_ms() + WATCH_MS;
    if (end_ms > deadline_ms)
        end_ms = deadline_ms;
    for (;;) {
        uint64_t started_ms = qmon_monotonic_ms();
        uint32_t decided = qmon__successor_of(file);
        if (decided != 0)
            return decided;
        search.children = 0;
        qmon__place_visit(file->directory, consider, &search);
        if (search.found != CANDIDATE_NONE) {
            uint32_t pid = search.daemon.copy->process.pid;
            bool made = make_root(&search.daemon, root, deadline_ms);
            qmon__record_close(&search.daemon);
            search.found = CANDIDATE_NONE;
            if (made)
                return pid;
        }
        uint64_t now_ms = qmon_monotonic_ms();
        if (search.children > 0) /* one that has ended may have left another, which this look came too early for */
            first_ms = now_ms + patience_ms + 20;
        /* The look that decides begins after all patience: on a busy machine one look can take as long, and may have come at a
         * moment in which the daemon could not be told for one. */
        bool may_come = search.children > 0 || started_ms < first_ms;
        if (!may_come || now_ms >= end_ms)
            return 0;
        qmon__pause_us((unsigned) ((search.children > 0 ? 20 : 1) + 4 * (now_ms - started_ms)) * 1000);
    }
}

/* A root whose children can be looked at from here. */
static bool is_root_in_sight(const struct qmon__record_file *file) {
    const struct qmon_record_process *root = &file->copy->process;
    return (root->flags & QMON_PROCESS_ROOT) && file->directory >= 0 && qmon__proc_is_ours() &&
           root->pid_namespace == qmon__proc_namespace(0, "pid");
}

bool qmon__may_have_daemon(struct qmon__record_file *file) {
    const struct qmon_record_end *end = &file->copy->end;
    struct search search = {.root = file, .root_session = file->copy->process.session};
    if (!is_root_in_sight(file) || end->how != QMON_END_EXIT || (end->status & 0xff) != 0)
        return false;
    qmon__place_visit(file->directory, consider, &search);
    if (search.found != CANDIDATE_NONE)
        qmon__record_close(&search.daemon);
    return search.children > 0;
}

uint32_t qmon__hand_over_to_daemon(struct qmon__record_file *file, bool unseen, uint64_t deadline_ms) {
    if (!is_root_in_sight(file))
        return 0;
    uint32_t found = look_for_daemon(file, unseen, deadline_ms);
    uint32_t decided = qmon__decide_successor(file, found != 0 ? found : QMON__NOBODY);
    return decided != QMON__NOBODY ? decided : 0;
}

void qmon__note_session(struct qmon__record_file *file, uint32_t live_pid) {
    struct qmon__proc_stat stat;
    if (file->copy->process.session != 0 || live_pid == 0 || qmon__proc_stat(live_pid, &stat) < 0)
        return;
    file->copy->process.session = stat.session;
    qmon__record_write(file, offsetof(struct qmon_record, process.session), &stat.session, sizeof stat.session);
}

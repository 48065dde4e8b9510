/*
 * Records of processes that are dead and that nobody works on: taken over, told, removed.
 *
 * Whoever takes one over holds its lock; a second one leaves it alone. Between opening and locking, another may have been
 * here: its state is DONE then. When the death was found is written into the record at first sight, so that events which a
 * second try makes are those that the first one made.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/log.h>

#include "crash_loop.h"
#include "digest.h"
#include "live.h"
#include "moment.h"
#include "oom.h"
#include "procfs.h"
#include "recover.h"
#include "resolve.h"
#include "settle.h"

#define YOUNG_S 60
#define RECOVER_MS 60000u
#define PARENT_NS 1000000000ull
#define SEEN_MS 2000u

struct recovery {
    struct qmon__pass *pass;
    const struct qmon_known_end *known;
    uint64_t own_namespace;
    bool quick;
    unsigned events;
};

static bool is_young(const struct qmon__record_file *file) {
    struct stat status;
    return fstat(file->fd, &status) == 0 && status.st_ctim.tv_sec + YOUNG_S > (time_t) (qmon_real_ns() / 1000000000u);
}

static bool is_blank(const struct qmon__record_file *file) {
    const struct qmon_record_header *header = &file->copy->header;
    return header->magic == 0 && atomic_load(&header->state) == QMON_STATE_EMPTY;
}

/* Not a record, or not one yet. */
static void handle_damaged(struct recovery *recovery, struct qmon__record_file *file) {
    if (is_young(file) && is_blank(file))
        return; /* its process may be making it at this moment */
    if (is_blank(file)) {
        qmon__count(recovery->pass, "record.untold", "never begun", 1);
        qmon__record_remove(file);
        return;
    }
    qmon_log("record %s is damaged: %s; it is moved aside", file->name, file->problem);
    qmon__count(recovery->pass, "record.damaged", file->problem, 1);
    qmon__record_set_aside(file);
}

/* Its process was killed on the first steps of the agent in it. A parent that waits for it makes another in its place (births.h), as
 * long as it finds this one there. */
static bool may_be_replaced(const struct recovery *recovery, const struct qmon__record_file *file) {
    struct stat status;
    return recovery->quick && atomic_load(&file->copy->header.state) == QMON_STATE_EMPTY &&
           fstat(file->fd, &status) == 0 &&
           (uint64_t) status.st_ctim.tv_sec * 1000000000u + (uint64_t) status.st_ctim.tv_nsec + PARENT_NS >
               qmon_real_ns();
}

static uint64_t found_ns(struct qmon__record_file *file) {
    uint64_t now_ns = qmon_real_ns();
    uint64_t found = file->copy->header.found_real_ns;
    if (found != 0 && found <= now_ns)
        return found;
    file->copy->header.found_real_ns = now_ns;
    qmon__record_write(file, offsetof(struct qmon_record, header.found_real_ns), &now_ns, sizeof now_ns);
    return now_ns;
}

static void find_cause_of_death(struct qmon__record_file *file, struct qmon__settlement *settlement, char *evidence,
                                size_t bytes) {
    uint32_t state = atomic_load(&file->copy->header.state);
    bool may_be_kill =
        !settlement->has_end || (WIFSIGNALED(settlement->wait_status) && WTERMSIG(settlement->wait_status) == SIGKILL);
    if (state != QMON_STATE_RUNNING || settlement->death.machine_lost || !may_be_kill ||
        file->copy->header.killer.pid != 0)
        return;
    if (qmon__killed_for_memory(file, evidence, bytes)) {
        settlement->death.out_of_memory = true;
        settlement->death.signal = SIGKILL;
        settlement->death.evidence = evidence;
    }
}

/* A zombie still carries the status that its parent will get. Zero is also what we are shown if we may not know. */
static bool zombie_tells(const struct qmon_record_process *process, int *ret_wait_status) {
    struct qmon__proc_stat stat;
    if (qmon__proc_stat(process->pid, &stat) < 0 || stat.state != 'Z' ||
        stat.start_ticks > process->created_boot_ns / qmon__tick_ns() + 1 ||
        (stat.exit_code == 0 && geteuid() != process->uid))
        return false;
    *ret_wait_status = stat.exit_code;
    return true;
}

/* `qmon run` waits for this process, and will know how it ended. */
static bool is_own_command(uint32_t pid) {
    char path[64];
    struct stat own, other;
    snprintf(path, sizeof path, "/proc/%u/exe", pid);
    return pid != (uint32_t) getpid() && stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* Is there a parent that is about to say how this process ended? A monitored one says it as soon as it has been told,
 * unless it never asks. Of a program that was still to be executed that is all that there is to tell: by itself the record says nothing, or
 * who sent a SIGKILL, which may not be what ended it. */
static bool parent_will_tell(const struct recovery *recovery, struct qmon__record_file *file) {
    const struct qmon_record *record = file->copy;
    const uint32_t parent = record->process.parent_pid, state = atomic_load(&record->header.state);
    if ((state != QMON_STATE_RUNNING && state != QMON_STATE_EXEC) || record->end.seen_by_parent == 1)
        return false;
    if (is_own_command(parent))
        return true;
    return recovery->quick && record->process.host_parent_known == 1 && kill((pid_t) parent, 0) == 0 &&
           qmon_real_ns() < found_ns(file) + PARENT_NS;
}

static void settle_dead(struct recovery *recovery, struct qmon__record_file *file, enum qmon__life life,
                        const struct qmon_known_end *known) {
    char evidence[200];
    struct qmon__settlement settlement = {
        .death = {.found_ns = found_ns(file), .machine_lost = life == QMON__LIFE_DEAD_BOOT},
        .has_end = known != NULL,
        .wait_status = known != NULL ? known->wait_status : 0};
    if (!settlement.has_end && life == QMON__LIFE_DEAD && file->copy->process.pid_namespace == recovery->own_namespace)
        settlement.has_end = zombie_tells(&file->copy->process, &settlement.wait_status);
    if (!settlement.has_end && file->copy->end.seen_by_parent == 1) {
        settlement.has_end = true;
        settlement.wait_status = file->copy->end.wait_status;
    }
    find_cause_of_death(file, &settlement, evidence, sizeof evidence);
    bool kept = qmon__settle(recovery->pass, file, &settlement);
    recovery->events += settlement.events;
    if (kept) {
        qmon__count(recovery->pass, "record.recovered", "", 1);
        qmon__record_remove(file);
    } else {
        qmon__count(recovery->pass, "record.kept", "not all of it could be saved", 1);
    }
}

/* A process that was ended on the agent's first steps in it had not come to saying that it runs. */
static void count_as_running(struct qmon__record_file *file) {
    const struct qmon_record_process *process = &file->copy->process;
    if (atomic_load(&file->copy->header.state) == QMON_STATE_EMPTY && process->pid != 0 &&
        process->created_boot_ns != 0)
        atomic_store(&file->copy->header.state, QMON_STATE_RUNNING);
}

static void take_over(struct recovery *recovery, struct qmon__record_file *file) {
    int error = qmon__record_load(file, QMON__LOAD_HEAD, true);
    if (error == -EBADMSG)
        handle_damaged(recovery, file);
    if (error < 0)
        return;
    const struct qmon_record_process *process = &file->copy->process;
    bool here = process->pid_namespace == recovery->own_namespace;
    const struct qmon_known_end *known = recovery->known;
    if (known != NULL && (!here || known->pid != process->pid))
        known = NULL;
    enum qmon__life life = qmon__life_of(file);
    if (known != NULL && life != QMON__LIFE_DEAD_BOOT)
        life = QMON__LIFE_DEAD;
    if ((life != QMON__LIFE_DEAD && life != QMON__LIFE_DEAD_BOOT) || (known == NULL && may_be_replaced(recovery, file)))
        return;
    /* What was read before it was seen to be dead may be older than its crash. */
    if (qmon__record_load(file, QMON__LOAD_HEAD, true) < 0)
        return;
    count_as_running(file);
    if (atomic_load(&file->copy->header.state) == QMON_STATE_DONE)
        qmon__record_remove(file);
    else if (known != NULL || !here || !parent_will_tell(recovery, file))
        settle_dead(recovery, file, life, known);
}

/* Cheap and safe: a number that is in use is, nearly always, still the owner's. */
static bool seems_alive(const struct recovery *recovery, const struct qmon__record_name *parsed) {
    return parsed->pid_namespace == recovery->own_namespace && !parsed->moved_aside &&
           (kill((pid_t) parsed->pid, 0) == 0 || errno == EPERM);
}

/* Another may be looking at it just now, and may have looked before a parent could say how it ended: that word would be lost if
 * both went by. */
static bool lock(const struct recovery *recovery, struct qmon__record_file *file) {
    if (qmon__record_try_lock(file, QMON__LOCK_PROCESS) == 0)
        return true;
    if (qmon__record_load(file, QMON__LOAD_HEAD, true) < 0 || file->copy->end.seen_by_parent != 1 ||
        atomic_load(&file->copy->header.state) == QMON_STATE_DONE)
        return false;
    uint64_t until_ms = qmon_monotonic_ms() + SEEN_MS;
    if (until_ms > recovery->pass->deadline_ms)
        until_ms = recovery->pass->deadline_ms;
    return qmon__record_lock_until(file, QMON__LOCK_PROCESS, until_ms) == 0;
}

static bool visit(void *context, int directory, const char *name, const struct qmon__record_name *parsed) {
    struct recovery *recovery = context;
    if (qmon_monotonic_ms() >= recovery->pass->deadline_ms)
        return false;
    if (recovery->quick && seems_alive(recovery, parsed))
        return true;
    struct qmon__record_file file;
    int error = qmon__record_open_at(&file, directory, name);
    if (error < 0) {
        if (error != -ENOENT)
            qmon_log("record %s cannot be opened: %s", name, strerror(-error));
        return true;
    }
    if (lock(recovery, &file) && !qmon__record_is_locked(&file, QMON__LOCK_CRASH))
        take_over(recovery, &file);
    qmon__record_close(&file);
    return true;
}

unsigned qmon__recover(struct qmon__pass *pass, const struct qmon__places *places, const struct qmon_known_end *known,
                       bool quick) {
    struct recovery recovery = {.pass = pass,
                                .known = known,
                                .own_namespace = qmon__proc_namespace(0, "pid"),
                                .quick = quick && qmon__proc_is_ours()};
    qmon__places_visit(places, visit, &recovery);
    return recovery.events;
}

int qmon_recover(struct qmon_store *store, const struct qmon_config *config, const char *state_dir,
                 const struct qmon_known_end *known, unsigned *ret_recovered) {
    struct qmon__pass pass;
    struct qmon__places places;
    qmon__pass_borrow(&pass, config, store, qmon_monotonic_ms() + RECOVER_MS);
    qmon__places_open(&places, state_dir, config);
    *ret_recovered = qmon__recover(&pass, &places, known, false);
    qmon__places_close(&places);
    qmon__tell_resolved(&pass, qmon_real_ms());
    qmon__tell_loops_over(&pass, qmon_real_ms());
    qmon__tell_digests(&pass, true);
    qmon__pass_close(&pass);
    qmon_store_retain(store, qmon_real_ms());
    return 0;
}

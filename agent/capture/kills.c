#include "kills.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "agent.h"
#include "births.h"
#include "clock.h"
#include "dying.h"
#include "entries.h"
#include "own.h"
#include "record_file.h"
#include "sharers.h"
#include "start_time.h"
#include "text.h"

#define REMEMBERED 64u
#define MOST_RECORDS 20000u /* that are looked at for a group */
#define EVERYBODY (-1)

static _Atomic int targets[REMEMBERED]; /* 0: none */
static _Atomic unsigned next_target QMON__HOT;

static void describe(int pid, struct qmon_record_killer *ret_killer) {
    memset(ret_killer, 0, sizeof *ret_killer);
    ret_killer->pid = (uint32_t) pid;
    ret_killer->real_ns = qmon__real_ns();
    qmon__copy_text(ret_killer->name, sizeof ret_killer->name, qmon__base_name(qmon__own_image.executable));
}

/* Whoever has a record that says of itself that it has ended is not killed any more; nor is a record without a live owner meant. */
static bool can_be_killed(int pid, struct qmon__relative *ret_relative) {
    if (qmon__record_of_live_process(pid, ret_relative))
        return ret_relative->state == QMON_STATE_RUNNING || ret_relative->state == QMON_STATE_EMPTY;
    return qmon__record_of_process(pid, ret_relative) && ret_relative->state == QMON_STATE_EXEC;
}

/* A child that has no record, and that fork() would have given one: made by vfork, or by a bare system call. */
static bool is_untold_child(int pid) {
    struct qmon__relative relative;
    return !qmon__record_of_process(pid, &relative) && qmon__parent_of(pid) == qmon__getpid() &&
           !qmon__birth_known(pid);
}

/* What is written, and how long who is dying of something else already may take over it. */
struct note {
    struct qmon_record_killer killer;
    uint64_t until_boot_ns;
};

static void write_killer(int pid, const struct note *of_all) {
    char path[QMON_RECORD_PATH_BYTES];
    struct qmon__relative relative;
    struct qmon_record_killer note = of_all->killer;
    const struct qmon__own_image *own = &qmon__own_image;
    if (pid == qmon__getpid()) {
        qmon__agent.record->header.killer = note;
        return;
    }
    qmon__let_die(pid, of_all->until_boot_ns);
    if (!can_be_killed(pid, &relative) || !qmon__record_path(pid, path)) {
        if (note.pid != 0 && is_untold_child(pid))
            qmon__sharer_killed(pid, false);
        return;
    }
    if (note.pid != 0 && relative.root_pid == own->root_pid &&
        relative.root_created_boot_ns == own->root_created_boot_ns)
        note.relation = QMON_KILLER_KIN;
    const int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return;
    qmon__sys_4(SYS_pwrite64, fd, &note, sizeof note, offsetof(struct qmon_record, header.killer));
    qmon__sys_1(SYS_close, fd);
}

/* The number in a record's name that begins as our own does; 0: another one. */
static int pid_of_name(const char *name, const char *own_name) {
    const size_t prefix = (size_t) (strchr(own_name, '-') - own_name) + 1;
    uint64_t pid;
    if (strncmp(name, own_name, prefix) != 0 || !qmon__parse_count(name + prefix, &pid) || pid > INT32_MAX)
        return 0;
    return (int) pid;
}

static bool is_meant(int pid, int group) {
    if (group == EVERYBODY) /* but for who asks for it */
        return pid != qmon__getpid() && pid != 1;
    return qmon__sys_1(SYS_getpgid, pid) == group;
}

struct whom {
    const char *own_name; /* of our record */
    int group;
    const struct note *note;
};

static void write_if_meant(const char *name, void *argument) {
    const struct whom *const whom = argument;
    const int pid = pid_of_name(name, whom->own_name);
    if (pid > 0 && is_meant(pid, whom->group))
        write_killer(pid, whom->note);
}

/* All that have a record beside ours, and are of the group; or EVERYBODY. */
static void write_group(int group, const struct note *note) {
    char path[QMON_RECORD_PATH_BYTES];
    if (!qmon__record_path(qmon__getpid(), path))
        return;
    char *const name = strrchr(path, '/') + 1;
    name[-1] = '\0';
    const int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    qmon__each_entry(fd, MOST_RECORDS * 48 / QMON__ENTRIES_BYTES, write_if_meant, &(struct whom){name, group, note});
    qmon__sys_1(SYS_close, fd);
}

static void remember(int pid) {
    const unsigned place = atomic_fetch_add_explicit(&next_target, 1, memory_order_relaxed) % REMEMBERED;
    atomic_store_explicit(&targets[place], pid, memory_order_release);
}

struct group {
    int number;
    uint64_t until_boot_ns;
};

/* One that is dying of another signal may have no record any more that it would be found by. */
static void see_to_child(int child, void *argument) {
    const struct group *group = argument;
    if (!is_meant(child, group->number))
        return;
    qmon__let_die(child, group->until_boot_ns);
    remember(child);
}

static int group_of(int target) {
    return target == EVERYBODY ? EVERYBODY : target == 0 ? (int) qmon__sys_1(SYS_getpgid, 0) : -target;
}

static void write_target(int target, const struct note *note) {
    if (target > 0)
        write_killer(target, note);
    else
        write_group(group_of(target), note);
}

/* A process that shares its maker's memory has nobody else's record to write to, but may end itself. */
static void note_of_sharer(int target) {
    const int pid = qmon__getpid();
    if (target == pid || (target <= 0 && is_meant(pid, group_of(target))))
        qmon__sharer_killed(pid, true);
}

void qmon__kills_note(int target) {
    if (!qmon__agent.active)
        return;
    if (!qmon__becomes_owner()) {
        note_of_sharer(target);
        return;
    }
    struct note note = {.until_boot_ns = qmon__boot_ns() + QMON__LET_DIE_NS};
    struct group group = {group_of(target), note.until_boot_ns};
    if (target > 0)
        remember(target);
    else
        qmon__births_visit(see_to_child, &group);
    describe(qmon__getpid(), &note.killer);
    write_target(target, &note);
}

static bool forget(int pid) {
    if (atomic_load_explicit(&next_target, memory_order_acquire) == 0)
        return false;
    bool found = false;
    for (unsigned i = 0; i < REMEMBERED; i++) {
        int expected = pid;
        found = atomic_compare_exchange_strong_explicit(&targets[i], &expected, 0, memory_order_acq_rel,
                                                        memory_order_relaxed) ||
                found;
    }
    return found;
}

void qmon__kills_undo(int target) {
    const struct note nobody = {0};
    if (!qmon__agent.active || !qmon__is_owner())
        return;
    forget(target);
    qmon__sharer_ended(target);
    write_target(target, &nobody);
}

bool qmon__kills_include(int pid) {
    return forget(pid);
}

void qmon__kills_describe(int pid, struct qmon_record_killer *ret_killer) {
    describe(pid, ret_killer);
    ret_killer->relation = QMON_KILLER_KIN;
}

void qmon__kills_forget(int pid) {
    forget(pid);
}

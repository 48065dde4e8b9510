/*
 * The life of the process as the record tells it: how it begins, by an exec or a fork. Its end: ends.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/paths.h>

#include "agent.h"
#include "alternate_stack.h"
#include "attendant.h"
#include "background.h"
#include "births.h"
#include "cause.h"
#include "children.h"
#include "clock.h"
#include "crumbs.h"
#include "dispositions.h"
#include "fatal.h"
#include "faults.h"
#include "identity.h"
#include "kin.h"
#include "launch.h"
#include "mask.h"
#include "modules.h"
#include "own.h"
#include "record_file.h"
#include "ring.h"
#include "settings.h"
#include "signals.h"
#include "text.h"
#include "thread.h"
#include "unwind.h"

struct qmon__agent qmon__agent QMON__HOT;

/* What only glibc has. Weak, so that a program of another libc starts all the same, without the agent at work in it. */
extern void *__dso_handle __attribute__((visibility("hidden")));
int on_exit(void (*function)(int status, void *argument), void *argument) __attribute__((weak));
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *handle)
    __attribute__((weak));
int getcontext(ucontext_t *ret_context) __attribute__((weak));

static bool is_glibc(void) {
    return on_exit != NULL && __register_atfork != NULL && getcontext != NULL;
}

/* Is this our own command? It must not monitor itself. */
static bool is_receiver(const char *executable) {
    if (strcmp(qmon__base_name(executable), "qmon") != 0)
        return false;
    char first[600], second[600];
    struct stat own, other;
    qmon__receiver_paths(first, second);
    return stat(executable, &own) == 0 && ((stat(first, &other) == 0 && own.st_ino == other.st_ino) ||
                                           (stat(second, &other) == 0 && own.st_ino == other.st_ino));
}

/* The link says it, "pid:[INODE]": to follow it would cost half as much again. */
static void find_namespace(void) {
    char text[40];
    const long count = qmon__sys_4(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/pid", text, sizeof text - 1);
    uint64_t inode;
    if (count > 0 && text[count - 1] == ']') {
        text[count - 1] = '\0';
        const char *const number = strchr(text, '[');
        if (number != NULL && qmon__parse_count(number + 1, &inode))
            qmon__agent.pid_namespace = inode;
    }
    qmon__agent.contained = qmon__agent.pid_namespace != 0 && qmon__agent.pid_namespace != QMON_INITIAL_PID_NAMESPACE;
}

static uint32_t flags_of(bool root) {
    uint32_t flags = root ? QMON_PROCESS_ROOT : 0;
    if (qmon__settings.lifecycle == QMON__WHO_ALL || (root && qmon__settings.lifecycle == QMON__WHO_ROOT))
        flags |= QMON_PROCESS_TELL_LIFECYCLE;
    if (qmon__settings.exit == QMON__WHO_ALL || (root && qmon__settings.exit == QMON__WHO_ROOT))
        flags |= QMON_PROCESS_TELL_EXIT;
    if (qmon__agent.contained)
        flags |= QMON_PROCESS_CONTAINED;
    if (qmon__agent.is_init)
        flags |= QMON_PROCESS_INIT;
    return flags;
}

static void begin_life(struct qmon__life *life, int pid) {
    qmon__life_ids(life, pid);
    life->created_boot_ns = qmon__boot_ns();
    life->created_real_ns = life->image_real_ns = qmon__real_ns();
}

static void find_root(struct qmon__life *life, struct qmon__own_image *image) {
    struct qmon__relative relative;
    const bool has_parent = qmon__record_of_live_process((int) life->parent_pid, &relative);
    life->host_parent_known = has_parent;
    life->flags = flags_of(!has_parent) | (image->command_truncated ? QMON_PROCESS_COMMAND_TRUNCATED : 0);
    image->root_pid = has_parent ? relative.root_pid : life->pid;
    image->root_created_boot_ns = has_parent ? relative.root_created_boot_ns : life->created_boot_ns;
}

/* A new image of a process that has a record already. Returns whether there was an image of it before that told its start. */
static bool continue_life(struct qmon__life *life, const struct qmon_record_process *process, int pid) {
    const bool first_image = (process->flags & QMON_PROCESS_UNSTARTED) != 0;
    const bool root = (process->flags & QMON_PROCESS_ROOT) != 0;
    qmon__life_of(process, life);
    qmon__life_ids(life, pid);
    life->flags = flags_of(root);
    life->image_real_ns = qmon__real_ns();
    life->execs += !first_image;
    return !first_image;
}

static void tell_start(const char *why) {
    if (qmon__orphans_are_seen())
        qmon__background_ask(QMON__CHORE_START);
    else
        qmon__attendant_start(why);
}

/* Who we are is put together first: should the process be ended on the steps in between, its record is of use all the same. Returns
 * what continue_life() does; false for a new record. */
static bool enter_record(int pid, int argc, char **argv, const char *executable, const char *working_directory) {
    struct qmon__life *const life = &qmon__own_life;
    struct qmon__own_image *const image = &qmon__own_image;
    begin_life(life, pid);
    if (qmon__agent.contained)
        qmon__identity_of_boot(image->boot_id);
    qmon__identity_keep(executable, working_directory, argc, argv);
    const enum qmon__record_outcome outcome = qmon__record_acquire(pid);
    struct qmon_record_process *process = &qmon__agent.record->process;
    qmon__ring_begin(outcome == QMON__RECORD_ADOPTED);
    if (outcome != QMON__RECORD_ADOPTED) {
        find_root(life, image);
        qmon__identity_with(life, process);
        return false;
    }
    const bool continued = continue_life(life, process, pid);
    qmon__put_life(life, process);
    qmon__identity_of_image(process, executable, working_directory);
    qmon__identity_of_command(process, argc, argv);
    life->flags = process->flags;
    memcpy(image->boot_id, process->boot_id, sizeof image->boot_id);
    image->root_pid = process->root_pid;
    image->root_created_boot_ns = process->root_created_boot_ns;
    return continued;
}

void qmon__process_start(int argc, char **argv, char **envp) {
    char executable[QMON_PATH_BYTES] = "", working_directory[QMON_PATH_BYTES] = "";
    struct qmon__agent *agent = &qmon__agent;
    if (getauxval(AT_SECURE) != 0 || !is_glibc())
        return;
    qmon__sys_4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", executable, sizeof executable - 1);
    qmon__sys_2(SYS_getcwd, working_directory, sizeof working_directory);
    qmon__find_library(working_directory);
    if (!qmon__settings_read(envp, executable, working_directory) || is_receiver(executable))
        return;
    qmon__clock_start();
    const int pid = qmon__getpid();
    agent->page_bytes = (uint32_t) getauxval(AT_PAGESZ);
    agent->is_init = pid == 1;
    find_namespace();
    const bool continued = enter_record(pid, argc, argv, executable, working_directory);
    if (qmon__record_is_occupied())
        return;
    atomic_store_explicit(&agent->pid, pid, memory_order_relaxed);
    agent->active = true;
    qmon__set_state(QMON_STATE_RUNNING);
    qmon__kin_note_subreaper(); /* an exec keeps that */
    qmon__thread.stack_top = (uintptr_t) __builtin_frame_address(0);
    qmon__alternate_stack_of_main();
    qmon__dispositions_start();
    qmon__mask_start();
    qmon__ends_start();
    __register_atfork(NULL, qmon__crumb_of_fork, qmon__process_forked, &__dso_handle);
    if (qmon__own_life.flags & QMON_PROCESS_TELL_LIFECYCLE)
        tell_start(continued ? "exec" : "start");
}

void qmon__life_of_child(struct qmon__life *ret_life, int pid) {
    const struct qmon__life maker = qmon__own_life;
    begin_life(ret_life, pid);
    const bool again = maker.pid == (uint32_t) pid;                  /* a signal handler came in between */
    if (ret_life->parent_pid != 0)                                   /* its parent is in this namespace */
        ret_life->parent_pid = again ? maker.parent_pid : maker.pid; /* which may be gone already */
    ret_life->flags = flags_of(false) | QMON_PROCESS_FORKED | (maker.flags & QMON_PROCESS_COMMAND_TRUNCATED);
    ret_life->announced = 0;
    ret_life->execs = 0;
    ret_life->host_parent_known = 1;
    ret_life->session = maker.session;
}

/* The parent's. Most have none, and what is not written to is not copied for the child. */
static void forget_faults(void) {
    if (qmon__thread.fault_count != 0)
        qmon__thread.fault_count = 0;
    if (qmon__thread.aborting)
        qmon__thread.aborting = false;
}

/* A process that the bare clone made has told nobody of its new namespace, where it is 1 as a rule: its children notice. */
static bool is_child_of(int owner) {
    const int parent = (int) qmon__sys(SYS_getppid);
    return parent == owner && parent > 1;
}

void qmon__process_forked(void) {
    struct qmon__agent *agent = &qmon__agent;
    if (!agent->active)
        return;
    const int pid = qmon__getpid();
    qmon__make_pages((void *) ((uintptr_t) agent & ~((uintptr_t) agent->page_bytes - 1)), agent->page_bytes);
    agent->is_init = pid == 1;
    if (pid == 1 || agent->namespace_may_differ ||
        !is_child_of(atomic_load_explicit(&agent->pid, memory_order_relaxed)))
        find_namespace();
    agent->namespace_may_differ = false;
    qmon__background_forked();
    qmon__attendant_forked();
    qmon__fatal_forked();
    qmon__unwind_forked();
    forget_faults();
    qmon__life_of_child(&qmon__own_life, pid);
    qmon__ring_begin(qmon__record_acquire(pid) == QMON__RECORD_ADOPTED);
    qmon__identity_with(&qmon__own_life, &agent->record->process);
    qmon__ends_forked();
    atomic_store_explicit(&agent->pid, pid, memory_order_relaxed);
    qmon__set_state(QMON_STATE_RUNNING);
    qmon__birth_begun(pid);
    if (agent->record->process.flags & QMON_PROCESS_TELL_LIFECYCLE)
        tell_start("start");
}

/* The mapping of the parent's record is not inherited (MADV_DONTFORK), but seen by a child that shares its memory. */
bool qmon__becomes_owner(void) {
    unsigned char present;
    if (qmon__is_owner())
        return true;
    if (qmon__agent.record == &qmon__spare_record ||
        qmon__sys_3(SYS_mincore, qmon__agent.record, qmon__agent.page_bytes, &present) != -ENOMEM)
        return false;
    qmon__process_forked();
    return true;
}

void qmon__process_leaves_session(int session) {
    if (!qmon__agent.active || !qmon__becomes_owner())
        return;
    qmon__own_life.session = (uint32_t) session; /* its children inherit it */
    qmon__agent.record->process.session = (uint32_t) session;
}

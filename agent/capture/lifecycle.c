/*
 * The life of the process as the record tells it: start, fork, exec, the two ways to end that are no crash.
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

static struct qmon__spawn_stacks spawn_stacks;
static struct qmon_record_process own_identity __attribute__((aligned(4096))); /* in one page */
static _Atomic bool ended QMON__HOT;

static void set_state(uint32_t state) {
    atomic_store_explicit(&qmon__agent.record->header.state, state, memory_order_release);
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

static void find_namespace(void) {
    struct stat status;
    if (qmon__sys_4(SYS_newfstatat, AT_FDCWD, "/proc/self/ns/pid", &status, 0) == 0)
        qmon__agent.pid_namespace = status.st_ino;
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

static void begin_identity(struct qmon_record_process *process, int pid) {
    qmon__identity_of_process(process, pid);
    process->created_boot_ns = qmon__boot_ns();
    process->created_real_ns = process->image_real_ns = qmon__real_ns();
    if (qmon__agent.contained)
        qmon__identity_of_boot(process);
}

static void find_root(struct qmon_record_process *process) {
    struct qmon__relative relative;
    if (qmon__record_of_live_process((int) process->parent_pid, &relative)) {
        process->flags = flags_of(false);
        process->host_parent_known = 1;
        process->root_pid = relative.root_pid;
        process->root_created_boot_ns = relative.root_created_boot_ns;
    } else {
        process->flags = flags_of(true);
        process->root_pid = process->pid;
        process->root_created_boot_ns = process->created_boot_ns;
    }
}

/* A new image of a process that has a record already. Returns whether there was an image of it before that told its start. */
static bool continue_record(struct qmon_record_process *process, int pid) {
    const bool first_image = (process->flags & QMON_PROCESS_UNSTARTED) != 0;
    const bool root = (process->flags & QMON_PROCESS_ROOT) != 0;
    qmon__identity_of_process(process, pid);
    process->flags = flags_of(root);
    process->image_real_ns = qmon__real_ns();
    process->execs += !first_image;
    return !first_image;
}

/* Reports in the ring are addresses, which the receiver looks up in the maps of this process, and lets it go then. */
static void tell_stop(void) {
    static struct qmon__loose last;
    const bool by_signal =
        qmon__agent.record->end.how == QMON_END_SIGNAL; /* a core dump may take along who shares memory */
    const bool hold = (qmon__agent.record->process.flags & (QMON_PROCESS_INIT | QMON_PROCESS_CONTAINED)) != 0;
    const bool stay = qmon__kin_has_subreaper();
    const bool must_await = hold || stay || qmon__ring_has_events();
    if (!must_await && qmon__attendant_takes_end())
        return;
    const bool await = must_await || !qmon__record_is_in_reach();
    bool copied = false;
    const struct qmon__spawn_request request = {.why = "stop",
                                                .manner = await ? QMON__SPAWN_AWAITED : QMON__SPAWN_DETACHED,
                                                .wait_ms = qmon__settings.deadline_ms,
                                                .dying = true,
                                                .hold = hold,
                                                .stay = stay,
                                                .stacks = &spawn_stacks,
                                                .loose = await || by_signal ? NULL : &last,
                                                .ret_copied = &copied};
    if (qmon__spawn_receiver(&request) == 0 && copied && await)
        qmon__record_told_by_copy(qmon__agent.record);
}

/* Where an orphaned receiver would be reaped by the host, which is init or a subreaper, or by a host above it, the background thread
 * keeps it. */
void qmon__tell_found(void) {
    const struct qmon__spawn_request request = {
        .why = "found", .manner = QMON__SPAWN_DETACHED, .stacks = &spawn_stacks};
    if (qmon__orphans_are_seen())
        qmon__background_ask(QMON__CHORE_FOUND);
    else
        qmon__spawn_receiver(&request);
}

static void tell_start(const char *why) {
    if (qmon__orphans_are_seen())
        qmon__background_ask(QMON__CHORE_START);
    else
        qmon__attendant_start(why);
}

/* With the end in the record but untold it is found, should ThreadSanitizer not end the process after all. */
static void at_exit(int status, void *unused) {
    (void) unused;
    if (!qmon__sanitizer_ends_later() || !qmon__is_owner()) {
        qmon__process_exits(status);
        return;
    }
    qmon__agent.record->end = (struct qmon_record_end){
        .how = QMON_END_EXIT, .status = status & 0xff, .real_ns = qmon__real_ns(), .boot_ns = qmon__boot_ns()};
    set_state(QMON_STATE_STOPPED);
}

/* Who we are is put together first: should the process be ended on the steps in between, its record is of use all the same. Returns
 * what continue_record() does; false for a new record. */
static bool enter_record(int pid, int argc, char **argv, const char *executable, const char *working_directory) {
    qmon__make_pages(&own_identity, sizeof own_identity);
    begin_identity(&own_identity, pid);
    qmon__identity_of_image(&own_identity, executable, working_directory);
    qmon__identity_of_command(&own_identity, argc, argv);
    const enum qmon__record_outcome outcome = qmon__record_acquire(pid);
    struct qmon_record_process *process = &qmon__agent.record->process;
    qmon__ring_begin(outcome == QMON__RECORD_ADOPTED);
    if (outcome != QMON__RECORD_ADOPTED) {
        find_root(&own_identity);
        memcpy(process, &own_identity, sizeof own_identity);
        return false;
    }
    const bool continued = continue_record(process, pid);
    qmon__identity_of_image(process, executable, working_directory);
    qmon__identity_of_command(process, argc, argv);
    memcpy(&own_identity, process, sizeof own_identity);
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
    set_state(QMON_STATE_RUNNING);
    qmon__kin_note_subreaper(); /* an exec keeps that */
    qmon__thread.stack_top = (uintptr_t) __builtin_frame_address(0);
    qmon__alternate_stack_of_main();
    qmon__dispositions_start();
    qmon__mask_start();
    on_exit(at_exit, NULL);
    __register_atfork(NULL, qmon__crumb_of_fork, qmon__process_forked, &__dso_handle);
    if (own_identity.flags & QMON_PROCESS_TELL_LIFECYCLE)
        tell_start(continued ? "exec" : "start");
}

void qmon__identity_inherit(struct qmon_record_process *process, int pid) {
    const uint32_t maker = process->pid;
    atomic_store_explicit(&process->announced, 0, memory_order_relaxed);
    qmon__identity_of_process(process, pid);
    if (process->parent_pid != 0)    /* its parent is in this namespace */
        process->parent_pid = maker; /* which may be gone already */
    process->created_boot_ns = qmon__boot_ns();
    process->created_real_ns = process->image_real_ns = qmon__real_ns();
    process->execs = 0;
    atomic_store_explicit(&process->child_signals, 0, memory_order_relaxed);
    atomic_store_explicit(&process->child_signals_told, 0, memory_order_relaxed);
    process->host_parent_known = 1;
    atomic_store_explicit(&process->handled_signals, qmon__dispositions_handled(), memory_order_relaxed);
    process->flags = flags_of(false) | QMON_PROCESS_FORKED | (process->flags & QMON_PROCESS_COMMAND_TRUNCATED);
}

void qmon__process_forked(void) {
    struct qmon__agent *agent = &qmon__agent;
    if (!agent->active)
        return;
    const int pid = qmon__getpid();
    qmon__make_pages((void *) ((uintptr_t) agent & ~((uintptr_t) agent->page_bytes - 1)), agent->page_bytes);
    qmon__make_pages(&own_identity, sizeof own_identity);
    agent->is_init = pid == 1;
    if (pid == 1 || agent->namespace_may_differ)
        find_namespace();
    agent->namespace_may_differ = false;
    qmon__background_forked();
    qmon__attendant_forked();
    qmon__alternate_stack_forked();
    qmon__fatal_forked();
    qmon__unwind_forked();
    qmon__thread.fault_count = 0; /* the parent's */
    qmon__thread.aborting = false;
    qmon__identity_inherit(&own_identity, pid);
    qmon__ring_begin(qmon__record_acquire(pid) == QMON__RECORD_ADOPTED);
    memcpy(&agent->record->process, &own_identity, sizeof own_identity);
    atomic_store_explicit(&ended, false, memory_order_relaxed);
    atomic_store_explicit(&agent->pid, pid, memory_order_relaxed);
    set_state(QMON_STATE_RUNNING);
    qmon__birth_begun(pid);
    if (agent->record->process.flags & QMON_PROCESS_TELL_LIFECYCLE)
        tell_start("start");
}

const struct qmon_record_process *qmon__own_identity(void) {
    return &own_identity;
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
    own_identity.session = (uint32_t) session; /* its children inherit it */
    qmon__agent.record->process.session = (uint32_t) session;
}

/* Has the process failed in the moment after it was made a daemon, with its root gone and the receiver of that root's end not
 * there yet? Then the end may be the root's. */
static bool may_be_in_roots_place(const struct qmon_record_end *how) {
    const struct qmon_record_process *process = &qmon__agent.record->process;
    if (!(process->flags & QMON_PROCESS_FORKED) || process->session == 0 || process->session == process->root_pid ||
        process->execs != 0 || (how->how == QMON_END_EXIT && how->status == 0))
        return false;
    return qmon__record_awaits_successor((int) process->root_pid) ||
           qmon__record_awaits_successor((int) process->parent_pid);
}

/* The end is in the record; who is to be told? */
static void end(const struct qmon_record_end *how) {
    struct qmon_record *record = qmon__agent.record;
    struct qmon__scan scan = {.complete = false};
    if (how->how == QMON_END_EXIT && how->status == 0)
        qmon__mark_last_child();
    if (qmon__ring_has_events()) /* whoever takes them out cannot ask the process any more what was mapped */
        qmon__modules_scan(&record->modules, &scan);
    record->end = *how;
    set_state(QMON_STATE_STOPPED);
    atomic_thread_fence(memory_order_seq_cst);
    const uint32_t flags = record->process.flags; /* a daemon may have been given the root's role up to now */
    const bool failed = how->how == QMON_END_EXIT && how->status != 0;
    if ((flags & QMON_PROCESS_TELL_LIFECYCLE) || ((flags & QMON_PROCESS_TELL_EXIT) && failed) ||
        qmon__ring_has_events() || may_be_in_roots_place(how))
        tell_stop();
    else if (!failed || !qmon__repeats_child(how->status)) /* which the parent is to read */
        qmon__record_unlink();
    qmon__background_settle();
}

struct exiting {
    int status;
    bool crashed;
};

/* Is this exit a handler's way of giving up on a fault? Then that is what is told. */
static void look_for_fault(void *argument) {
    struct exiting *exiting = argument;
    struct qmon__fault fault;
    if (!qmon__in_fault_handler(&fault) || !qmon__is_crash(fault.signal))
        return;
    const struct qmon__death death = {.signal = fault.signal,
                                      .info = &fault.info_copy,
                                      .context = fault.context,
                                      .origin = QMON_ORIGIN_HANDLER,
                                      .exit_status = exiting->status};
    qmon__fatal(&death);
    exiting->crashed = true;
}

void qmon__process_exits(int status) {
    struct exiting exiting = {.status = status & 0xff};
    if (!qmon__agent.active || !qmon__becomes_owner())
        return;
    if (qmon__thread.fault_count > 0) {
        const qmon__sigset mask = ~QMON__FAULT_SIGNALS;
        qmon__sigset before;
        qmon__sigprocmask(SIG_SETMASK, &mask, &before);
        qmon__on_own_stack(look_for_fault, &exiting);
        qmon__sigprocmask(SIG_SETMASK, &before, NULL);
    }
    if (exiting.crashed)
        return;
    qmon__claim_exit();
    if (!atomic_exchange_explicit(&ended, true, memory_order_acq_rel)) {
        const struct qmon_record_end how = {
            .how = QMON_END_EXIT, .status = exiting.status, .real_ns = qmon__real_ns(), .boot_ns = qmon__boot_ns()};
        end(&how);
    }
}

void qmon__process_condemned(void) {
    ucontext_t here;
    siginfo_t nothing;
    if (!qmon__agent.active || !qmon__becomes_owner() || getcontext(&here) != 0)
        return;
    memset(&nothing, 0, sizeof nothing);
    const struct qmon__death death = {.info = &nothing, .context = &here, .origin = QMON_ORIGIN_SANITIZER};
    const qmon__sigset mask = ~QMON__FAULT_SIGNALS;
    qmon__sigset before;
    qmon__sigprocmask(SIG_SETMASK, &mask, &before);
    qmon__fatal(&death);
    qmon__sigprocmask(SIG_SETMASK, &before, NULL);
}

void qmon__process_stopped(int signal, int code, int sender_pid, int sender_uid) {
    if (!qmon__agent.active || !qmon__becomes_owner())
        return;
    qmon__claim_exit();
    const struct qmon_record_end how = {.how = QMON_END_SIGNAL,
                                        .signal = signal,
                                        .signal_code = code,
                                        .sender_pid = (uint32_t) sender_pid,
                                        .sender_uid = (uint32_t) sender_uid,
                                        .real_ns = qmon__real_ns(),
                                        .boot_ns = qmon__boot_ns()};
    end(&how);
}

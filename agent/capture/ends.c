/*
 * The end of the process as the record tells it: the two ways that are no crash, and who is told.
 */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "agent.h"
#include "alternate_stack.h"
#include "attendant.h"
#include "background.h"
#include "births.h"
#include "cause.h"
#include "children.h"
#include "clock.h"
#include "dispositions.h"
#include "fatal.h"
#include "faults.h"
#include "kin.h"
#include "launch.h"
#include "modules.h"
#include "panic.h"
#include "record_file.h"
#include "ring.h"
#include "settings.h"
#include "signals.h"
#include "thread.h"

/* Only glibc has it; without, the agent does not start (lifecycle.c). */
int getcontext(ucontext_t *ret_context) __attribute__((weak));
int on_exit(void (*function)(int status, void *argument), void *argument) __attribute__((weak));

static struct qmon__spawn_stacks spawn_stacks;
static _Atomic bool ended QMON__HOT;

void qmon__ends_forked(void) {
    atomic_store_explicit(&ended, false, memory_order_relaxed);
}

/* explains: the record has addresses, of reports in the ring or of a panic, which the receiver looks up in the maps of this process, and
 * lets it go then. */
static void tell_stop(bool explains) {
    static struct qmon__loose last;
    const bool by_signal =
        qmon__agent.record->end.how == QMON_END_SIGNAL; /* a core dump may take along who shares memory */
    const bool hold = (qmon__agent.record->process.flags & (QMON_PROCESS_INIT | QMON_PROCESS_CONTAINED)) != 0;
    const bool stay = qmon__kin_has_subreaper();
    const bool must_await = hold || stay || explains;
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
    qmon__loose_leaves(&last, QMON__ATTENDANT_LEAVES_MS); /* where qmon cannot be read, it may take for ever */
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

/* Nobody is to be told. */
static void leave(const struct qmon_record_end *how) {
    if (how->how == QMON_END_EXIT)
        qmon__birth_left((int) qmon__agent.record->process.pid);
    qmon__record_unlink();
}

/* The end is in the record; who is to be told? */
static void end(const struct qmon_record_end *how) {
    struct qmon_record *record = qmon__agent.record;
    struct qmon__scan scan = {.complete = false};
    if (how->how == QMON_END_EXIT && how->status == 0)
        qmon__mark_last_child();
    const bool panicked = how->how == QMON_END_EXIT && how->status == QMON_PANIC_STATUS && qmon__panic_ends(record);
    if (qmon__ring_has_events() ||
        panicked) /* whoever takes them out cannot ask the process any more what was mapped */
        qmon__modules_scan(&record->modules, &scan);
    record->end = *how;
    qmon__set_state(QMON_STATE_STOPPED);
    atomic_thread_fence(memory_order_seq_cst);
    const uint32_t flags = record->process.flags; /* a daemon may have been given the root's role up to now */
    const bool failed = how->how == QMON_END_EXIT && how->status != 0;
    if ((flags & QMON_PROCESS_TELL_LIFECYCLE) || ((flags & QMON_PROCESS_TELL_EXIT) && failed) ||
        qmon__ring_has_events() || qmon__ring_has_counts() || may_be_in_roots_place(how))
        tell_stop(panicked || qmon__ring_has_events());
    else if (!failed || !qmon__repeats_child(how->status)) /* which the parent is to read */
        leave(how);
    qmon__background_settle();
    qmon__attendant_leave(QMON__ATTENDANT_LEAVES_MS);
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

void qmon__process_exits_by(long call, int status) {
    struct exiting exiting = {.status = status & 0xff};
    const long arguments[6] = {status};
    if (!qmon__agent.active)
        return;
    if (!qmon__becomes_owner()) {
        qmon__thread.guest_untold = false;
        return;
    }
    if (qmon__filters_seen() && qmon__filters_forbid(call, arguments))
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

void qmon__process_exits(int status) {
    qmon__process_exits_by(SYS_exit_group, status);
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

/* Before glibc 2.41 several threads can be in exit() at the same time, and take one handler after the other off its list. One that finds
 * none left would end the process under another one that tells the end there, or whose end is a crash; so this handler, which is
 * put back by whoever it keeps, waits for that end. */
static void hold(int status, void *unused) {
    (void) status;
    if (qmon__has_claimed_exit() || !qmon__ends_elsewhere())
        return;
    on_exit(hold, unused);
    qmon__claim_exit();
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
    qmon__set_state(QMON_STATE_STOPPED);
}

void qmon__ends_start(void) {
    for (unsigned i = 0; i < QMON__HOLDS; i++)
        on_exit(hold, NULL);
    on_exit(at_exit, NULL);
}

/*
 * The fatal path. The thread that comes first claims the crash slot and does, in this order: who and which signal,
 * registers; modules; its own stack; words; seal; receiver. `crash.stage` says after each step how far the record is
 * good, so that whoever reads it after a death in the middle knows. Each step that reads what may be broken runs under a
 * guard (guard.h): a fault in it ends the step, not the report.
 *
 * All threads share static work space here: only the claimant uses it, or a guest (a child of vfork) while no thread of the
 * process itself needs it. A guest that is killed in the middle leaves its number there, and is known by that to be gone.
 */
#include "fatal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "agent.h"
#include "alternate_stack.h"
#include "attendant.h"
#include "background.h"
#include "cause.h"
#include "clock.h"
#include "guard.h"
#include "kin.h"
#include "launch.h"
#include "machine.h"
#include "modules.h"
#include "other_threads.h"
#include "own.h"
#include "record_file.h"
#include "settings.h"
#include "signals.h"
#include "thread.h"
#include "unwind.h"
#include "valgrind.h"

#define FATAL_STACK_BYTES (96u * 1024u)

static char fatal_stack[FATAL_STACK_BYTES] __attribute__((aligned(64)));
static struct qmon__spawn_stacks fatal_spawn_stacks;
/* Who uses the work space: nobody (0), a thread of this process, or the guest of this number. Beside the claim in the record, which
 * may turn out to be unusable. */
static _Atomic int occupant QMON__HOT;

#define OCCUPIED_BY_OWNER (-1)

/* The thread that was the first at the end of exit(). Not a mark of the thread's own: what a fork's child writes there at its end would
 * have it given a copy of one page more. */
static _Atomic(const struct qmon__thread *) exiting QMON__HOT;

void qmon__fatal_forked(void) {
    atomic_store_explicit(&occupant, 0, memory_order_relaxed);
    atomic_store_explicit(&exiting, NULL, memory_order_relaxed);
}

bool qmon__is_crash(int signal) {
    return signal >= 1 && signal <= QMON__SIGNALS && (qmon__settings.crash_signals & QMON__SIGNAL_BIT(signal)) != 0;
}

static void pause_ms(unsigned ms) {
    const struct timespec patience = {.tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000};
    qmon__sys_2(SYS_nanosleep, &patience, NULL);
}

static void wait_for_the_end(void) {
    for (uint64_t waited = 0; waited < 2 * qmon__settings.deadline_ms; waited += 10)
        pause_ms(10);
}

/* The claim of a thread that ends the process without a crash. */
#define EXITING 0x80000000u

void qmon__claim_exit(void) {
    uint32_t claimant = 0;
    const uint32_t tid = (uint32_t) qmon__gettid();
    const struct qmon__thread *nobody = NULL;
    if (!atomic_compare_exchange_strong_explicit(&exiting, &nobody, &qmon__thread, memory_order_relaxed,
                                                 memory_order_relaxed) &&
        nobody != &qmon__thread)
        qmon__thread.exits = true;
    if (!atomic_compare_exchange_strong_explicit(&qmon__agent.record->crash.claimed_by, &claimant, tid | EXITING,
                                                 memory_order_acq_rel, memory_order_acquire) &&
        (claimant & ~EXITING) != tid)
        wait_for_the_end();
}

bool qmon__has_claimed_exit(void) {
    return qmon__thread.exits || atomic_load_explicit(&exiting, memory_order_relaxed) == &qmon__thread;
}

static uint32_t other_claimant(void) {
    const uint32_t claimant = atomic_load_explicit(&qmon__agent.record->crash.claimed_by, memory_order_acquire);
    return claimant != 0 && (claimant & ~EXITING) != (uint32_t) qmon__gettid() ? claimant : 0;
}

bool qmon__ends_elsewhere(void) {
    return qmon__agent.active && qmon__is_owner() && other_claimant() != 0;
}

void qmon__await_crash_elsewhere(void) {
    const uint32_t claimant = other_claimant();
    if (claimant != 0 && (claimant & EXITING) == 0)
        wait_for_the_end();
}

static void reach(struct qmon_record_crash *crash, enum qmon_crash_stage stage) {
    atomic_store_explicit(&crash->stage, stage, memory_order_release);
}

static void touch_pages(void *argument) {
    char *at = argument;
    for (size_t i = 0; i < sizeof(struct qmon_record); i += 4096)
        *(volatile char *) (at + i) = at[i];
}

/* Makes sure that the record can be written; goes on in private memory where it cannot (a full /dev/shm answers with
 * SIGBUS). */
static bool is_writable(struct qmon_record *record) {
    const size_t bytes = offsetof(struct qmon_record, crumbs);
    const long error = qmon__sys_3(SYS_madvise, record, (bytes + 4095) & ~(size_t) 4095, QMON__POPULATE_WRITE);
    const bool unwritable = error == -EFAULT || error == -ENOMEM || error == -EHWPOISON;
    return error == 0 || (!unwritable && qmon__guarded(touch_pages, record, 0));
}

static struct qmon_record *writable_record(void) {
    struct qmon_record *record = qmon__agent.record;
    if (record == &qmon__spare_record || is_writable(record))
        return record;
    qmon__record_use_spare();
    qmon__identity_with(&qmon__own_life, &qmon__spare_record.process);
    qmon__copy_guarded(&qmon__spare_record.process, &record->process, sizeof record->process);
    qmon__copy_guarded(&qmon__spare_record.crumbs, &record->crumbs, sizeof record->crumbs);
    return &qmon__spare_record;
}

static void keep_signal(struct qmon_record_crash *crash, const struct qmon__death *death, int error_number) {
    const siginfo_t *info = death->info;
    crash->origin = death->origin;
    crash->exit_status = (uint32_t) death->exit_status;
    crash->signal = death->signal;
    crash->error_number = error_number;
    crash->tid = (uint32_t) qmon__gettid();
    crash->real_ns = qmon__real_ns();
    crash->boot_ns = qmon__boot_ns();
    crash->code = info->si_code;
    if (death->signal == SIGSYS && info->si_code > 0) {
        crash->address = (uint64_t) (uintptr_t) info->si_call_addr;
        crash->signal_detail = (uint32_t) info->si_syscall;
    } else if (info->si_code > 0 && death->signal != 0 &&
               (QMON__FAULT_SIGNALS & QMON__SIGNAL_BIT(death->signal)) != 0) {
        crash->address = (uint64_t) (uintptr_t) info->si_addr;
    } else if (info->si_code <= 0 && death->signal != 0) {
        crash->sender_pid = (uint32_t) info->si_pid;
        crash->sender_uid = (uint32_t) info->si_uid;
    }
    qmon__sys_2(SYS_prctl, PR_GET_NAME, crash->thread_name);
    crash->register_count = qmon__keep_registers(death->context, crash->registers);
}

static void keep_memory(struct qmon_record_crash *crash, const ucontext_t *context) {
    const uintptr_t sp = qmon__stack_pointer(context), pc = qmon__program_counter(context);
    for (uint32_t bytes = QMON_CRASH_STACK_BYTES; bytes >= 64 && crash->stack_byte_count == 0; bytes /= 2)
        if (qmon__copy_guarded(crash->stack_bytes, (const void *) sp, bytes)) {
            crash->stack_byte_count = bytes;
            crash->stack_start = sp;
        }
    crash->code_start = pc > QMON_CRASH_CODE_BYTES / 2 ? pc - QMON_CRASH_CODE_BYTES / 2 : pc;
    if (qmon__copy_guarded(crash->code_bytes, (const void *) crash->code_start, QMON_CRASH_CODE_BYTES)) {
        crash->code_byte_count = QMON_CRASH_CODE_BYTES;
    } else if (qmon__copy_guarded(crash->code_bytes, (const void *) pc, 16)) {
        crash->code_start = pc;
        crash->code_byte_count = 16;
    }
}

static void capture(struct qmon_record *record, const struct qmon__death *death, int error_number) {
    struct qmon_record_crash *crash = &record->crash;
    const uint64_t step_ms = qmon__settings.deadline_ms / 4 + 1;
    struct qmon__scan scan = {.stack_pointer = qmon__stack_pointer(death->context),
                              .program_counter = qmon__program_counter(death->context)};
    keep_signal(crash, death, error_number);
    reach(crash, QMON_STAGE_SIGNAL);
    qmon__modules_scan(&record->modules, &scan);
    crash->stack_low = scan.stack.start;
    crash->stack_high = scan.stack.end;
    reach(crash, QMON_STAGE_MODULES);
    if (qmon__image_count() > 0)
        qmon__unwind_without_loader();
    if (death->origin != QMON_ORIGIN_SANITIZER || !qmon__keep_reported_stack(crash))
        qmon__unwind_crash(crash, death->context, scan.complete && !scan.executable, step_ms);
    keep_memory(crash, death->context);
    reach(crash, QMON_STAGE_STACK);
    if (death->signal == SIGABRT || death->origin == QMON_ORIGIN_SANITIZER)
        qmon__keep_words(crash, step_ms < 500 ? step_ms : 500);
    reach(crash, QMON_STAGE_CAUSE);
    atomic_store_explicit(&record->header.state, QMON_STATE_SEALED, memory_order_release);
    reach(crash, QMON_STAGE_SEALED);
}

/* The receiver may look into this process while it waits: who may is up to Yama (ptrace_scope 1: a descendant must be named),
 * and a process that is not dumpable lets nobody in. Dumpable stays as it is: it decides whether a core is written. A filter that we
 * know nothing of, as a service manager sets it, may refuse the look, or end who looks; then a second receiver does without. */
static void hand_over(struct qmon_record *record, const struct qmon__death *death,
                      const struct qmon__record_place *guest) {
    bool copied = false;
    const bool hold = (record->process.flags & (QMON_PROCESS_INIT | QMON_PROCESS_CONTAINED)) != 0;
    const bool may_stop_threads = guest == NULL && death->by_signal;
    const uint64_t begun_ns = qmon__boot_ns();
    struct qmon__spawn_request request = {.why = "crash",
                                          .manner = QMON__SPAWN_AWAITED,
                                          .wait_ms = qmon__settings.deadline_ms,
                                          .dying = guest == NULL,
                                          .hold = hold,
                                          .stay = qmon__kin_has_subreaper(),
                                          .may_ask = may_stop_threads,
                                          .stacks = &fatal_spawn_stacks,
                                          .guest = guest,
                                          .ret_copied = &copied};
    if (may_stop_threads)
        qmon__keep_other_threads(record, qmon__settings.deadline_ms / 8 + 1, false);
    qmon__sys_2(SYS_prctl, PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    int result = qmon__spawn_receiver(&request);
    const uint64_t gone_ms = (qmon__boot_ns() - begun_ns) / 1000000u;
    if ((result == QMON_RECEIVER_ASKS || result == -EIO) && gone_ms < request.wait_ms) {
        if (may_stop_threads)
            qmon__keep_other_threads(record, qmon__settings.deadline_ms / 8 + 1, true);
        request.careful = result == -EIO;
        request.may_ask = false;
        request.wait_ms -= gone_ms;
        result = qmon__spawn_receiver(&request);
    }
    if (result == 0 && copied)
        qmon__record_told_by_copy(record);
    if (guest != NULL)
        return;
    qmon__background_settle();
    qmon__attendant_leave(QMON__ATTENDANT_LEAVES_MS); /* a core dump would end who shares our memory */
}

struct work {
    const struct qmon__death *death;
    const struct qmon__record_place *guest; /* NULL: this process's own record */
    int error_number;
    bool
        switched; /* the alternate stack is fatal_stack, so that a fault in a step does not overwrite the frames of the first */
    stack_t before;
    qmon__sigset mask; /* while neither stack is the right one for a frame */
};

static void report(void *argument) {
    struct work *work = argument;
    const stack_t here = {.ss_sp = fatal_stack, .ss_size = sizeof fatal_stack};
    work->switched = qmon__sys_2(SYS_sigaltstack, &here, &work->before) == 0;
    qmon__sigprocmask(SIG_SETMASK, &work->mask, NULL);
    qmon__silence_valgrind();
    struct qmon_record *record = work->guest != NULL ? work->guest->record : writable_record();
    atomic_store_explicit(&record->header.state, QMON_STATE_CRASHING, memory_order_release);
    reach(&record->crash, QMON_STAGE_CLAIMED);
    capture(record, work->death, work->error_number);
    qmon__unsilence_valgrind();
    hand_over(record, work->death, work->guest);
}

/* A signal that comes when the stack pointer is on the one and the kernel has been told of the other would be put over the frames
 * of the first; and the kernel is not told of another while the old one is in use. Where a filter lets it be told nothing, the work
 * is done on the stack that it knows. */
static void report_on_own_stack(struct work *work) {
    const qmon__sigset faults = QMON__FAULT_SIGNALS;
    qmon__tell_valgrind_of_stack(fatal_stack, sizeof fatal_stack);
    qmon__sigprocmask(SIG_BLOCK, &faults, &work->mask);
    if (qmon__sys_2(SYS_sigaltstack, NULL, &work->before) == 0)
        qmon__call_on_stack(report, work, fatal_stack + sizeof fatal_stack);
    else
        report(work);
    if (work->switched) {
        work->before.ss_flags &= ~SS_ONSTACK; /* as it was asked for: the kernel tells it of a stack in use */
        qmon__sys_2(SYS_sigaltstack, &work->before, NULL);
    }
}

static bool claim(struct qmon_record *record) {
    uint32_t nobody = 0;
    const uint32_t tid = (uint32_t) qmon__gettid();
    if (atomic_compare_exchange_strong_explicit(&record->crash.claimed_by, &nobody, tid, memory_order_acq_rel,
                                                memory_order_acquire))
        return true;
    if (nobody == (tid | EXITING)) /* its own exit had begun, and crashed */
        return atomic_compare_exchange_strong_explicit(&record->crash.claimed_by, &nobody, tid, memory_order_acq_rel,
                                                       memory_order_acquire);
    if (nobody != tid)
        wait_for_the_end();
    return false;
}

struct claim_try {
    struct qmon_record *record;
    bool claimed;
};

static void claim_now(void *argument) {
    struct claim_try *attempt = argument;
    attempt->claimed = claim(attempt->record);
}

/* Takes the work space, from a guest when it has done its work or is gone. False: this process has it already. */
static bool occupy(int as) {
    for (uint64_t waited = 0;; waited++) {
        int present = 0;
        if (atomic_compare_exchange_strong_explicit(&occupant, &present, as, memory_order_acq_rel,
                                                    memory_order_acquire))
            return true;
        if (present == OCCUPIED_BY_OWNER)
            return false;
        const bool over = waited >= qmon__settings.deadline_ms || qmon__sys_2(SYS_kill, present, 0) == -ESRCH;
        if (over && atomic_compare_exchange_strong_explicit(&occupant, &present, as, memory_order_acq_rel,
                                                            memory_order_acquire))
            return true;
        pause_ms(1);
    }
}

static bool begin_guest(int pid, struct qmon__record_place *ret_place) {
    struct qmon__life life;
    if (!qmon__record_make_guest(pid, ret_place))
        return false;
    if (!is_writable(ret_place->record)) {
        qmon__sys_3(SYS_unlinkat, AT_FDCWD, ret_place->path, 0);
        qmon__record_leave_guest(ret_place);
        return false;
    }
    qmon__life_of_child(&life, pid);
    qmon__identity_with(&life, &ret_place->record->process);
    atomic_store_explicit(&ret_place->record->crash.claimed_by, (uint32_t) qmon__gettid(), memory_order_relaxed);
    return true;
}

bool qmon__fatal_of_guest(const struct qmon__death *death) {
    struct qmon__record_place place;
    struct work work = {.death = death, .guest = &place, .error_number = errno};
    int pid = qmon__getpid();
    if (!occupy(pid))
        return false;
    qmon__thread.guest = pid;
    const bool begun = begin_guest(pid, &place);
    if (begun) {
        report_on_own_stack(&work);
        qmon__record_leave_guest(&place);
    }
    qmon__thread.guest = 0;
    atomic_compare_exchange_strong_explicit(&occupant, &pid, 0, memory_order_acq_rel, memory_order_relaxed);
    errno = work.error_number;
    return begun;
}

void qmon__fatal(const struct qmon__death *death) {
    struct work work = {.death = death, .error_number = errno};
    struct claim_try attempt = {.record = qmon__agent.record};
    const bool usable = qmon__guarded(claim_now, &attempt, 0);
    if (usable && !attempt.claimed)
        return;
    if (!occupy(OCCUPIED_BY_OWNER)) {
        if (!usable)
            wait_for_the_end();
        return;
    }
    report_on_own_stack(&work);
    errno = work.error_number;
}

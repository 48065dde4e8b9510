/*
 * dispatch.c: a signal that we stand in for has come; what now?
 *
 *   a guard of ours waits for it            -> into the guard (guard.h)
 *   the program has a handler               -> jump to it, as the kernel would have called it
 *   the default action                      -> the process dies: report, then die as it would have died
 *
 * The program's handler is jumped to, not called: when it returns, the kernel resumes the program, and we are not there any more.
 * So that a later death in that handler is told with the fault that began it, the fault is noted in the thread
 * (qmon__thread.faults), and whether the handler is still running is found out only when it matters: its signal frame must
 * be intact, and the stack must lead through it (faults.h). A million faults that a JVM turns into exceptions cost one copy of
 * the registers each.
 *
 * How a process dies: a real fault is allowed to happen again with the default action in place, so that the kernel's
 * own account of it (log line, core, siginfo) is what it would have been; everything else is queued again with its
 * own siginfo. PID 1 is immune to the latter and exits with 128 + signal where the kernel would have ended it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "agent.h"
#include "alternate_stack.h"
#include "cause.h"
#include "crumbs.h"
#include "defer.h"
#include "dispositions.h"
#include "fatal.h"
#include "faults.h"
#include "first_abort.h"
#include "go_runtime.h"
#include "guard.h"
#include "machine.h"
#include "mask.h"
#include "mask_code.h"
#include "mask_wait.h"
#include "record_file.h"
#include "sharers.h"
#include "signals.h"
#include "thread.h"
#include "unwind.h"
#include "valgrind.h"

/* What the signal entry does next; returned in two registers. */
struct qmon__dispatch {
    void *handler; /* jump there; NULL: return to the kernel */
    /* With this stack pointer; 0: as it is. With one of the bits below: call it, and qmon__handler_returned() then. */
    uintptr_t frame;
};

/* si_code of SIGSYS: SYS_SECCOMP and SYS_USER_DISPATCH of Linux, which headers lack by turns. */
#define BY_A_FILTER 1
#define BY_USER_DISPATCH 2

#define CALLED_MASKED 1u   /* the mask that the context shows is not the kernel's */
#define CALLED_ABORTING 2u /* libc aborts the process, which is lost when the handler returns */

/* Of signal_entry.S: where it has counted itself. */
extern const char qmon__signal_begun[] __attribute__((visibility("hidden")));

struct qmon__dispatch qmon__on_signal(int signal, siginfo_t *info, ucontext_t *context, uintptr_t frame);
void qmon__handler_returned(uintptr_t context_and_bits, siginfo_t *info);

static bool is_fault_signal(int signal) {
    return (QMON__FAULT_SIGNALS & QMON__SIGNAL_BIT(signal)) != 0;
}

/* The instruction that faulted will fault again when it is resumed. A breakpoint or a refused system call will not; nor will
 * one under valgrind for certain, which keeps the instruction and stack pointers alone exact at a fault and resumes with
 * whatever the other registers last were. A stack pointer that is no address at all (the stack segment's fault) is already refused
 * on the way back, by SIGSEGV. */
static bool will_happen_again(int signal, const siginfo_t *info) {
    return info->si_code > 0 && is_fault_signal(signal) && signal != SIGTRAP && signal != SIGSYS &&
           (signal != SIGBUS || info->si_code != SI_KERNEL) && !qmon__on_valgrind();
}

/* Ends this thread's part in a way that ends the process by `signal`. Returns where resuming does it. */
static void die(int signal, siginfo_t *info, ucontext_t *context) {
    const bool is_default = qmon__disposition_default(signal);
    /* What has come meanwhile, and has waited, is not what it dies of; and a blocked fault kills even where a filter refuses sigaction. */
    memset(&context->uc_sigmask, 0xff, sizeof(qmon__sigset));
    if (will_happen_again(signal, info))
        return;
    if (!is_default && signal == SIGSYS && info->si_code == BY_A_FILTER) { /* blocked, it kills as a fault does */
        qmon__repeat_call(context);
        return;
    }
    int pid = qmon__getpid(), tid = qmon__gettid();
    pid = pid > 0 ? pid : atomic_load_explicit(&qmon__agent.pid, memory_order_relaxed);
    tid = tid > 0 ? tid : pid;                            /* where a filter does not say: any thread will do */
    const bool is_init = qmon__agent.is_init && pid == 1; /* not a child that shares its memory */
    sigdelset(&context->uc_sigmask, signal);
    const bool plain =
        info->si_code > 0 && qmon__on_valgrind(); /* a fault that was sent is one of its own to valgrind */
    /* Where a filter keeps us the signal's handler nothing but a fault ends a process by a signal. */
    if (is_default && !is_init &&
        ((!plain && qmon__sys_4(SYS_rt_tgsigqueueinfo, pid, tid, signal, info) == 0) ||
         qmon__sys_3(SYS_tgkill, pid, tid, signal) == 0))
        return;
    qmon__sys_1(SYS_exit_group, 128 + signal);
}

struct ending {
    int signal;
    siginfo_t *info;
    ucontext_t *context;
};

static void end_now(void *argument) {
    const struct ending *ending = argument;
    const int signal = ending->signal;
    siginfo_t *info = ending->info;
    struct qmon__fault original;
    ucontext_t room;
    siginfo_t abort_info;
    struct qmon__death death = {
        .signal = signal, .info = info, .context = ending->context, .origin = QMON_ORIGIN_SIGNAL};
    if (qmon__in_fault_handler(&original) || qmon__resumes_fault(signal, info, ending->context, &original) ||
        (qmon__is_crash(signal) && qmon__in_call_from_fault(&original, &room))) {
        death = (struct qmon__death){.signal = original.signal,
                                     .info = &original.info_copy,
                                     .context = original.context,
                                     .origin = QMON_ORIGIN_HANDLER};
    } else if (qmon__is_crash(SIGABRT) && qmon__first_aborts(info, ending->context, &abort_info)) {
        death.signal = SIGABRT;
        death.info = &abort_info;
        death.origin = QMON_ORIGIN_ABORT;
    } else if (!qmon__is_crash(signal)) {
        const bool sent = info->si_code <= 0;
        qmon__process_stopped(signal, info->si_code, sent ? info->si_pid : 0, sent ? (int) info->si_uid : 0);
        return;
    } else if (qmon__thread.aborting) {
        death.origin = QMON_ORIGIN_ABORT;
    }
    death.by_signal = true;
    qmon__fatal(&death);
}

/* The end of this process is certain. */
static void tell_end(int signal, siginfo_t *info, ucontext_t *context) {
    struct ending ending = {signal, info, context};
    qmon__on_own_stack(end_now, &ending);
}

/*
 * No fault signal is blocked in our entry, whose own code may fault. So one that somebody sends interrupts it, and must not be what the
 * process dies of, if that has begun to die: the kernel itself would be through with it by now. Until it is settled what becomes of
 * the first one, the second waits in the kernel. It comes when our entry is left, or, should the process die, not at all.
 */
static bool is_put_off(int signal, const siginfo_t *info, ucontext_t *context) {
    const uintptr_t pc = qmon__program_counter(context);
    const qmon__sigset bit = QMON__SIGNAL_BIT(signal);
    const bool was_sent = info->si_code <= 0 && info->si_code != SI_TIMER; /* the timer may be a guard's */
    /* A child of vfork that was killed in our entry has left its count in the memory of its parent, so that alone says little. */
    const bool is_at_another = qmon__thread.answering > 1 && qmon__is_own_code(pc);
    const bool is_entering = pc >= (uintptr_t) qmon__signal_entry && pc <= (uintptr_t) qmon__signal_begun;
    if (!was_sent || !is_fault_signal(signal) || qmon__thread.ending || qmon__thread.guest != 0 ||
        (!is_at_another && !is_entering))
        return false;
    qmon__sigprocmask(SIG_BLOCK, &bit, NULL);
    if (qmon__sys_4(SYS_rt_tgsigqueueinfo, qmon__getpid(), qmon__gettid(), signal, info) != 0) {
        qmon__sigprocmask(SIG_UNBLOCK, &bit, NULL);
        return false;
    }
    sigaddset(&context->uc_sigmask, signal);
    qmon__thread.put_off |= bit;
    return true;
}

static void let_in_put_off(void) {
    const qmon__sigset signals = qmon__thread.put_off;
    if (__builtin_expect(signals == 0, 1))
        return;
    qmon__thread.put_off = 0;
    qmon__sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

/* So is it that it dies by `signal`. */
static void end_by(int signal, siginfo_t *info, ucontext_t *context) {
    qmon__thread.ending = true;
    let_in_put_off(); /* to be thrown away: our own code is not to fault with the signal blocked */
    tell_end(signal, info, context);
    die(signal, info, context);
}

/* A child of vfork, which is not to touch the memory that it shares. */
static void end_guest_now(void *argument) {
    const struct ending *ending = argument;
    const bool by_itself = ending->info->si_code == SI_TKILL && ending->info->si_pid == qmon__getpid();
    const struct qmon__death death = {.signal = ending->signal,
                                      .info = ending->info,
                                      .context = ending->context,
                                      .origin = ending->signal == SIGABRT && by_itself ? QMON_ORIGIN_ABORT
                                                                                       : QMON_ORIGIN_SIGNAL};
    if (!qmon__is_crash(ending->signal))
        return;
    if (!qmon__fatal_of_guest(&death))
        qmon__record_mark_child(qmon__getpid(), NULL, NULL); /* its parent, who waits, will tell its end */
    qmon__sharer_accounted(qmon__getpid());
}

static bool holds(const stack_t *stack, uintptr_t address) {
    return (stack->ss_flags & SS_DISABLE) == 0 && address >= (uintptr_t) stack->ss_sp &&
           address - (uintptr_t) stack->ss_sp < stack->ss_size;
}

/* The kernel put the frame on an alternate stack because we ask it to; would it have, for the program's own action? */
static bool belongs_elsewhere(int signal, uintptr_t frame, const ucontext_t *context,
                              const struct qmon__kernel_action *action) {
    if (qmon__alternate_stack_holds((const void *) frame))
        return !qmon__go_handles(signal) && !qmon__alternate_stack_holds((const void *) qmon__stack_pointer(context));
    return (action->flags & SA_ONSTACK) == 0 && holds(&context->uc_stack, frame) &&
           !holds(&context->uc_stack, qmon__stack_pointer(context));
}

struct question {
    bool answer;
};

static void ask_libc(void *argument) {
    struct question *question = argument;
    question->answer = qmon__has_abort_message();
}

/* libc aborts the process itself (failed assertion, damaged heap, smashed stack, fortify). Not known without looking, because these
 * calls do not pass through our abort(). */
static bool is_libc_s_abort(const siginfo_t *info) {
    struct question question = {false};
    if (info->si_code == SI_TKILL && info->si_pid == qmon__getpid()) {
        qmon__silence_valgrind();
        qmon__on_own_stack(ask_libc, &question);
        qmon__unsilence_valgrind();
    }
    return question.answer;
}

static struct qmon__dispatch to_handler(int signal, siginfo_t *info, ucontext_t *context, uintptr_t frame,
                                        const struct qmon__kernel_action *action, bool owner) {
    struct qmon__dispatch next = {.handler = action->handler};
    uintptr_t moved = 0;
    if (owner && qmon__go_ends(signal, info, context) && qmon__becomes_owner())
        tell_end(signal, info, context);
    /* valgrind's frames hold more than the kernel's, and cannot be moved: there the handler runs on our stack */
    if (belongs_elsewhere(signal, frame, context, action) && !qmon__on_valgrind()) {
        moved = next.frame = qmon__frame_for_program(frame, context, (action->flags & SA_ONSTACK) != 0);
        if (moved == 0) { /* the kernel could not have called the handler either, and would have ended the process */
            end_by(SIGSEGV, info, context);
            return (struct qmon__dispatch){NULL, 0};
        }
        moved -= frame;
    }
    if (owner && (QMON__KEPT_SIGNALS & QMON__SIGNAL_BIT(signal)) != 0)
        qmon__fault_note(signal, (const siginfo_t *) ((uintptr_t) info + moved),
                         (const ucontext_t *) ((uintptr_t) context + moved), frame + moved);
    if (owner && (action->flags & SA_RESETHAND) != 0)
        qmon__disposition_reset(signal);
    if (owner && (signal != SIGSYS ||
                  info->si_code != BY_USER_DISPATCH)) /* which answers each call before the handler lifts it */
        qmon__crumb_of_signal(signal);
    struct qmon__wait *wait = qmon__wait_of(context);
    ucontext_t *shown = (ucontext_t *) ((uintptr_t) context + moved);
    if (wait != NULL ? qmon__wait_show(wait, shown) : qmon__mask_show(shown))
        next.frame |= CALLED_MASKED;
    return next;
}

/* The program's SIGABRT handler may look, print, or leave by a jump; if it returns, the process is lost. It runs where it would have run
 * without us: one that fails an assertion itself, and so comes here again and again, uses up the program's stack and no other. */
static struct qmon__dispatch abort_through(siginfo_t *info, ucontext_t *context, uintptr_t frame,
                                           const struct qmon__kernel_action *action) {
    if (qmon__go_handles(SIGABRT)) /* it does not come back */
        tell_end(SIGABRT, info, context);
    struct qmon__dispatch next = to_handler(SIGABRT, info, context, frame, action, true);
    if (next.handler != NULL)
        next.frame |= CALLED_ABORTING;
    return next;
}

void qmon__handler_returned(uintptr_t context_and_bits, siginfo_t *info) {
    ucontext_t *const context = (ucontext_t *) (context_and_bits & ~(uintptr_t) (CALLED_MASKED | CALLED_ABORTING));
    if ((context_and_bits & CALLED_MASKED) != 0)
        qmon__mask_hide(context);
    if ((context_and_bits & CALLED_ABORTING) == 0)
        return;
    qmon__thread.answering = 1;
    qmon__thread.fault_count = 0;
    qmon__thread.aborting = true;
    end_by(SIGABRT, info, context);
    qmon__thread.answering = 0;
}

/* Ignored, blocked, or with the default action: what the kernel would have settled without calling the program. True when it
 * is settled here. */
static bool settles(int signal, siginfo_t *info, ucontext_t *context, const struct qmon__kernel_action *action,
                    bool owner) {
    const bool is_default = action->handler == (void *) SIG_DFL;
    const bool real = info->si_code > 0;
    const bool is_ignored = action->handler == (void *) SIG_IGN;
    if (is_ignored && (!real || !is_fault_signal(signal))) {
        if (qmon__is_believed_blocked(signal, context))
            qmon__defer(signal, info, context);
        return true;
    }
    if (!owner && (is_default || is_ignored)) {
        struct ending ending = {signal, info, context};
        qmon__on_own_stack(end_guest_now, &ending);
        die(signal, info, context);
        return true;
    }
    if (qmon__is_believed_blocked(signal, context)) {
        const bool fault = real && is_fault_signal(signal);
        if (!fault && qmon__defer(signal, info, context))
            return true;
        if (fault && owner) {
            end_by(signal, info, context);
            return true;
        }
    }
    if (!is_default && !is_ignored)
        return false;
    /* Process 1 does not die of a signal that is sent to it and that it has no handler for. */
    if (qmon__agent.is_init && !real) {
        qmon__first_ignored(signal, info);
        return is_default;
    }
    end_by(signal, info, context);
    return true;
}

/* Whose record it is costs a system call, and does not matter to a fault that the program handles: what is noted of it is
 * compared with the stack before it is believed. */
static bool is_just_handled(int signal, const siginfo_t *info, const ucontext_t *context,
                            const struct qmon__kernel_action *action) {
    return info->si_code > 0 && is_fault_signal(signal) && action->handler != (void *) SIG_DFL &&
           action->handler != (void *) SIG_IGN && (action->flags & SA_RESETHAND) == 0 &&
           !qmon__is_believed_blocked(signal, context);
}

__attribute__((noinline)) static struct qmon__dispatch take(int signal, siginfo_t *info, ucontext_t *context,
                                                            uintptr_t frame) {
    struct qmon__dispatch next = {NULL, 0};
    if (qmon__guard_takes(signal, info, context))
        return next;
    if ((qmon__thread.ending || qmon__thread.guest != 0) && info->si_code <= 0)
        return next; /* one that is sent to a thread that is dying already */
    const int error_number = errno;
    const struct qmon__kernel_action action = qmon__disposition_of(signal);
    const bool owner = is_just_handled(signal, info, context, &action) || qmon__becomes_owner();
    if (settles(signal, info, context, &action, owner)) {
    } else if (signal == SIGABRT && owner && !qmon__thread.aborting && is_libc_s_abort(info)) {
        next = abort_through(info, context, frame, &action);
    } else {
        next = to_handler(signal, info, context, frame, &action, owner);
    }
    errno = error_number;
    return next;
}

#define ANSWERS_MOST 8u

/* Without thread-local data there is nothing to be done, and everything that is tried faults again. So does what faults each time
 * that a signal is looked at. A call that the program makes through us and a filter traps is no fault, and asks for no other call. */
static bool is_hopeless(int signal, const siginfo_t *info, const ucontext_t *context) {
    return info->si_code > 0 && qmon__is_own_code(qmon__program_counter(context)) &&
           ((signal != SIGSYS && !qmon__has_thread_pointer()) || qmon__thread.answering > ANSWERS_MOST);
}

struct qmon__dispatch qmon__on_signal(int signal, siginfo_t *info, ucontext_t *context, uintptr_t frame) {
    if (is_hopeless(signal, info, context)) {
        qmon__disposition_default(signal);
        return (struct qmon__dispatch){NULL, 0};
    }
    struct qmon__dispatch next = {NULL, 0};
    if (is_put_off(signal, info, context)) {
        qmon__thread.answering--;
        return next;
    }
    next = take(signal, info, context, frame);
    if (--qmon__thread.answering != 0)
        return next;
    if (next.handler != NULL)
        let_in_put_off();
    else
        qmon__thread.put_off = 0; /* they come as the interrupted mask does */
    return next;
}

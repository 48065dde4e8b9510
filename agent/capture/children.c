/*
 * The processes that the program makes, and the program that it becomes by an exec. What they are is noted beforehand, because some of
 * them will never say so themselves: killed before the agent starts in them, or programs that it cannot be loaded into.
 */
#include "children.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>

#include "agent.h"
#include "background.h"
#include "births.h"
#include "crumbs.h"
#include "fatal.h"
#include "identity.h"
#include "kills.h"
#include "own.h"
#include "record_file.h"
#include "sharers.h"

void qmon__process_has_forked(int child) {
    qmon__kills_forget(child);
    qmon__sharer_ended(child);
}

void qmon__mark_last_child(void) {
    siginfo_t child;
    const int pid = qmon__births_last();
    child.si_pid = 0;
    if (pid != 0 && qmon__sys_5(SYS_waitid, P_PID, pid, &child, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 &&
        child.si_pid == 0)
        qmon__record_mark_child(pid, NULL, NULL);
}

void qmon__process_execs(const char *path, char *const arguments[]) {
    if (!qmon__agent.active)
        return;
    if (!qmon__becomes_owner()) {
        qmon__record_mark_child(qmon__getpid(), path, arguments);
        qmon__sharer_accounted(qmon__getpid());
        return;
    }
    qmon__await_crash_elsewhere();
    struct qmon_record_process *process = &qmon__agent.record->process;
    qmon__identity_of_next_image(process, path, arguments);
    process->flags &= ~QMON_PROCESS_FORKED;
    qmon__record_move();
    qmon__set_state(QMON_STATE_EXEC);
}

void qmon__process_exec_failed(void) {
    if (!qmon__agent.active || !qmon__is_owner())
        return;
    struct qmon_record_process *process = &qmon__agent.record->process;
    qmon__set_state(QMON_STATE_RUNNING);
    qmon__record_move_back();
    qmon__put_command(&qmon__own_image, process);
    process->flags |= qmon__own_life.flags & (QMON_PROCESS_FORKED | QMON_PROCESS_COMMAND_TRUNCATED);
}

void qmon__process_spawned(int pid, const char *path, char *const arguments[]) {
    static _Atomic uint32_t spawned;
    if (!qmon__agent.active || !qmon__is_owner())
        return;
    qmon__process_has_forked(pid);
    qmon__record_mark_child(pid, path, arguments);
    qmon__crumb_of_child("made a child by posix_spawn", &spawned);
}

/* The bit of the signal that a process ended by, or says with its status that a child of it did; 0: neither. */
static uint32_t bit_of(int wait_status) {
    const int number = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status) - 128;
    return number >= 1 && number <= QMON_CHILD_SIGNALS ? 1u << (number - 1) : 0;
}

/* A program that runs others may end as its child did: that would be told twice. */
static void note_signal(int wait_status, enum qmon__child_tells tells, uint32_t signals_told) {
    struct qmon_record_process *process = &qmon__agent.record->process;
    const uint32_t bit = bit_of(wait_status);
    const bool told = WIFSIGNALED(wait_status) ? tells == QMON__CHILD_TELLS : (signals_told & bit) != 0;
    if (bit == 0)
        return;
    atomic_fetch_or_explicit(&process->child_signals, bit, memory_order_relaxed);
    if (told)
        atomic_fetch_or_explicit(&process->child_signals_told, bit, memory_order_relaxed);
}

bool qmon__repeats_child(int status) {
    const uint32_t told = atomic_load_explicit(&qmon__agent.record->process.child_signals_told, memory_order_relaxed);
    return told != 0 && (bit_of((status & 0xff) << 8) & told) != 0;
}

/* Has the child ended in a way that its own record would say, if it had been given one? */
static bool is_unrecorded(int pid, int wait_status, enum qmon__birth_end birth, struct qmon_record_killer *killer) {
    const bool failed = birth == QMON__BIRTH_FAILED;
    const enum qmon__sharer_end sharer = qmon__sharer_ended(pid);
    if (!WIFSIGNALED(wait_status))
        return false;
    const bool killed = WTERMSIG(wait_status) == SIGKILL;
    if (sharer == QMON__SHARER_SUICIDE)
        qmon__kills_describe(pid, killer);
    struct qmon__relative relative;
    if (killed && birth == QMON__BIRTH_LEFT)
        return true;
    if (killed && sharer == QMON__SHARER_NONE && !failed && !qmon__record_of_process(pid, &relative))
        return qmon__sharer_take_without_number();
    return failed || (sharer != QMON__SHARER_NONE && killed) ||
           (sharer == QMON__SHARER_UNTOLD && qmon__is_crash(WTERMSIG(wait_status)));
}

void qmon__child_ended(int pid, int wait_status) {
    const int error_number = errno;
    if ((WIFEXITED(wait_status) || WIFSIGNALED(wait_status)) && qmon__agent.active && qmon__is_owner()) {
        struct qmon_record_killer killer = {0};
        if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL && qmon__kills_include(pid))
            qmon__kills_describe(qmon__getpid(), &killer);
        const enum qmon__birth_end birth = qmon__birth_ended(pid);
        if (is_unrecorded(pid, wait_status, birth, &killer))
            qmon__record_make_unborn(pid);
        uint32_t signals_told = 0;
        const bool is_removed = WIFEXITED(wait_status) && birth == QMON__BIRTH_LEFT; /* as nearly all: not looked for */
        const enum qmon__child_tells tells =
            is_removed ? QMON__CHILD_UNKNOWN
                       : qmon__record_of_child_ended(pid, wait_status, killer.pid != 0 ? &killer : NULL, &signals_told);
        note_signal(wait_status, tells, signals_told);
        if (tells == QMON__CHILD_LOST)
            qmon__tell_found();
    }
    if (errno != error_number)
        errno = error_number;
}

#include "launch_job.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <qmon/paths.h>

#include "agent.h"
#include "clock.h"
#include "deadly.h"
#include "record_file.h"
#include "settings.h"
#include "signals.h"
#include "text.h"
#include "valgrind.h"

#define ALL_SIGNALS (~(qmon__sigset) 0)
#define PATH_BYTES QMON__RECEIVER_PATH_BYTES

void qmon__receiver_paths(char ret_first[static 600], char ret_second[static 600]) {
    const char *library = qmon__agent.library;
    size_t bytes = (size_t) (qmon__base_name(library) - library);
    if (bytes > PATH_BYTES - 16)
        bytes = 0;
    memcpy(ret_first, library, bytes);
    memcpy(ret_second, library, bytes);
    qmon__copy_text(ret_first + bytes, PATH_BYTES - bytes, "../bin/qmon");
    qmon__copy_text(ret_second + bytes, PATH_BYTES - bytes, "qmon");
}

static void put_argument(char *to, size_t bytes, const char *name, const char *text, uint64_t number) {
    const char *end = to + bytes - 1;
    char *at = qmon__put_text(to, end, name);
    at = text != NULL ? qmon__put_text(at, end, text) : qmon__put_decimal(at, end, number);
    *at = '\0';
}

/* A receiver that is awaited can let the caller go before it is done, by a pipe, where it may live on as an orphan. */
static bool may_let_go(const struct qmon__spawn_request *request) {
    return request->manner == QMON__SPAWN_AWAITED && request->loose == NULL && !request->stay && !request->kept &&
           !qmon__call_is_deadly(SYS_pipe2);
}

static void prepare(struct qmon__job *job, const struct qmon__spawn_request *request) {
    static char name[] = "qmon", command[] = "receive", hold[] = "--hold", stay[] = "--stay", kept[] = "--kept",
                release[] = "--release", may_ask[] = "--may-ask", careful[] = "--careful";
    job->request = *request;
    job->caller_pid = qmon__getpid();
    job->result = -ECHILD;
    job->copied = false;
    job->release = -1;
    qmon__receiver_paths(job->executable[0], job->executable[1]);
    put_argument(job->why, sizeof job->why, "--why=", request->why, 0);
    put_argument(job->pid, sizeof job->pid, "--pid=", NULL, (uint64_t) job->caller_pid);
    put_argument(job->deadline, sizeof job->deadline, "--deadline-ms=", NULL, qmon__settings.deadline_ms);
    put_argument(job->record, sizeof job->record, "--record=", qmon__job_record_path(job), 0);
    char **argument = job->arguments;
    *argument++ = name;
    *argument++ = command;
    *argument++ = job->why;
    *argument++ = job->pid;
    *argument++ = job->deadline;
    *argument++ = job->record;
    if (request->hold)
        *argument++ = hold;
    if (request->stay)
        *argument++ = stay;
    if (request->kept)
        *argument++ = kept;
    if (may_let_go(request))
        *argument++ = release;
    if (request->may_ask)
        *argument++ = may_ask;
    if (request->careful)
        *argument++ = careful;
    *argument = NULL;
}

static uint64_t monotonic_ms(void) {
    struct timespec now = {0, 0};
    if (qmon__sys_2(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0)
        clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000u + (uint64_t) now.tv_nsec / 1000000u;
}

/* For as long as that, or until something is heard of the receiver. True: it lets the caller go. The pipe's end, should the receiver
 * have closed its own, is closed. */
static bool is_let_go(int *release, uint64_t left_ms) {
    const struct timespec patience = {.tv_sec = (time_t) (left_ms / 1000),
                                      .tv_nsec = (long) (left_ms % 1000) * 1000000};
    const qmon__sigset child = QMON__SIGNAL_BIT(SIGCHLD);
    struct pollfd end = {.fd = *release, .events = POLLIN};
    char byte;
    if (*release < 0 || qmon__sys_5(SYS_ppoll, &end, 1, &patience, NULL, 0) < 0) {
        qmon__sys_4(SYS_rt_sigtimedwait, &child, NULL, &patience, sizeof(qmon__sigset));
        return false;
    }
    if (end.revents == 0)
        return false;
    if (qmon__sys_3(SYS_read, *release, &byte, 1) == 1)
        return true;
    qmon__sys_1(SYS_close, *release);
    *release = -1;
    return false;
}

/* Waits for the receiver, SIGCHLD being blocked and at its default. */
static int wait_for_receiver(int receiver, int release, uint64_t wait_ms) {
    const uint64_t end = monotonic_ms() + wait_ms;
    for (;;) {
        int status;
        long done = qmon__sys_4(SYS_wait4, receiver, &status, __WALL | WNOHANG, NULL);
        if (done == receiver)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
        if (done < 0 && done != -EINTR)
            return (int) done;
        uint64_t now = monotonic_ms();
        if (now >= end) {
            qmon__sys_2(SYS_kill, receiver, SIGKILL);
            qmon__sys_4(SYS_wait4, receiver, &status, __WALL, NULL);
            return -ETIMEDOUT;
        }
        if (is_let_go(&release, end - now))
            return 0;
    }
}

/* A pipe between the two, in descriptors of our own table. Where the host has used up all, standard input and output, which are
 * nothing to us, make room. Returns its end for reading; negative: there is none. */
static int open_release(struct qmon__job *job) {
    int ends[2];
    if (!may_let_go(&job->request))
        return -1;
    long error = qmon__sys_2(SYS_pipe2, ends, 0);
    if (error == -EMFILE) {
        qmon__sys_1(SYS_close, 0);
        qmon__sys_1(SYS_close, 1);
        error = qmon__sys_2(SYS_pipe2, ends, 0);
    }
    if (error != 0)
        return -1;
    job->release = ends[1];
    return ends[0];
}

/* In the waiter. Returns what qmon__spawn_receiver does. */
static int start_and_await(struct qmon__job *job) {
    struct qmon__spawn_stacks *stacks = job->request.stacks;
    char *const stack_top = stacks->receiver + sizeof stacks->receiver;
    if (job->request.loose != NULL && !qmon__on_valgrind()) {
        const unsigned long flags = CLONE_VM | SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
        const long made =
            qmon__clone_thread(flags, stack_top, qmon__job_run_receiver, job, (int *) &job->request.loose->pid);
        return made < 0 ? (int) made : 0;
    }
    const int release = open_release(job);
    const long receiver = qmon__clone(CLONE_VM | CLONE_VFORK | SIGCHLD, stack_top, qmon__job_run_receiver, job);
    if (receiver < 0)
        return (int) receiver;
    if (job->request.manner == QMON__SPAWN_DETACHED) {
        int status; /* it is a zombie already if the exec failed */
        long done = qmon__sys_4(SYS_wait4, receiver, &status, __WALL | WNOHANG, NULL);
        return done == receiver && WIFEXITED(status) && WEXITSTATUS(status) == QMON__EXEC_FAILED ? -ENOENT : 0;
    }
    if (release >= 0)
        qmon__sys_1(SYS_close, job->release);
    const int result = wait_for_receiver((int) receiver, release, job->request.wait_ms);
    return result == QMON__EXEC_FAILED ? -ENOENT : result;
}

static int run_waiter(void *argument) {
    struct qmon__job *job = argument;
    const struct qmon__kernel_action action = {.handler = (void *) SIG_DFL};
    const qmon__sigset all = ALL_SIGNALS; /* a fault here must not run the host's handlers on its memory */
    qmon__sigprocmask(SIG_SETMASK, &all, NULL);
    qmon__sigaction(SIGCHLD, &action, NULL);
    if (job->request.loose != NULL) { /* what must be so when the caller goes on, in the receiver too */
        qmon__job_close_descriptors();
        qmon__sys(SYS_setsid);
        qmon__sys_1(SYS_chdir, "/");
    } else {
        qmon__sys_2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    }
    job->result = start_and_await(job);
    qmon__unsilence_valgrind(); /* its own copy of the caller's wish, which it would be told of at its end */
    if (qmon__on_valgrind()) /* makes a process of its own of this, and would have libc write out what the program has buffered */
        qmon__sys_2(SYS_kill, qmon__getpid(), SIGKILL);
    return 0;
}

/* The filters are asked about calls that are not made through sys.h; and about what the receiver cannot do without. One that is killed
 * half-way has claimed the event's delivery, and nobody else tells it until that claim is over. */
static bool is_forbidden(void) {
    static const long needed[] = {SYS_execve,         SYS_openat,     SYS_mmap,      SYS_mprotect,  SYS_close,
                                  SYS_wait4,          SYS_read,       SYS_write,     SYS_pread64,   SYS_pwrite64,
                                  SYS_fcntl,          SYS_newfstatat, SYS_munmap,    SYS_brk,       SYS_rt_sigaction,
                                  SYS_rt_sigprocmask, SYS_getdents64, SYS_ftruncate, SYS_fdatasync, SYS_setitimer,
                                  SYS_unlinkat,       SYS_exit_group};
    const long making[6] = {CLONE_VM | CLONE_VFORK}, none[6] = {0};
    if (!qmon__filters_seen())
        return false;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (qmon__filters_forbid(needed[i], none))
            return true;
    return qmon__filters_forbid(SYS_clone, making);
}

/*
 * The program may have asked for another pid namespace for its children. Ours belong into the one that we are in: the first process
 * of the new one would be ours, and end it, or its first has ended and none can be made any more. Returns whether a process
 * can be made now; *ret_back is what to go back to, negative: nothing.
 */
static bool enter_own_namespace(const struct qmon__spawn_request *request, long *ret_back) {
    *ret_back = -1;
    if (!qmon__agent.namespace_may_differ)
        return true;
    const long own = qmon__sys_2(SYS_pidfd_open, qmon__getpid(), 0); /* what /proc shows may be the other one */
    const long other = qmon__sys_4(SYS_openat, AT_FDCWD, "/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC, 0);
    /* One without processes yet cannot be opened, and would be lost. */
    const bool moved = own >= 0 && (other >= 0 || request->dying) && qmon__sys_2(SYS_setns, own, CLONE_NEWPID) == 0;
    if (own >= 0)
        qmon__sys_1(SYS_close, own);
    if (moved && !request->dying)
        *ret_back = other;
    else if (other >= 0)
        qmon__sys_1(SYS_close, other);
    return moved || request->dying;
}

static void leave_own_namespace(long back) {
    if (back < 0)
        return;
    qmon__sys_2(SYS_setns, back, CLONE_NEWPID);
    qmon__sys_1(SYS_close, back);
}

int qmon__spawn_receiver(const struct qmon__spawn_request *request) {
    _Static_assert(sizeof(struct qmon__job) <= sizeof request->stacks->job, "the job outgrew its place");
    struct qmon__job *const job = (struct qmon__job *) request->stacks->job; /* a loose receiver reads it later */
    if (is_forbidden())
        return -EPERM;
    prepare(job, request);
    const qmon__sigset all = ALL_SIGNALS;
    qmon__sigset before;
    qmon__sigprocmask(SIG_SETMASK, &all, &before);
    qmon__tell_valgrind_of_stack(request->stacks->waiter, sizeof request->stacks->waiter);
    qmon__tell_valgrind_of_stack(request->stacks->receiver, sizeof request->stacks->receiver);
    qmon__silence_valgrind();
    char *stack_top = request->stacks->waiter + sizeof request->stacks->waiter;
    long back, waiter = -EPERM;
    if (enter_own_namespace(request, &back))
        waiter = qmon__clone(CLONE_VM | CLONE_VFORK, stack_top, run_waiter, job);
    leave_own_namespace(back);
    if (waiter > 0) {
        int status, tries = 1000; /* no signal can interrupt it, but a filter can say so */
        while (qmon__sys_4(SYS_wait4, waiter, &status, __WCLONE, NULL) == -EINTR && --tries > 0) {
        }
    }
    qmon__unsilence_valgrind();
    qmon__sigprocmask(SIG_SETMASK, &before, NULL);
    if (request->ret_copied != NULL)
        *request->ret_copied = job->copied;
    return waiter < 0 ? (int) waiter : job->result;
}

#define YIELDS 64u /* some 20 us: to be woken takes longer */

/* The kernel clears the word and wakes us, as CLONE_CHILD_CLEARTID asks for. */
void qmon__loose_leaves(struct qmon__loose *loose, uint64_t within_ms) {
    int pid;
    for (unsigned tries = 0; tries < YIELDS && atomic_load_explicit(&loose->pid, memory_order_acquire) != 0; tries++)
        qmon__sys(SYS_sched_yield);
    if (atomic_load_explicit(&loose->pid, memory_order_acquire) == 0)
        return;
    const uint64_t end_ns = qmon__boot_ns() + within_ms * 1000000u;
    while ((pid = atomic_load_explicit(&loose->pid, memory_order_acquire)) != 0) {
        const uint64_t now_ns = qmon__boot_ns(), left_ns = now_ns < end_ns ? end_ns - now_ns : 0;
        const struct timespec patience = {.tv_sec = (time_t) (left_ns / 1000000000u),
                                          .tv_nsec = (long) (left_ns % 1000000000u)};
        if (left_ns == 0)
            return;
        const long result = qmon__sys_6(SYS_futex, &loose->pid, FUTEX_WAIT, pid, &patience, NULL, 0);
        if (result != 0 && result != -EAGAIN && result != -EINTR)
            return;
    }
}

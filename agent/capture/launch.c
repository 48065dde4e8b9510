#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
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
#include "record_file.h"
#include "settings.h"
#include "signals.h"
#include "text.h"
#include "valgrind.h"

#define ALL_SIGNALS (~(qmon__sigset) 0)
#define PATH_BYTES 600u
#define EXEC_FAILED 127

struct job {
    struct qmon__spawn_request request;
    int caller_pid;
    int result; /* what qmon__spawn_receiver returns */
    bool copied;
    char executable[2][PATH_BYTES];
    char why[32], pid[32], deadline[48], record[QMON_PATH_BYTES + 80];
    char *arguments[10];
};

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

static const char *record_path(const struct job *job) {
    return job->request.guest != NULL ? job->request.guest->path : qmon__agent.record_path;
}

static bool is_the_record(const struct job *job, const struct stat *status) {
    const struct qmon__record_place *guest = job->request.guest;
    return status->st_ino == (guest != NULL ? guest->inode : qmon__agent.record_inode) &&
           status->st_dev == (guest != NULL ? guest->device : qmon__agent.record_device);
}

static void prepare(struct job *job, const struct qmon__spawn_request *request) {
    static char name[] = "qmon", command[] = "receive", hold[] = "--hold", stay[] = "--stay", kept[] = "--kept";
    job->request = *request;
    job->caller_pid = qmon__getpid();
    job->result = -ECHILD;
    job->copied = false;
    qmon__receiver_paths(job->executable[0], job->executable[1]);
    put_argument(job->why, sizeof job->why, "--why=", request->why, 0);
    put_argument(job->pid, sizeof job->pid, "--pid=", NULL, (uint64_t) job->caller_pid);
    put_argument(job->deadline, sizeof job->deadline, "--deadline-ms=", NULL, qmon__settings.deadline_ms);
    put_argument(job->record, sizeof job->record, "--record=", record_path(job), 0);
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
    *argument = NULL;
}

/* The record as a descriptor of this process: its file, or a copy where that cannot be reached (no file, chroot, other
 * credentials). */
static int open_record(struct job *job) {
    struct stat status;
    const char *path = record_path(job);
    if (path[0] != '\0') {
        int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW, 0);
        if (fd >= 0 && qmon__sys_4(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH) == 0 && is_the_record(job, &status))
            return fd;
        if (fd >= 0)
            qmon__sys_1(SYS_close, fd);
    }
    put_argument(job->record, sizeof job->record, "--record=", "", 0);
    job->copied = true;
    int fd = (int) qmon__sys_2(SYS_memfd_create, "qmon-record", 0);
    const struct qmon__record_place *guest = job->request.guest;
    const char *from = (const char *) (guest != NULL ? guest->record : qmon__agent.record);
    for (size_t done = 0; fd >= 0 && done < sizeof(struct qmon_record);) {
        long count = qmon__sys_3(SYS_write, fd, from + done, sizeof(struct qmon_record) - done);
        if (count <= 0)
            return -EIO;
        done += (size_t) count;
    }
    if (fd >= 0)
        qmon__sys_2(SYS_ftruncate, fd, QMON_RECORD_BYTES);
    return fd;
}

static void widen_limits(void) {
    static const int which[] = {RLIMIT_AS,  RLIMIT_DATA,  RLIMIT_FSIZE, RLIMIT_NOFILE,
                                RLIMIT_CPU, RLIMIT_NPROC, RLIMIT_STACK};
    for (size_t i = 0; i < sizeof which / sizeof which[0]; i++) {
        const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
        struct rlimit limit;
        if (which[i] != RLIMIT_NOFILE && qmon__sys_4(SYS_prlimit64, 0, which[i], &all, NULL) == 0)
            continue; /* with CAP_SYS_RESOURCE */
        if (qmon__sys_4(SYS_prlimit64, 0, which[i], NULL, &limit) == 0 && limit.rlim_cur != limit.rlim_max) {
            limit.rlim_cur = limit.rlim_max;
            if (which[i] != RLIMIT_NOFILE || limit.rlim_max <= 65536)
                qmon__sys_4(SYS_prlimit64, 0, which[i], &limit, NULL);
        }
    }
    const struct rlimit no_core = {0, 0};
    qmon__sys_4(SYS_prlimit64, 0, RLIMIT_CORE, &no_core, NULL);
}

static void default_signals(void) {
    const struct qmon__kernel_action action = {.handler = (void *) SIG_DFL};
    for (int number = 1; number <= QMON__SIGNALS; number++)
        qmon__sigaction(number, &action, NULL);
    const qmon__sigset none = 0;
    qmon__sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Standard error is the host's where events are to be told there. */
static void close_descriptors(bool keep_stderr) {
    if (keep_stderr) {
        qmon__sys_1(SYS_close, 0);
        qmon__sys_1(SYS_close, 1);
    }
    unsigned first = keep_stderr ? 3 : 0;
    if (qmon__sys_3(SYS_close_range, first, ~0u, 0) != 0)
        for (unsigned fd = first; fd < 4096; fd++)
            qmon__sys_1(SYS_close, (int) fd);
}

/* A pipe is kept only where that is asked for: whoever reads it waits for us too. */
static bool keeps_stderr(void) {
    struct stat status;
    if (qmon__settings.keep_stderr)
        return qmon__sys_2(SYS_fcntl, 2, F_GETFD) >= 0;
    return qmon__settings.keep_stderr_file && qmon__sys_4(SYS_newfstatat, 2, "", &status, AT_EMPTY_PATH) == 0 &&
           S_ISREG(status.st_mode);
}

/* Closes the host's descriptors (this process has a table of its own), then: /dev/null on 0 to 2, the record on 3. The order
 * makes it work where the host has used up its limit. */
static bool arrange_descriptors(struct job *job) {
    const bool keep_stderr = keeps_stderr();
    close_descriptors(keep_stderr);
    if (qmon__sys_4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0) != 0 &&
        qmon__sys_2(SYS_memfd_create, "qmon-null", 0) != 0)
        return false;
    qmon__sys_3(SYS_dup3, 0, 1, 0);
    if (!keep_stderr)
        qmon__sys_3(SYS_dup3, 0, 2, 0);
    return open_record(job) == 3;
}

static void note_failure(const struct job *job) {
    if (job->request.loose != NULL)
        atomic_store_explicit(&job->request.loose->failed, true, memory_order_relaxed);
}

static int run_receiver(void *argument) {
    struct job *job = argument;
    widen_limits();
    if (!arrange_descriptors(job)) {
        note_failure(job);
        return EXEC_FAILED;
    }
    qmon__sys(SYS_setsid);
    qmon__sys_1(SYS_umask, 077);
    qmon__sys_1(SYS_chdir, "/");
    default_signals();
    if (job->copied)
        note_failure(job);
    for (unsigned i = 0; i < 2; i++)
        qmon__sys_3(SYS_execve, job->executable[i], job->arguments, qmon__settings.forward);
    note_failure(job);
    return EXEC_FAILED;
}

static uint64_t monotonic_ms(void) {
    struct timespec now = {0, 0};
    if (qmon__sys_2(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0)
        clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000u + (uint64_t) now.tv_nsec / 1000000u;
}

/* Waits for the receiver, SIGCHLD being blocked and at its default. */
static int wait_for_receiver(int receiver, uint64_t wait_ms) {
    const uint64_t end = monotonic_ms() + wait_ms;
    const qmon__sigset child = QMON__SIGNAL_BIT(SIGCHLD);
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
        uint64_t left = end - now;
        const struct timespec patience = {.tv_sec = (time_t) (left / 1000), .tv_nsec = (long) (left % 1000) * 1000000};
        qmon__sys_4(SYS_rt_sigtimedwait, &child, NULL, &patience, sizeof(qmon__sigset));
    }
}

/* In the waiter. Returns what qmon__spawn_receiver does. */
static int start_and_await(struct job *job) {
    struct qmon__spawn_stacks *stacks = job->request.stacks;
    char *const stack_top = stacks->receiver + sizeof stacks->receiver;
    if (job->request.loose != NULL && !qmon__on_valgrind()) {
        const unsigned long flags = CLONE_VM | SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
        const long made = qmon__clone_thread(flags, stack_top, run_receiver, job, (int *) &job->request.loose->pid);
        return made < 0 ? (int) made : 0;
    }
    const long receiver = qmon__clone(CLONE_VM | CLONE_VFORK | SIGCHLD, stack_top, run_receiver, job);
    if (receiver < 0)
        return (int) receiver;
    if (job->request.manner == QMON__SPAWN_DETACHED) {
        int status; /* it is a zombie already if the exec failed */
        long done = qmon__sys_4(SYS_wait4, receiver, &status, __WALL | WNOHANG, NULL);
        return done == receiver && WIFEXITED(status) && WEXITSTATUS(status) == EXEC_FAILED ? -ENOENT : 0;
    }
    const int result = wait_for_receiver((int) receiver, job->request.wait_ms);
    return result == EXEC_FAILED ? -ENOENT : result;
}

static int run_waiter(void *argument) {
    struct job *job = argument;
    const struct qmon__kernel_action action = {.handler = (void *) SIG_DFL};
    const qmon__sigset all = ALL_SIGNALS; /* a fault here must not run the host's handlers on its memory */
    qmon__sigprocmask(SIG_SETMASK, &all, NULL);
    qmon__sigaction(SIGCHLD, &action, NULL);
    if (job->request.loose != NULL) { /* what must be so when the caller goes on, in the receiver too */
        close_descriptors(keeps_stderr());
        qmon__sys(SYS_setsid);
    } else {
        qmon__sys_2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    }
    job->result = start_and_await(job);
    qmon__unsilence_valgrind(); /* its own copy of the caller's wish, which it would be told of at its end */
    if (qmon__on_valgrind()) /* makes a process of its own of this, and would have libc write out what the program has buffered */
        qmon__sys_2(SYS_kill, qmon__getpid(), SIGKILL);
    return 0;
}

/* The filters are asked about calls that are not made through sys.h; and about what the receiver cannot do without. */
static bool is_forbidden(void) {
    static const long needed[] = {SYS_execve, SYS_openat, SYS_mmap, SYS_mprotect, SYS_close, SYS_wait4};
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
    _Static_assert(sizeof(struct job) <= sizeof request->stacks->job, "the job outgrew its place");
    struct job *const job = (struct job *) request->stacks->job; /* a loose receiver reads it later */
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

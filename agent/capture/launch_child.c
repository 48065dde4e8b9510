#include "launch_job.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "agent.h"
#include "record_file.h"
#include "settings.h"
#include "signals.h"
#include "text.h"

const char *qmon__job_record_path(const struct qmon__job *job) {
    return job->request.guest != NULL ? job->request.guest->path : qmon__agent.record_path;
}

static bool is_the_record(const struct qmon__job *job, const struct stat *status) {
    const struct qmon__record_place *guest = job->request.guest;
    return status->st_ino == (guest != NULL ? guest->inode : qmon__agent.record_inode) &&
           status->st_dev == (guest != NULL ? guest->device : qmon__agent.record_device);
}

/* The record as a descriptor of this process: its file, or a copy where that cannot be reached (no file, chroot, other
 * credentials). */
static int open_record(struct qmon__job *job) {
    struct stat status;
    const char *path = qmon__job_record_path(job);
    if (path[0] != '\0') {
        int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW, 0);
        if (fd >= 0 && qmon__sys_4(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH) == 0 && is_the_record(job, &status))
            return fd;
        if (fd >= 0)
            qmon__sys_1(SYS_close, fd);
    }
    qmon__copy_text(job->record, sizeof job->record, "--record=");
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

#define ENOUGH_FILES 1024u

static void widen_limits(void) {
    static const int which[] = {RLIMIT_AS,  RLIMIT_DATA,  RLIMIT_FSIZE, RLIMIT_NOFILE,
                                RLIMIT_CPU, RLIMIT_NPROC, RLIMIT_STACK};
    for (size_t i = 0; i < sizeof which / sizeof which[0]; i++) {
        const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}, files = {ENOUGH_FILES, ENOUGH_FILES};
        struct rlimit limit;
        const bool known = qmon__sys_4(SYS_prlimit64, 0, which[i], NULL, &limit) == 0;
        if (known && limit.rlim_cur == RLIM_INFINITY && limit.rlim_max == RLIM_INFINITY)
            continue;
        const struct rlimit *more = which[i] != RLIMIT_NOFILE ? &all : NULL;
        if (which[i] == RLIMIT_NOFILE && known && limit.rlim_max < ENOUGH_FILES)
            more = &files;
        if (more != NULL && qmon__sys_4(SYS_prlimit64, 0, which[i], more, NULL) == 0)
            continue; /* with CAP_SYS_RESOURCE */
        if (known && limit.rlim_cur != limit.rlim_max) {
            limit.rlim_cur = limit.rlim_max;
            if (which[i] != RLIMIT_NOFILE || limit.rlim_max <= 65536)
                qmon__sys_4(SYS_prlimit64, 0, which[i], &limit, NULL);
        }
    }
    const struct rlimit no_core = {1, 1}; /* less than any core, and "none" to a pipe, which 0 is not (core(5)) */
    qmon__sys_4(SYS_prlimit64, 0, RLIMIT_CORE, &no_core, NULL);
}

/* Standard error is the host's where events are told there. A pipe is kept only where that is asked for: whoever reads it waits for
 * us too. */
static bool keeps_stderr(void) {
    struct stat status;
    if (qmon__settings.keep_stderr)
        return qmon__sys_2(SYS_fcntl, 2, F_GETFD) >= 0;
    return qmon__settings.keep_stderr_file && qmon__sys_4(SYS_newfstatat, 2, "", &status, AT_EMPTY_PATH) == 0 &&
           S_ISREG(status.st_mode);
}

static void close_range_of(unsigned first, unsigned last) {
    if (first > last || qmon__sys_3(SYS_close_range, first, last, 0) == 0)
        return;
    for (unsigned fd = first; fd <= last && fd < 4096; fd++)
        qmon__sys_1(SYS_close, (int) fd);
}

static void close_but(bool keep_stderr, int kept) {
    const unsigned first = keep_stderr ? 3 : 0;
    if (keep_stderr)
        close_range_of(0, 1);
    if (kept < 0) {
        close_range_of(first, ~0u);
        return;
    }
    close_range_of(first, (unsigned) kept - 1);
    close_range_of((unsigned) kept + 1, ~0u);
}

void qmon__job_close_descriptors(void) {
    close_but(keeps_stderr(), -1);
}

/* The end of the pipe by which the waiter is told to go is moved out of the way of the rest. */
static int take_release(const struct qmon__job *job) {
    if (job->release < 0)
        return -1;
    const bool there = job->release == QMON__RELEASE_FD;
    return there || qmon__sys_3(SYS_dup3, job->release, QMON__RELEASE_FD, 0) >= 0 ? QMON__RELEASE_FD : -1;
}

/* Closes the host's descriptors (this process has a table of its own), then: /dev/null on 0 to 2, the record on 3. The order
 * makes it work where the host has used up its limit. */
static bool arrange_descriptors(struct qmon__job *job) {
    const bool keep_stderr = keeps_stderr();
    close_but(keep_stderr, take_release(job));
    if (qmon__sys_4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0) != 0 &&
        qmon__sys_2(SYS_memfd_create, "qmon-null", 0) != 0)
        return false;
    qmon__sys_3(SYS_dup3, 0, 1, 0);
    if (!keep_stderr)
        qmon__sys_3(SYS_dup3, 0, 2, 0);
    return open_record(job) == 3;
}

static void note_failure(const struct qmon__job *job) {
    if (job->request.loose != NULL)
        atomic_store_explicit(&job->request.loose->failed, true, memory_order_relaxed);
}

int qmon__job_run_receiver(void *argument) {
    struct qmon__job *job = argument;
    widen_limits();
    if (!arrange_descriptors(job)) {
        note_failure(job);
        return QMON__EXEC_FAILED;
    }
    qmon__sys(SYS_setsid);
    qmon__sys_1(SYS_umask, 077);
    qmon__sys_1(SYS_chdir, "/");
    if (job->copied)
        note_failure(job);
    for (unsigned i = 0; i < 2; i++)
        qmon__sys_3(SYS_execve, job->executable[i], job->arguments, qmon__settings.forward);
    note_failure(job);
    return QMON__EXEC_FAILED;
}

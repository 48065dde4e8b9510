#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "moment.h"
#include "process_memory.h"
#include "procfs.h"
#include "threads.h"

#define STOP_WAIT_MS 200u /* for one thread: one that sleeps uninterruptibly does not stop */

static void look_at(uint32_t pid, struct qmon__stopped *thread) {
    char path[64], text[64];
    struct qmon__proc_stat stat;
    snprintf(path, sizeof path, "task/%d/stat", thread->tid);
    char line[1024];
    if (qmon__proc_read(pid, path, line, sizeof line) > 0 && qmon__proc_parse_stat(line, &stat) == 0)
        thread->state = stat.state;
    snprintf(path, sizeof path, "task/%d/comm", thread->tid);
    if (qmon__proc_read(pid, path, text, sizeof text) > 0)
        snprintf(thread->name, sizeof thread->name, "%.*s", (int) strcspn(text, "\n"), text);
}

static size_t list_threads(uint32_t pid, uint32_t except_tid, struct qmon__stopped *ret_threads, size_t limit,
                           size_t *ret_total) {
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%u/task", pid);
    DIR *directory = opendir(path);
    *ret_total = 0;
    if (directory == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        const long tid = isdigit((unsigned char) entry->d_name[0]) ? strtol(entry->d_name, NULL, 10) : 0;
        if (tid <= 0 || tid == (long) except_tid)
            continue;
        ++*ret_total;
        if (count < limit)
            ret_threads[count++] = (struct qmon__stopped){.tid = (pid_t) tid, .state = '?'};
    }
    closedir(directory);
    return count;
}

/* Waits for the stop that was asked for. */
static int await_stop(pid_t tid, uint64_t until_ms) {
    const uint64_t own_end = qmon_monotonic_ms() + STOP_WAIT_MS;
    const uint64_t end = own_end < until_ms ? own_end : until_ms;
    for (unsigned tries = 0;; tries++) {
        int status;
        const pid_t done = waitpid(tid, &status, __WALL | WNOHANG);
        if (done == tid && WIFSTOPPED(status))
            return 0;
        if (done < 0 || (done == tid && !WIFSTOPPED(status)))
            return ESRCH;
        if (qmon_monotonic_ms() >= end)
            return ETIMEDOUT;
        qmon__pause_us(tries < 20 ? 20 : 500);
    }
}

size_t qmon__stop_threads(uint32_t pid, uint32_t except_tid, struct qmon__stopped *ret_threads, size_t limit,
                          uint64_t until_ms, size_t *ret_total) {
    const size_t count = list_threads(pid, except_tid, ret_threads, limit, ret_total);
    int refused = qmon__memory_may_stop() ? 0 : EPERM; /* one, and so the others */
    for (size_t i = 0; i < count; i++) {
        struct qmon__stopped *thread = &ret_threads[i];
        look_at(pid, thread);
        if (qmon_monotonic_ms() >= until_ms)
            thread->error = ETIMEDOUT;
        else if (refused != 0)
            thread->error = refused;
        else if (ptrace(PTRACE_SEIZE, thread->tid, NULL, NULL) != 0 ||
                 ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL) != 0)
            thread->error = errno;
        if (thread->error == EPERM || thread->error == ENOSYS)
            refused = thread->error;
    }
    for (size_t i = 0; i < count; i++)
        if (ret_threads[i].error == 0)
            ret_threads[i].error = await_stop(ret_threads[i].tid, until_ms);
    return count;
}

void qmon__release_threads(const struct qmon__stopped *threads, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (threads[i].error == 0)
            ptrace(PTRACE_DETACH, threads[i].tid, NULL, NULL);
}

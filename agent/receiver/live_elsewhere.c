/*
 * A process in a pid namespace that is not ours: what the processes that we can see tell about it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/paths.h>

#include "live.h"
#include "procfs.h"

#define PROCESSES_LOOKED_AT 20000u

/* The process's number in its own, innermost namespace, and how many namespaces it has numbers in, ours included; 0
 * unknown. */
static uint32_t innermost_pid(uint32_t pid, unsigned *ret_depth) {
    char text[4096];
    *ret_depth = 0;
    if (qmon__proc_read(pid, "status", text, sizeof text) < 0)
        return 0;
    const char *line = strstr(text, "\nNSpid:");
    if (line == NULL)
        return 0;
    line += strlen("\nNSpid:");
    uint32_t last = 0;
    while (*line == '\t' || *line == ' ' || isdigit((unsigned char) *line)) {
        char *end;
        unsigned long value = strtoul(line, &end, 10);
        if (end == line)
            break;
        last = (uint32_t) value;
        ++*ret_depth;
        line = end;
    }
    return last;
}

static bool is_owner(uint32_t pid, const struct qmon_record_process *process) {
    struct qmon__proc_stat stat;
    unsigned depth;
    if (innermost_pid(pid, &depth) != process->pid || qmon__proc_stat(pid, &stat) < 0)
        return false;
    return stat.start_ticks <= process->created_boot_ns / qmon__tick_ns() + 1 &&
           !(stat.state == 'X' || (stat.state == 'Z' && stat.threads <= 1));
}

/* Says its status, which is there for all where its namespaces are not. */
static bool is_in_our_namespace(uint32_t pid) {
    unsigned depth;
    return innermost_pid(pid, &depth) == pid && depth == 1;
}

/* When this container's /dev was mounted, which its runtime does when it starts it; CLOCK_REALTIME, 0 unknown. */
static uint64_t container_start_ns(void) {
    struct statx root, dev;
    if (statx(AT_FDCWD, "/", 0, STATX_TYPE, &root) < 0 || statx(AT_FDCWD, "/dev", 0, STATX_BTIME, &dev) < 0 ||
        !(dev.stx_mask & STATX_BTIME))
        return 0;
    bool mounted = root.stx_dev_major != dev.stx_dev_major || root.stx_dev_minor != dev.stx_dev_minor;
    return mounted ? (uint64_t) dev.stx_btime.tv_sec * 1000000000u + dev.stx_btime.tv_nsec : 0;
}

/* The record was made on this container's own root file system before the container was started: by a process of an
 * earlier life of the same container. Not so for another pid namespace that somebody made inside this container. */
static bool is_of_an_earlier_life(const struct qmon__record_file *file) {
    const struct qmon_record_process *process = &file->copy->process;
    struct qmon__proc_stat first;
    struct stat root;
    if (qmon__proc_namespace(0, "pid") == QMON_INITIAL_PID_NAMESPACE ||
        process->pid_namespace == QMON_INITIAL_PID_NAMESPACE || qmon__proc_stat(1, &first) < 0)
        return false;
    uint64_t start_ns = container_start_ns();
    return start_ns != 0 && process->created_real_ns + 1000000000u < start_ns && stat("/", &root) == 0 &&
           root.st_dev == file->device && process->created_boot_ns < first.start_ticks * qmon__tick_ns();
}

enum qmon__elsewhere qmon__look_elsewhere(const struct qmon__record_file *file) {
    const struct qmon_record_process *process = &file->copy->process;
    DIR *directory = qmon__proc_is_ours() && process->pid_namespace != 0 ? opendir("/proc") : NULL;
    if (directory == NULL)
        return QMON__ELSEWHERE_UNSURE;

    bool complete = true;
    bool found = false;
    unsigned looked_at = 0;
    const struct dirent *entry;
    while (!found && looked_at < PROCESSES_LOOKED_AT && (entry = readdir(directory)) != NULL) {
        if (!isdigit((unsigned char) entry->d_name[0]))
            continue;
        uint32_t pid = (uint32_t) strtoul(entry->d_name, NULL, 10);
        looked_at++;
        errno = 0;
        uint64_t namespace = qmon__proc_namespace(pid, "pid");
        if (namespace == process->pid_namespace)
            found = is_owner(pid, process);
        else if (namespace == 0 && errno != ENOENT && errno != ESRCH && !is_in_our_namespace(pid))
            complete = false;
    }
    if (looked_at >= PROCESSES_LOOKED_AT)
        complete = false;
    closedir(directory);
    if (found)
        return QMON__ELSEWHERE_ALIVE;
    /* From the initial namespace all others can be seen; from another one only those below it. */
    bool sees_all = complete && geteuid() == 0 && qmon__proc_namespace(0, "pid") == QMON_INITIAL_PID_NAMESPACE;
    return sees_all || is_of_an_earlier_life(file) ? QMON__ELSEWHERE_GONE : QMON__ELSEWHERE_UNSURE;
}

/*
 * Two witnesses. The kernel's log names the process, where we may read it and see the same process numbers. The control
 * group counts kills, not victims: a count that has grown since the start of a process that then vanished is told as what
 * it is. The group is found again by the inode of its directory, which a dead process's group often is ours, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qmon/paths.h>

#include "moment.h"
#include "oom.h"
#include "procfs.h"

#define LOG_LINES 50000u
#define CLOCK_SLACK_NS 2000000000ull
#define GROUP_ROOT "/sys/fs/cgroup"
#define GROUP_LEVELS 32u
#define NO_LIMIT_BYTES (UINT64_C(1) << 62) /* version 1 says so with a number above */

bool qmon__kmsg_tells_of(const char *line, uint32_t pid, uint64_t *ret_us) {
    unsigned long long time_us;
    if (sscanf(line, "%*u,%*u,%llu,", &time_us) != 1)
        return false;
    const char *killed = strstr(line, "Killed process ");
    if (killed == NULL || strchr(line, ';') == NULL || killed < strchr(line, ';'))
        return false;
    char *end;
    unsigned long victim = strtoul(killed + strlen("Killed process "), &end, 10);
    if (victim != pid || *end != ' ')
        return false;
    *ret_us = time_us;
    return true;
}

/* The kernel's log counts time as CLOCK_MONOTONIC does: without the machine's sleep. */
static uint64_t slept_ns(void) {
    struct timespec awake;
    clock_gettime(CLOCK_MONOTONIC, &awake);
    return qmon_boot_ns() - ((uint64_t) awake.tv_sec * 1000000000u + (uint64_t) awake.tv_nsec);
}

static bool kernel_log_tells(const struct qmon_record_process *process) {
    if (process->pid_namespace != QMON_INITIAL_PID_NAMESPACE)
        return false;
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool found = false;
    char line[8192];
    for (unsigned i = 0; !found && i < LOG_LINES; i++) {
        ssize_t count = read(fd, line, sizeof line - 1);
        if (count < 0 && (errno == EPIPE || errno == EINTR))
            continue; /* overwritten meanwhile: the next one */
        if (count <= 0)
            break;
        line[count] = '\0';
        uint64_t time_us;
        if (qmon__kmsg_tells_of(line, process->pid, &time_us))
            found = time_us * 1000u + slept_ns() + CLOCK_SLACK_NS >= process->created_boot_ns;
    }
    close(fd);
    return found;
}

int64_t qmon__oom_kills_in(const char *text) {
    const char *line = text;
    while (strncmp(line, "oom_kill ", 9) != 0) {
        line = strchr(line, '\n');
        if (line == NULL)
            return -1;
        line++;
    }
    return (int64_t) strtoul(line + 9, NULL, 10);
}

static int64_t read_kills(const char *directory, const char *name) {
    char path[4200], text[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    if (count <= 0)
        return -1;
    text[count] = '\0';
    return qmon__oom_kills_in(text);
}

/* The directory of a process's memory control group: version 2, or the memory hierarchy of version 1. */
static bool group_directory(uint32_t pid, char *ret_path, size_t bytes) {
    char text[8192];
    if (qmon__proc_read(pid, "cgroup", text, sizeof text) <= 0)
        return false;
    bool found = false;
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL && !found; line = strsep(&rest, "\n")) {
        char *controllers = strchr(line, ':');
        char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (path == NULL || strstr(path, "/..") != NULL)
            continue;
        *path++ = '\0';
        struct stat status;
        if (strcmp(controllers + 1, "memory") == 0)
            snprintf(ret_path, bytes, "/sys/fs/cgroup/memory%s", path);
        else if (controllers[1] == '\0')
            snprintf(ret_path, bytes, "/sys/fs/cgroup%s", path);
        else
            continue;
        found = stat(ret_path, &status) == 0;
    }
    return found;
}

static int64_t count_kills(uint32_t pid, uint64_t *ret_group) {
    char directory[4096];
    struct stat status;
    if (!group_directory(pid, directory, sizeof directory) || stat(directory, &status) < 0)
        return -1;
    *ret_group = (uint64_t) status.st_ino;
    int64_t kills = read_kills(directory, "memory.events");
    return kills >= 0 ? kills : read_kills(directory, "memory.oom_control");
}

void qmon__note_control_group(struct qmon__record_file *file, uint32_t live_pid) {
    struct qmon_record_process *process = &file->copy->process;
    uint64_t group = 0;
    int64_t kills = live_pid != 0 && process->oom_kills == 0 ? count_kills(live_pid, &group) : -1;
    if (kills < 0 || kills >= UINT32_MAX)
        return;
    process->oom_kills = (uint32_t) kills + 1;
    process->control_group = group;
    qmon__record_write(file, offsetof(struct qmon_record, process.oom_kills), &process->oom_kills,
                       sizeof process->oom_kills);
    qmon__record_write(file, offsetof(struct qmon_record, process.control_group), &process->control_group,
                       sizeof process->control_group);
}

/* Only a root's start is looked at; its children may be in its control group. */
static void borrow_from_root(struct qmon__record_file *file) {
    struct qmon_record_process *process = &file->copy->process;
    struct qmon__record_file root;
    char name[64];
    snprintf(name, sizeof name, "%08llx-%u", (unsigned long long) process->pid_namespace, process->root_pid);
    if (process->root_pid == process->pid || file->directory < 0 ||
        qmon__record_open_at(&root, file->directory, name) < 0)
        return;
    if (qmon__record_load(&root, QMON__LOAD_HEAD, false) == 0 &&
        root.copy->process.created_boot_ns == process->root_created_boot_ns) {
        process->oom_kills = root.copy->process.oom_kills;
        process->control_group = root.copy->process.control_group;
    }
    qmon__record_close(&root);
}

bool qmon__killed_for_memory(struct qmon__record_file *file, char *ret_text, size_t bytes) {
    const struct qmon_record_process *process = &file->copy->process;
    if (process->oom_kills == 0)
        borrow_from_root(file);
    if (kernel_log_tells(process)) {
        snprintf(ret_text, bytes, "The kernel killed the process because memory ran out: its log names process %u.",
                 process->pid);
        return true;
    }
    uint64_t group = 0;
    int64_t kills = process->oom_kills > 0 ? count_kills(0, &group) : -1;
    int64_t before = (int64_t) process->oom_kills - 1;
    if (kills <= before || group != process->control_group)
        return false;
    snprintf(
        ret_text, bytes,
        "The process was ended by SIGKILL, very likely because memory ran out: the OOM killer has struck %lld time%s in "
        "its control group since the program was started.",
        (long long) (kills - before), kills - before == 1 ? "" : "s");
    return true;
}

/* A number alone in a file; UINT64_MAX where there is none, or "max". */
static uint64_t read_number(const char *directory, const char *name) {
    char path[4200], text[32];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return UINT64_MAX;
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    if (count <= 0 || text[0] < '0' || text[0] > '9')
        return UINT64_MAX;
    text[count] = '\0';
    return strtoull(text, NULL, 10);
}

static uint64_t limit_in(const char *directory) {
    uint64_t limit = read_number(directory, "memory.max");
    return limit != UINT64_MAX ? limit : read_number(directory, "memory.limit_in_bytes");
}

void qmon__group_memory(uint32_t live_pid, uint64_t *ret_used_bytes, uint64_t *ret_limit_bytes) {
    char directory[4096];
    if (!group_directory(live_pid, directory, sizeof directory))
        return;
    uint64_t used = read_number(directory, "memory.current"), limit = UINT64_MAX;
    if (used == UINT64_MAX)
        used = read_number(directory, "memory.usage_in_bytes");
    if (used != UINT64_MAX)
        *ret_used_bytes = used;
    for (unsigned level = 0; level < GROUP_LEVELS && strncmp(directory, GROUP_ROOT "/", sizeof GROUP_ROOT) == 0;
         level++) {
        uint64_t own = limit_in(directory);
        if (own < limit)
            limit = own;
        *strrchr(directory, '/') = '\0';
    }
    if (limit < NO_LIMIT_BYTES)
        *ret_limit_bytes = limit;
}

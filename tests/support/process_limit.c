#include "process_limit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAXIMUM "500"

static bool write_text(const char *directory, const char *name, const char *text) {
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text);
    if (fd >= 0)
        close(fd);
    return done;
}

/* Is "pids" one of the comma-separated words? */
static bool names_pids(const char *controllers) {
    for (const char *at = strstr(controllers, "pids"); at != NULL; at = strstr(at + 1, "pids"))
        if ((at == controllers || at[-1] == ',') && (at[4] == '\0' || at[4] == ','))
            return true;
    return false;
}

/* The directory of our own cgroup that counts processes: a hierarchy of its own in version 1, the only one in version 2. */
static bool own_cgroup(char *ret_path, size_t bytes) {
    char line[PATH_MAX], controllers[256], path[PATH_MAX];
    FILE *file = fopen("/proc/self/cgroup", "re");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%*d:%255[^:]:%4095s", controllers, path) == 2 && names_pids(controllers))
            found = snprintf(ret_path, bytes, "/sys/fs/cgroup/pids%s", path) > 0;
        else if (sscanf(line, "0::%4095s", path) == 1)
            found = snprintf(ret_path, bytes, "/sys/fs/cgroup%s", path) > 0 && access(ret_path, W_OK) == 0;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

void process_limit_make(struct process_limit *ret_limit) {
    static unsigned made;
    char own[PATH_MAX];
    ret_limit->cgroup[0] = '\0';
    if (!own_cgroup(own, sizeof own - 64))
        return;
    snprintf(ret_limit->cgroup, sizeof ret_limit->cgroup, "%.*s/victim-%d-%u", (int) sizeof own - 64, own, getpid(),
             made++);
    if (mkdir(ret_limit->cgroup, 0755) == 0 && write_text(ret_limit->cgroup, "pids.max", MAXIMUM))
        return;
    rmdir(ret_limit->cgroup);
    ret_limit->cgroup[0] = '\0';
}

void process_limit_enter(const struct process_limit *limit) {
    const struct rlimit processes = {4096, 4096};
    if (limit->cgroup[0] == '\0' || !write_text(limit->cgroup, "cgroup.procs", "0"))
        setrlimit(RLIMIT_NPROC, &processes);
}

void process_limit_remove(const struct process_limit *limit) {
    if (limit->cgroup[0] != '\0')
        rmdir(limit->cgroup);
}

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process_memory.h"
#include "procfs.h"
#include "threads.h"

static long status_number(uint32_t pid, const char *name) {
    char text[4096];
    if (qmon__proc_read(pid, "status", text, sizeof text) <= 0)
        return -1;
    const char *at = strstr(text, name);
    return at != NULL ? strtol(at + strlen(name), NULL, 10) : -1;
}

static long yama_scope(void) {
    FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    char text[16] = "";
    if (file == NULL)
        return 0;
    const bool read = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    return read ? strtol(text, NULL, 10) : 0;
}

/* /proc/PID belongs to root where its process is not dumpable. */
static bool is_undumpable(uint32_t pid) {
    char path[32];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%u/status", pid);
    return stat(path, &status) == 0 && status.st_uid == 0 && status_number(pid, "\nUid:") > 0;
}

bool qmon__is_traced(uint32_t pid) {
    return status_number(pid, "\nTracerPid:") > 0;
}

const char *qmon__refusal_reason(uint32_t pid, int error) {
    const long scope = yama_scope();
    if (!qmon__memory_may_stop())
        return "a signal ended who looked, so a system call filter that was there before the process may forbid it";
    if (error == ENOSYS)
        return "this kernel has no ptrace, or a system call filter hides it";
    if (qmon__is_traced(pid))
        return "it has a tracer already (a debugger, strace)";
    if (scope >= 3)
        return "Yama's ptrace_scope is 3, which allows it to nobody";
    if (status_number(0, "\nSeccomp:") == 2)
        return "a system call filter that the process had set, and that we inherited, may forbid it";
    if (geteuid() != 0 && status_number(pid, "\nUid:") != (long) geteuid())
        return "the process belongs to another user";
    if (is_undumpable(pid))
        return "the process is not dumpable (prctl, or an executable that its user may not read)";
    if (scope == 2)
        return "Yama's ptrace_scope is 2, which allows it to administrators alone";
    if (scope == 1)
        return "Yama's ptrace_scope is 1, and the process could not name us";
    return "the rights of the process are not ours, or a security module forbids it";
}

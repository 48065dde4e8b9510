#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "procfs.h"

/* Fields as proc(5) numbers them. */
enum { STAT_PARENT = 4, STAT_SESSION = 6, STAT_THREADS = 20, STAT_START = 22, STAT_EXIT_CODE = 52 };

static void proc_path(uint32_t pid, const char *name, char ret_path[64]) {
    if (pid == 0)
        snprintf(ret_path, 64, "/proc/self/%s", name);
    else
        snprintf(ret_path, 64, "/proc/%u/%s", pid, name);
}

static ssize_t read_up_to(int fd, char *ret_text, size_t bytes) {
    size_t got = 0;
    while (got < bytes) {
        ssize_t count = read(fd, ret_text + got, bytes - got);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return got > 0 ? (ssize_t) got : -errno;
        if (count == 0)
            break;
        got += (size_t) count;
    }
    return (ssize_t) got;
}

ssize_t qmon__proc_read(uint32_t pid, const char *name, char *ret_text, size_t bytes) {
    char path[64];
    proc_path(pid, name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t count = read_up_to(fd, ret_text, bytes - 1);
    close(fd);
    if (count >= 0)
        ret_text[count] = '\0';
    return count;
}

char *qmon__proc_read_all(uint32_t pid, const char *name, size_t limit, size_t *ret_bytes) {
    size_t room = limit < 16384 ? limit : 16384;
    char *text = NULL;
    char path[64];
    proc_path(pid, name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    size_t got = 0;
    for (;;) {
        char *larger = realloc(text, room + 1);
        if (larger == NULL)
            break;
        text = larger;
        ssize_t count = read_up_to(fd, text + got, room - got);
        if (count > 0)
            got += (size_t) count;
        text[got] = '\0';
        if (count <= 0 || got < room || room >= limit)
            break;
        room = room * 2 < limit ? room * 2 : limit;
    }
    close(fd);
    if (text != NULL && got == 0) {
        free(text);
        return NULL;
    }
    *ret_bytes = got;
    return text;
}

ssize_t qmon__proc_link(uint32_t pid, const char *name, char *ret_text, size_t bytes) {
    char path[64];
    proc_path(pid, name, path);
    ssize_t count = readlink(path, ret_text, bytes - 1);
    if (count < 0)
        return -errno;
    ret_text[count] = '\0';
    return count;
}

int qmon__proc_parse_stat(const char *text, struct qmon__proc_stat *ret_stat) {
    const char *at = strrchr(text, ')'); /* a name may hold anything, also ") R 1" */
    if (at == NULL || at[1] != ' ' || at[2] == '\0')
        return -EBADMSG;
    struct qmon__proc_stat stat = {.state = at[2]};
    at += 3;
    unsigned field;
    for (field = 4; field <= STAT_EXIT_CODE && *at == ' '; field++) {
        char *end;
        uint64_t value = strtoull(at, &end, 10);
        if (end == at)
            break;
        at = end;
        if (field == STAT_PARENT)
            stat.parent_pid = (uint32_t) value;
        else if (field == STAT_SESSION)
            stat.session = (uint32_t) value;
        else if (field == STAT_THREADS)
            stat.threads = (uint32_t) value;
        else if (field == STAT_START)
            stat.start_ticks = value;
        else if (field == STAT_EXIT_CODE)
            stat.exit_code = (int) value;
    }
    if (field <= STAT_START)
        return -EBADMSG;
    *ret_stat = stat;
    return 0;
}

int qmon__proc_stat(uint32_t pid, struct qmon__proc_stat *ret_stat) {
    char text[1024];
    ssize_t count = qmon__proc_read(pid, "stat", text, sizeof text);
    return count < 0 ? (int) count : qmon__proc_parse_stat(text, ret_stat);
}

uint64_t qmon__proc_namespace(uint32_t pid, const char *kind) {
    char path[64], name[32];
    snprintf(name, sizeof name, "ns/%s", kind);
    proc_path(pid, name, path);
    struct stat status;
    return stat(path, &status) == 0 ? (uint64_t) status.st_ino : 0;
}

bool qmon__proc_is_ours(void) {
    static int answer;
    if (answer == 0) {
        char target[32] = "";
        answer = readlink("/proc/self", target, sizeof target - 1) > 0 && atol(target) == (long) getpid() ? 1 : -1;
    }
    return answer > 0;
}

uint64_t qmon__tick_ns(void) {
    long per_second = sysconf(_SC_CLK_TCK);
    return 1000000000u / (uint64_t) (per_second > 0 ? per_second : 100);
}

const char *qmon__boot_id(void) {
    static char id[40];
    if (id[0] == '\0') {
        int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            ssize_t count = read_up_to(fd, id, sizeof id - 1);
            close(fd);
            id[count > 0 ? count : 0] = '\0';
            id[strcspn(id, "\n")] = '\0';
        }
    }
    return id;
}

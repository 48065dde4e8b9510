#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <qmon/text.h>

#define MOST_SCRIPTS 4
#define SCRIPT_LINE_BYTES 256

static int check_executable(const char *path) {
    struct stat status;

    if (stat(path, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || access(path, X_OK) < 0)
        return -EACCES;
    return 0;
}

/* As execvp: a name with a slash is a path; others are looked up. A file that may not be run is remembered while the
 * search goes on. */
static int find_program(const char *name, const char *search_path, char *ret_path) {
    int result = -ENOENT;

    if (!*name)
        return -ENOENT;
    if (strchr(name, '/')) {
        if (snprintf(ret_path, PATH_MAX, "%s", name) >= PATH_MAX)
            return -ENAMETOOLONG;
        return check_executable(name);
    }
    for (const char *at = search_path ? search_path : "/bin:/usr/bin";; at++) {
        int length = (int) strcspn(at, ":");
        char path[PATH_MAX];

        if (snprintf(path, sizeof path, "%.*s%s%s", length, at, length ? "/" : "", name) < (int) sizeof path) {
            int r = check_executable(path);
            if (r == 0 || r == -EACCES) {
                memcpy(ret_path, path, strlen(path) + 1);
                result = r;
            }
            if (r == 0)
                return 0;
        }
        at += length;
        if (!*at)
            return result;
    }
}

/* The interpreter that a "#!" line names; for "/usr/bin/env NAME" it is NAME. Returns false when line is none. */
static bool interpreter_of(char *line, char *ret_name, size_t bytes) {
    char *rest = NULL;
    char *word;

    if (strncmp(line, "#!", 2) != 0)
        return false;
    line[strcspn(line, "\n")] = '\0';
    word = strtok_r(line + 2, " \t", &rest);
    if (!word)
        return false;
    if (strlen(word) >= 4 && strcmp(word + strlen(word) - 4, "/env") == 0) {
        char *next;
        while ((next = strtok_r(NULL, " \t", &rest)))
            if (next[0] != '-' && !strchr(next, '='))
                break;
        word = next ? next : word;
    }
    return snprintf(ret_name, bytes, "%s", word) < (int) bytes;
}

static void read_privileges(int fd, const struct stat *status, struct qmon__cli_program *program) {
    program->setuid = status->st_mode & S_ISUID;
    program->setgid = (status->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    program->owner = status->st_uid;
    program->group = status->st_gid;
    program->capabilities = fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* Reads the file at program->path. 1: it is a script, and `ret_name` has its interpreter. */
static int read_program(struct qmon__cli_program *program, char *ret_name, size_t bytes) {
    int fd = open(program->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    struct qmon__cli_bytes source;
    int r;

    if (fd < 0 || fstat(fd, &status) < 0) {
        r = errno;
        if (fd >= 0)
            close(fd);
        program->problem = "it may not be read by this user";
        return r == EACCES ? 0 : -r;
    }
    read_privileges(fd, &status, program);
    source = qmon__cli_bytes_of_file(fd, (uint64_t) status.st_size);
    r = qmon__cli_elf_inspect(&source, &program->elf, &program->problem);
    program->is_elf = r == 0;
    if (r == -ENOEXEC) {
        char line[SCRIPT_LINE_BYTES] = "";
        r = pread(fd, line, sizeof line - 1, 0) > 2 && interpreter_of(line, ret_name, bytes) ? 1 : 0;
    } else {
        r = 0;
    }
    close(fd);
    return r;
}

int qmon__cli_program_inspect(const char *name, const char *search_path, struct qmon__cli_program *ret_program) {
    struct qmon__cli_program program = {0};
    char interpreter[PATH_MAX];
    int r = find_program(name, search_path, program.path);

    for (int depth = 0; r == 0 && depth < MOST_SCRIPTS; depth++) {
        r = read_program(&program, interpreter, sizeof interpreter);
        if (r <= 0)
            break;
        if (!program.script[0])
            memcpy(program.script, program.path, sizeof program.script);
        r = find_program(interpreter, search_path, program.path);
    }
    if (r < 0)
        return r;
    *ret_program = program;
    return 0;
}

const char *qmon__cli_program_obstacle(const struct qmon__cli_program *program, uid_t uid, gid_t gid, char *buffer,
                                       size_t bytes) {
    const struct qmon__cli_elf *elf = &program->elf;
    const char *machine = qmon__cli_elf_machine_name(elf->machine);

    if (program->setuid && program->owner != uid)
        return "is set-user-ID: the loader ignores LD_PRELOAD for it";
    if (program->setgid && program->group != gid)
        return "is set-group-ID: the loader ignores LD_PRELOAD for it";
    if (program->capabilities && uid != 0)
        return "has file capabilities: the loader ignores LD_PRELOAD for it";
    if (!program->is_elf)
        return NULL;
    if (elf->machine != qmon__cli_elf_native_machine() || elf->big_endian || elf->bits != 64) {
        snprintf(buffer, bytes, "is a %u-bit program for %s; this agent is for 64-bit %s", elf->bits,
                 machine ? machine : "another machine", qmon__cli_elf_machine_name(qmon__cli_elf_native_machine()));
        return buffer;
    }
    if (!elf->interpreter[0])
        return elf->go ? "is a statically linked Go program: no loader runs that could load the agent"
                       : "is statically linked: no loader runs that could load the agent";
    if (elf->musl)
        return "is built for musl, and this agent for glibc";
    return NULL;
}

bool qmon__cli_excluded(const struct qmon_config *config, const char *path) {
    for (size_t i = 0; i < config->exclude.count; i++)
        if (fnmatch(config->exclude.items[i], path, 0) == 0 ||
            fnmatch(config->exclude.items[i], qmon_base_name(path), 0) == 0)
            return true;
    return false;
}

int qmon__cli_library(char *ret_path, size_t bytes) {
    static const char *const places[] = {
        "../lib/libqmon.so",
        "libqmon.so",
        "../lib64/libqmon.so",
#if defined(__x86_64__)
        "../lib/x86_64-linux-gnu/libqmon.so",
#else
        "../lib/aarch64-linux-gnu/libqmon.so",
#endif
    };
    char self[PATH_MAX], joined[PATH_MAX + 64], path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    if (length <= 0)
        return -ENOENT;
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(joined, sizeof joined, "%s/%s", self, places[i]);
        if (realpath(joined, path) && strlen(path) < bytes) {
            memcpy(ret_path, path, strlen(path) + 1);
            return 0;
        }
    }
    return -ENOENT;
}

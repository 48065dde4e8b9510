/*
 * program.h: a program as a person names it, and whether the agent can be loaded into it.
 */
#ifndef QMON_CLI_PROGRAM_H
#define QMON_CLI_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <qmon/config.h>

#include "elf_facts.h"

struct qmon__cli_program {
    char path[PATH_MAX];   /* the ELF file that would run: a script's interpreter, not the script */
    char script[PATH_MAX]; /* the script; empty when the program is none */
    bool is_elf;           /* else no line of `elf` is filled */
    struct qmon__cli_elf elf;
    bool setuid, setgid, capabilities;
    uid_t owner;
    gid_t group;
    const char *problem; /* static: why the file could not be read to its end; NULL none */
};

/* Looks up `name` as execvp does, in `search_path` (the value of PATH; NULL: the system's default), follows "#!" lines and
 * "env" in them, and reads what it finds. 0, or a negative errno: -ENOENT, -EACCES (there, but not executable), ... */
int qmon__cli_program_inspect(const char *name, const char *search_path, struct qmon__cli_program *ret_program);

/* Why the agent cannot be loaded when user `uid` of group `gid` starts the program, as the end of a sentence that begins with the program's
 * name: "is statically linked". NULL: nothing is known to be in the way. The text is static or in `buffer`. */
const char *qmon__cli_program_obstacle(const struct qmon__cli_program *program, uid_t uid, gid_t gid, char *buffer,
                                       size_t bytes);

/* Does QMON_EXCLUDE name this executable, by path or base name? */
bool qmon__cli_excluded(const struct qmon_config *config, const char *path);

/* The path of libqmon.so that belongs to this executable: in ../lib (or its siblings), or beside it. 0, or -ENOENT. */
int qmon__cli_library(char *ret_path, size_t bytes);

#endif

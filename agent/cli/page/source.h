/*
 * source.h: the lines of a source file around one of them. The path comes from a program's debug information and the file
 * may be anything: only regular files are read, up to QMON_SOURCE_BYTES, and what is shown is made safe for a terminal.
 */
#ifndef QMON_CLI_SOURCE_H
#define QMON_CLI_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "terminal.h"

#define QMON_SOURCE_BYTES (16u * 1024u * 1024u)
#define QMON_SOURCE_LINE_BYTES 400u
#define QMON_SOURCE_AROUND 3u

struct qmon__cli_source {
    FILE *file;
    struct timespec modified;
};

/* Opens the file for reading: `path`, or below `directory` when it is relative (directory may be NULL). 0, or a negative
 * errno: -EFBIG too large, -ENOENT, -EINVAL not a regular file. */
int qmon__cli_source_open(const char *path, const char *directory, struct qmon__cli_source *ret_source);
void qmon__cli_source_close(struct qmon__cli_source *source);

/* Prints up to QMON_SOURCE_AROUND lines before and after `line` (from 1), which is marked. Returns false, with nothing
 * printed, when the file has no such line. To be called once for an opened file. */
bool qmon__cli_source_print(FILE *out, const struct qmon__cli_style *style, struct qmon__cli_source *source,
                            uint32_t line);

#endif

/*
 * scratch.h: a directory of a test's own, below $TMPDIR or /tmp, and files in it.
 */
#ifndef QMON_TEST_SCRATCH_H
#define QMON_TEST_SCRATCH_H

#include <stddef.h>

#define SCRATCH_BYTES 128

struct scratch {
    char path[SCRATCH_BYTES];
};

/* Made with mode 0700; fails the test where that cannot be done. */
struct scratch scratch_make(void);
/* With everything in it. */
void scratch_remove(const struct scratch *scratch);

/* "DIRECTORY/name"; one of eight buffers in turn. */
const char *scratch_path(const struct scratch *scratch, const char *name);
/* Writes a file and returns its path, as scratch_path. */
const char *scratch_write(const struct scratch *scratch, const char *name, const char *text);
/* The text of a file, to be freed; NULL where it cannot be read. */
char *scratch_read(const char *path);

#endif

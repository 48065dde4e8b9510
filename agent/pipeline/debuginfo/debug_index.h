/* debug_index.h: the ELF files below a directory that somebody names, by build id: programs, libraries, debug files. */
#ifndef QMON_PIPELINE_DEBUG_INDEX_H
#define QMON_PIPELINE_DEBUG_INDEX_H

#include "binary.h"

struct qmon__debug_index;

/* Looks through the directory, whatever its layout: at most 20,000 files, eight levels deep. Links to directories are not
 * followed. NULL: it cannot be opened (errno), or out of memory. */
struct qmon__debug_index *qmon__debug_index_open(const char *directory);
void qmon__debug_index_close(struct qmon__debug_index *index);         /* NULL is fine */
size_t qmon__debug_index_count(const struct qmon__debug_index *index); /* ELF files found */
bool qmon__debug_index_is_cut(const struct qmon__debug_index *index);  /* there was more than it may look at */

/* Gives a binary what the index has of it: the file itself where it has none, and its debug information. Only files with the
 * build id that is wanted count; a module without one is found by its name. Returns whether there was anything. */
bool qmon__debug_index_fill(const struct qmon__debug_index *index, struct qmon__binary *binary);

#endif
